"""Shops that lack something or have too much of it: every page shows them, says what is missing, and hides no zeros."""

import csv
import json
import random
import sqlite3
import warnings
from contextlib import closing
from dataclasses import replace

import pytest
from odd_shop import filled

from shopboard.ask import open_shop
from shopboard.dashboard import Dashboard
from shopboard.database import COLUMNS, connect

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


def make(make_settings, shop_design, path, name):
    """Make one of SHOPS and return it, opened."""
    rows, change = ordinary(), SHOPS[name]
    rows = change(rows) if callable(change) else rows | {table: edit(rows[table]) for table, edit in change.items()}
    rows["orders"] = [(*row, None) for row in rows["orders"]]  # no order has a region of its own
    return open_shop(make_settings(database=str(path), exports=str(path.parent)), filled(shop_design, rows))


@pytest.fixture
def opened(make_settings, shop_design, pages, tmp_path):
    """A function that opens the page of one of SHOPS."""
    boards = []

    def opened(name):
        boards.append(Dashboard(make(make_settings, shop_design, tmp_path / "shop.db", name), pages))
        return boards[-1]

    yield opened
    for board in boards:
        board.close()
        board.shop.close()


def selections(whole):
    """Yield a narrower selection, and a day of one category."""
    yield replace(whole, regions=whole.regions[:1])
    yield replace(whole, categories=whole.categories[-1:], start=whole.end)


def said_well(board, what):
    """Check that nothing went wrong, on the page or in a card."""
    assert "shop-alert" not in board.status.value, (what, board.status.value)
    failed = [card for card in board.board.cards if card["state"] == "failed"]
    assert not failed, (what, failed)


@pytest.mark.parametrize("name", SHOPS)
def test_every_page_shows_every_shop(opened, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)
        board = opened(name)
        whole = board.shop.everything()
        board.go(selection=whole)
        for page in board.pages:
            board.navigation.value = page
            said_well(board, page)
            for card in board.board.cards:
                for what in ("sql", "rows", "csv"):
                    if card["kind"] in ("chart", "table", "tiles"):
                        assert board._heard({"card": card["id"], "event": "ask", "what": what}), (
                            page,
                            card["id"],
                            what,
                        )
                        said_well(board, (page, card["id"], what))
                if card.get("figure"):
                    drawn = [{**trace, "customdata": None} for trace in card["figure"]["data"]]  # a click needs the names
                    assert "<img" not in json.dumps([drawn, card["figure"]["layout"]])
                assert "nan" not in json.dumps(card.get("tiles", [])).lower().split()
            assert "<img" not in board.header.value + board.status.value
        board.dark.value = True
        for filters in selections(whole):
            board.go(selection=filters)
            for page in board.pages:
                board.navigation.value = page
                said_well(board, (page, filters))
        board.go(selection=replace(whole, categories=()))
        for page in board.pages:
            board.navigation.value = page
            assert "Choose at least one category" in board.status.value
        board.go(selection=whole)
        said_well(board, "the whole again")


def points_of(trace):
    """Yield the first and the last point of a trace that names its points, as the board reports a click on them."""
    named = trace.get("customdata") or []
    if named and trace["type"] == "heatmap":
        for row, column in ((0, 0), (-1, -1), (0, -1)):
            yield {"x": trace["x"][column], "y": trace["y"][row], "customdata": named[row][column]}
    else:
        for place in sorted({0, len(named) - 1}) if named else ():
            yield {"x": trace["x"][place], "y": trace["y"][place], "customdata": named[place]}


@pytest.mark.parametrize("name", ["ordinary", "two order rows", "many categories", "hostile"])
def test_a_click_at_any_point_leads_to_what_it_shows(opened, name):
    board = opened(name)
    whole, clicked = board.shop.everything(), 0
    for page in board.pages:
        board.go(page, whole)
        for card in [card for card in board.board.cards if card.get("clicks") and card.get("figure")]:
            for trace in card["figure"]["data"]:
                for point in points_of(trace):
                    board.show(board.first())
                    board.go(page, whole)
                    board._heard({"card": card["id"], "event": "click", "point": point})
                    said_well(board, (page, card["id"], point))
                    here, data = board.filters.value, point["customdata"]
                    data = data if isinstance(data, list) else [data]
                    if board.navigation.value == "Customers":
                        assert board.parameters["customer"] == data[0]
                    elif board.navigation.value == "Inventory" and "customer" not in card["id"]:
                        assert board.parameters["product"] in (data[0], 0)
                    elif any(data):
                        assert (
                            here != whole
                            or len(whole.regions) == len(whole.categories) == 1
                            or whole.start == whole.end
                        )
                    assert set(here.regions) <= set(whole.regions) and set(here.categories) <= set(whole.categories)
                    clicked += 1
    assert clicked > 5


# ------------------------------------------------------------------ what is missing is said


def words(board, page):
    """Return all that a page says."""
    board.go(page, board.shop.everything())
    return board.status.value + json.dumps(board.board.cards, ensure_ascii=False)


def tile(board, page, measure):
    board.go(page, board.shop.everything())
    (found,) = [one for card in board.board.cards for one in card.get("tiles", []) if one["name"] == measure]
    return found["value"]


@pytest.mark.parametrize(
    ("name", "page", "said"),
    [
        ("no stock", "Inventory", "no stock"),
        ("no reviews", "Products", "Nobody wrote a review"),
        ("no suppliers", "Inventory", "(unknown)"),
        ("no names", "Overview", "Customer 1"),
        ("no names", "Inventory", "Product 8"),
        ("only guests", "Customers", "names its customer"),
        ("no regions", "Overview", "(unknown)"),
        ("no categories", "Overview", "(unknown)"),
        ("nothing completed", "Customers", "names its customer"),
        ("no prices", "Products", "No product here has a price"),
    ],
)
def test_what_is_missing_is_said(opened, name, page, said):
    assert said in words(opened(name), page)


def test_an_ordinary_shop_lacks_nothing(opened):
    board = opened("ordinary")
    said = "".join(words(board, page) for page in board.pages)
    for text in ("shop-alert", "Nobody wrote a review", "without a price", "has a price", "names its customer", "No known customer"):
        assert text not in said


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


def test_a_shop_that_does_not_tell_statuses(build, shop_design, pages, tmp_path):
    """Made from CSV files without that column, so the import has to assume one."""
    source = tmp_path / "source"
    source.mkdir()
    for table, rows in ordinary().items():
        with (source / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            names = [name for name in COLUMNS[table] if (table, name) != ("orders", "region")]
            kept = [n for n, column in enumerate(names) if column != "status"]
            csv.writer(file).writerows([[row[n] for n in kept] for row in (names, *rows)])
    with closing(open_shop(build(tmp_path, source=str(source)), shop_design)) as shop:
        board = Dashboard(shop, pages)
        assert [tile(board, "Overview", name) for name in ("cancelled_share", "returned_share")] == ["–", "–"]
        assert tile(board, "Products", "returned_units_share") == "–"
        for page in board.pages:
            board.navigation.value = page
            said_well(board, page)
        board.close()
