"""A made shop of odd cases, small enough to be counted by hand; `filled` makes a shop of any rows."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace

from shopboard.database import COLUMNS, ShopDesign
from shopboard.settings import Settings

CUSTOMERS = (  # id, name, email, region, registered, segment
    (1, "Ada", None, "East", "2024-01-01", "VIP"),
    (2, "Ben", None, "East", "2024-01-01", None),
    (3, "Cem", None, "West", "2024-01-01", "Regular"),
    (4, None, None, "west", "2024-06-01", "Regular"),  # another region, but for its first letter
    (5, "Eve", None, None, "2024-01-01", "Regular"),  # of no known region
    (6, "Flo", None, "East", "2025-12-31", None),  # registers after all orders
    (7, "Gil", None, "North", None, None),  # nobody knows since when; never buys
    (8, "Hal", None, "East", "2024-01-01", None),  # only cancels
)
PRODUCTS = (  # id, name, category, price, stock, supplier
    (1, "Book", "Paper", 10.0, 0, "Acme"),
    (2, "Pen", "Paper", 2.5, 40, "Acme"),
    (3, "Ball", "Toys", None, 5, None),  # of no known price and supplier
    (4, None, None, 3.0, 7, "Zeta"),  # of no known name and category
    (5, "Kite", "Toys", 20.0, None, "Zeta"),  # of no known stock
    (6, "Dust", "Attic", 99.0, 3, None),  # never sold; nor is anything else of its category
    (7, "Yarn", "Paper", 10.0, 12, "Acme"),
)
BASKETS = (  # day, order number, customer, region of the order, status, (product, units, amount)...
    ("2024-12-30", 1, 1, None, "Completed", (1, 1, 10.0), (2, 2, 5.0)),
    ("2024-12-30", 2, 3, "East", "Completed", (5, 1, 20.0)),  # a customer of the West orders to the East
    ("2024-12-31", 1, 1, None, "Completed", (1, 1, 10.0)),  # the number of the day before
    ("2025-01-01", 1, None, None, "Completed", (3, 1, 7.77), (3, 1, 7.77)),  # a guest, one product twice
    ("2025-01-01", 2, None, "North", "Completed", (2, 3, 7.5)),  # a guest whose region is known
    ("2025-01-05", 3, 2, None, "Completed", (1, 2, 20.0), (3, 1, 8.0)),
    ("2025-01-05", 3, 3, None, "Completed", (1, 1, 10.0), (2, 1, 2.5)),  # shares that checkout
    ("2025-01-05", 3, None, None, "Completed", (4, 1, 3.0)),  # and so does a guest
    ("2025-01-31", 4, 1, "West", "Completed", (2, 1, 2.5)),  # one order to two regions
    ("2025-01-31", 4, 1, "East", "Completed", (3, 1, 8.0)),
    ("2025-02-01", 9, 8, None, "Cancelled", (1, 5, 50.0)),
    ("2025-02-28", 5, 4, None, "Completed", (4, 2, 6.0), (2, 4, 10.0)),
    ("2025-02-28", 6, 4, None, "Returned", (2, 4, 10.0)),
    ("2025-03-01", 7, 5, None, "Completed", (5, 1, 0.0)),  # for nothing
    ("2025-03-02", 8, 3, None, "Returned", (1, 2, 20.0)),
    ("2025-03-31", 1, 2, None, "Completed", (7, 1, 10.1), (1, 1, 10.1)),  # ties
    *(
        (f"2025-04-{day:02}", 1, 1 + day % 3, None, "Completed", (1, 1, 10.1), (3, 1, 0.1), (7, 1, 10.1))
        for day in range(1, 8)
    ),
    ("2025-04-08", 2, 2, None, "Completed", (2, 6, 15.0), (2, 1, 2.5)),
    ("2025-04-09", 3, None, None, "Pending", (1, 1, 10.0)),  # today
    ("2025-04-09", 4, 6, None, "Completed", (7, 3, 30.0)),
)
REVIEWS = (  # id, product, customer, stars, text, day
    (1, 1, 1, 5, None, "2025-01-02"),
    (2, 1, 2, 1, "<b>no</b>", "2025-01-05"),  # on the day of the purchase
    (3, 2, None, 3, "ok", "2025-01-31"),
    (4, 4, 4, 4, None, "2025-02-28"),
    (5, 6, 7, 2, "never bought it", "2025-03-15"),
    (6, 1, 3, 2, None, "2025-04-02"),
    (7, 3, 1, 5, None, "2025-05-20"),  # after the last order
    (8, 2, 5, 1, None, "2024-12-01"),  # before the first order
)


def order_rows(baskets: Iterable[tuple]) -> list[tuple]:
    """Return the rows of `orders` of some baskets, as BASKETS has them."""
    lines = (
        (customer, product, day, units, amount, status, number, region)
        for day, number, customer, region, status, *basket in baskets
        for product, units, amount in basket
    )
    return [(key, *line) for key, line in enumerate(lines, 1)]


ODD_SHOP = {"customers": CUSTOMERS, "products": PRODUCTS, "orders": order_rows(BASKETS), "reviews": REVIEWS}


def filled(design: ShopDesign, rows: Mapping[str, Iterable[tuple]] = ODD_SHOP) -> ShopDesign:
    """Return a design whose sample is a shop of these rows, table -> rows; tables that are not named are empty."""

    def fill(connection: sqlite3.Connection, _: Settings) -> None:
        for table, columns in COLUMNS.items():
            places = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows.get(table, ()))
        connection.commit()

    return replace(design, fill_sample=fill, sample_decides=("made by hand",))
