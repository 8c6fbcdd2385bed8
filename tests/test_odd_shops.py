"""Shops that lack something or have too much of it: every page shows them, says what is missing, and hides no zeros."""

import csv
import random
import re
import sqlite3
import warnings
from contextlib import closing

import pandas as pd
import pytest

HOSTILE = '<img src=x onerror=alert(1)> & "q" \u202e𝔘🎉 %{x} $x$ \n \'; DROP'


def ordinary():
    """Return the rows of a small shop that lacks nothing."""
    chance = random.Random(3)
    day = [f"2025-{1 + n % 6:02}-{1 + n % 28:02}" for n in range(200)]
    statuses = ["Completed"] * 5 + ["Returned", "Cancelled", "Pending"]
    return {
        "customers": [(n, f"Name {n}", None, "EW"[n % 2] * 3, "2025-01-01", "Regular") for n in range(1, 9)],
        "products": [
            (n, f"Thing {n}", ("Books", "Toys", "Pens")[n % 3], 5.0 * n, n * 7 % 11, f"Maker {n % 2}")
            for n in range(1, 11)
        ],
        "orders": [
            (
                n,
                chance.randint(1, 8),
                chance.randint(1, 10),
                day[n],
                chance.randint(1, 3),
                5.0 * chance.randint(1, 9),
                chance.choice(statuses),
                n // 2,
            )
            for n in range(1, 200)
        ],
        "reviews": [
            (n, chance.randint(1, 10), chance.randint(1, 8), chance.randint(1, 5), "Good", day[n]) for n in range(1, 60)
        ],
    }


def with_column(table, place, value):
    """Return a change that puts one value into a column of a table."""
    return {table: lambda rows: [(*row[:place], value, *row[place + 1 :]) for row in rows]}


def hostile(shop):
    return {
        "customers": [(n, HOSTILE, HOSTILE, HOSTILE + str(n % 2), day, HOSTILE) for n, *_, day, _ in shop["customers"]],
        "products": [
            (n, f"{HOSTILE}{n}", f"{HOSTILE}{n % 3}", price, stock, HOSTILE)
            for n, _, _, price, stock, _ in shop["products"]
        ],
        "orders": shop["orders"],
        "reviews": [(*row[:4], HOSTILE, row[5]) for row in shop["reviews"]],
    }


SHOPS = {
    "ordinary": {},
    "no stock": with_column("products", 4, None),
    "no reviews": {"reviews": lambda _: []},
    "no suppliers": with_column("products", 5, None),
    "no names": with_column("customers", 1, None) | with_column("products", 1, None),
    "only guests": {"customers": lambda _: []} | with_column("orders", 1, None) | with_column("reviews", 2, None),
    "no regions": with_column("customers", 3, None),
    "no categories": with_column("products", 2, None),
    "one product": {"products": lambda rows: rows[:1]} | with_column("orders", 2, 1) | with_column("reviews", 1, 1),
    "one day": with_column("orders", 3, "2025-03-03") | with_column("reviews", 5, "2025-03-03"),
    "two order rows": {"orders": lambda rows: rows[:2]},
    "many categories": {
        "products": lambda _: [(n, f"Thing {n}", f"Category {n}", 1.0, n % 5, None) for n in range(1, 301)],
        "orders": lambda rows: [(*row[:2], 1 + row[0] * 37 % 300, *row[3:]) for row in rows],
    },
    "huge": {
        "products": lambda rows: [(*row[:3], 1e12, 10**12, row[5]) for row in rows],
        "orders": lambda rows: [(*row[:4], 2 * 10**9, 1e15, *row[6:]) for row in rows],
    },
    "nothing completed": with_column("orders", 6, "Pending"),
    "no prices": with_column("products", 3, None),
    "all for nothing": with_column("products", 3, 0.0) | with_column("orders", 5, 0.0),
    "hostile": hostile,
}


def make(nb, make_settings, path, name):
    """Make one of SHOPS and return its settings."""
    rows, change = ordinary(), SHOPS[name]
    rows = change(rows) if callable(change) else rows | {table: edit(rows[table]) for table, edit in change.items()}
    with closing(sqlite3.connect(path)) as shop, shop:
        shop.executescript(nb.SCHEMA + nb.VIEW + nb.INDEXES)
        for table in nb.COLUMNS:
            places = ", ".join("?" * len(nb.COLUMNS[table]))
            shop.executemany(f"INSERT INTO {table} VALUES ({places})", rows[table])
    settings = make_settings(database=str(path), exports=str(path.parent), source="own.sqlite")
    nb.summarise(settings)
    return settings


@pytest.fixture
def opened(nb, make_settings, tmp_path):
    """A function that opens the page of one of SHOPS."""
    boards = []

    def opened(name):
        boards.append(nb.Dashboard(make(nb, make_settings, tmp_path / "shop.db", name)))
        return boards[-1]

    yield opened
    for board in boards:
        board.close()


def selections(nb, whole):
    """Yield a narrower selection, and a day of one category."""
    yield nb.replace(whole, regions=whole.regions[:1])
    yield nb.replace(whole, categories=whole.categories[-1:], start=whole.end)


@pytest.mark.parametrize("name", SHOPS)
def test_every_page_shows_every_shop(nb, opened, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)
        board = opened(name)

        def said(what):
            """Check that nothing went wrong at this step."""
            assert "shop-alert" not in board.status.value, (what, board.status.value)

        for page in board.pages:
            board.navigation.value = page
            said(page)
            board.show_behind.value = True
            for _, key in board.item.options:
                board.item.value = key
                for aspect in ("SQL", "Rows", "Table"):
                    board.aspect.value = aspect
                    said((page, key, aspect))
                    assert board.behind.value
                    assert "<img" not in board.behind.value
                if key:
                    board.csv.click()
                    said((page, key))
            board.show_behind.value = False
            shown = board.shown.above.value + board.shown.below.value + board.header.value + board.status.value
            assert "<img" not in shown
            assert "nan" not in re.sub(r"<[^>]*>", " ", shown).split()
        board.dark.value = board.browser.narrow = True
        for filters in selections(nb, board.whole):
            board.select(filters)
            for page in board.pages:
                board.navigation.value = page
                said((page, filters))
        board.select(nb.replace(board.whole, categories=()))
        for page in board.pages:
            board.navigation.value = page
            assert "Choose at least one category" in board.status.value
        board.select(board.whole)
        said("the whole again")
        for page in list(board.pages)[:4]:
            for chart in board.pages[page].figures().values():
                assert "<img" not in chart.to_json()


@pytest.mark.parametrize("name", ["two order rows", "many categories", "hostile"])
def test_a_click_at_any_point_leads_to_what_it_shows(opened, name):
    board = opened(name)
    whole = board.whole
    for page, chart, item in (
        ("Overview", "category_share", "category"),
        ("Overview", "regional_heatmap", "category"),
        ("Overview", "daily_revenue", "day"),
        ("Overview", "top_customers", "customer_id"),
        ("Overview", "sales_rating", "product_id"),
        ("Products", "sales_quadrants", "product_id"),
        ("Products", "price_units", "product_id"),
        ("Products", "most_returned", "product_id"),
        ("Inventory", "stock", "product_id"),
    ):
        board.restore("{}")
        board.navigation.value = page
        trace = board.shown.figures()[chart].data[0]
        if chart == "regional_heatmap":
            points = [{"x": trace.x[0], "y": trace.y[-1]}, {"x": trace.x[-1], "y": trace.y[0]}]
        else:
            count = len(trace.values if chart == "category_share" else trace.x)
            points = [{"point": n} for n in sorted({0, count - 1}) if count]
            points = [{**point, "x": trace.x[point["point"]]} for point in points] if item == "day" else points
        for point in points:
            board.restore("{}")
            board.navigation.value = page
            board.browser.clicked = {"chart": chart, **point, "time": id(point)}
            assert "shop-alert" not in board.status.value, (chart, point, board.status.value)
            if item == "customer_id":
                assert board.navigation.value == "Customers"
                values = board.data.customers.set_index("customer_id")["lifetime_value"]
                assert values[board.customer] == pytest.approx(trace.x[point["point"]])
            elif item == "product_id":
                assert board.navigation.value == "Inventory"
                assert int(board.shown.demand.product["product_id"]) == board.product > 0
                assert plainly(board.shown.demand.product, board.product) in trace.customdata[point["point"]]
            elif item == "day":
                day = board.selection().start
                assert day == board.selection().end == trace.x[point["point"]]
            elif chart == "category_share":
                (category,) = board.selection().categories
                assert escaped(category) == trace.labels[point["point"]]
            else:
                chosen = board.selection()
                for names, known, shown in (
                    (chosen.regions, whole.regions, point["y"]),
                    (chosen.categories, whole.categories, point["x"]),
                ):
                    assert [escaped(one) for one in names] == [shown] or (names == known and "others" in shown)


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plainly(product, key):
    """Return how a product is written in a chart's details."""
    name = f"Product {key}" if pd.isna(product["product_name"]) else product["product_name"]
    return escaped(name)


# ------------------------------------------------------------------ what is missing is said


def words(board, page):
    """Return all that a page says above and below its charts, and in them."""
    board.navigation.value = page
    text = board.shown.above.value + board.shown.below.value + board.status.value
    text += "".join(chart.to_json() for chart in board.shown.figures().values())
    return text


def tile(board, page, measure):
    board.navigation.value = page
    return re.search(rf'data-measure="{measure}" [^>]*><div>[^<]*</div><div[^>]*>([^<]*)<', board.shown.above.value)[1]


@pytest.mark.parametrize(
    ("name", "page", "said"),
    [
        ("no stock", "Inventory", "has no stock"),
        ("no stock", "Inventory", "10 with an unknown stock"),
        ("no stock", "Inventory", "The stock of this product is not known"),
        ("no reviews", "Products", "No review in the selection"),
        ("no reviews", "Overview", "10 products without a review"),
        ("no suppliers", "Inventory", "(unknown): 4 products"),
        ("no names", "Overview", "Customer 1"),
        ("no names", "Inventory", "Product 8"),
        ("only guests", "Customers", "No completed order of this shop names its customer"),
        ("only guests", "Overview", "No known customer bought here"),
        ("no regions", "Overview", "(unknown)"),
        ("no categories", "Overview", "(unknown)"),
        ("nothing completed", "Customers", "No completed order of this shop names its customer"),
        ("nothing completed", "Inventory", "Nothing has to be ordered now"),
        ("no prices", "Products", "10 without a price"),
        ("one day", "Inventory", "nothing to test it on"),
    ],
)
def test_what_is_missing_is_said(opened, name, page, said):
    assert said in words(opened(name), page)


def test_an_ordinary_shop_lacks_nothing(nb, make_settings, tmp_path):
    board = nb.Dashboard(make(nb, make_settings, tmp_path / "shop.db", "ordinary"))
    said = "".join(words(board, page) for page in list(board.pages)[:4])
    for text in (
        "shop-alert",
        "has no stock",
        "of this product is not known",
        "No review",
        "without a price",
        "No known customer",
    ):
        assert text not in said
    board.close()


@pytest.mark.parametrize(
    ("name", "page", "measure"),
    [
        ("no reviews", "Overview", "rating"),
        ("no reviews", "Products", "rating"),
        ("no reviews", "Products", "low_rated_share"),
        ("nothing completed", "Overview", "average_order_value"),
        ("nothing completed", "Products", "returned_units_share"),
        ("no prices", "Inventory", "order_value"),
        ("no prices", "Inventory", "stock_value"),
    ],
)
def test_what_is_not_known_is_a_dash(opened, name, page, measure):
    assert tile(opened(name), page, measure) == "–"


def test_a_shop_that_does_not_tell_statuses(nb, build, tmp_path):
    """Made from CSV files without that column, so the notebook has to assume one."""
    source = tmp_path / "source"
    source.mkdir()
    for table, rows in ordinary().items():
        with (source / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            kept = [n for n, column in enumerate(nb.COLUMNS[table]) if column != "status"]
            csv.writer(file).writerows([[row[n] for n in kept] for row in (nb.COLUMNS[table], *rows)])
    board = nb.Dashboard(build(tmp_path, source=str(source)))
    assert [tile(board, "Overview", name) for name in ("cancelled_share", "returned_share")] == ["–", "–"]
    assert tile(board, "Products", "returned_units_share") == "–"
    assert "does not say which lines were returned" in words(board, "Products")
    for page in board.pages:
        board.navigation.value = page
        assert "shop-alert" not in board.status.value
    board.close()
