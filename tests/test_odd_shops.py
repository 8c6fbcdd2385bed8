"""Shops that lack something or have too much of it: every page shows them, says what is missing, and hides no zeros."""

import csv
import json
import random
import re
import warnings
from dataclasses import replace

import pytest
from odd_shop import filled

from shopboard.ask import open_shop
from shopboard.dashboard import Dashboard
from shopboard.database import COLUMNS
from shopboard.style import TAKEN

from small_shop import design

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
                None,
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
    "sixty regions": {
        "customers": lambda _: [(n, f"Name {n}", None, f"Region {n}", "2025-01-01", None) for n in range(1, 61)],
        "orders": lambda rows: [(row[0], 1 + row[0] % 60, *row[2:]) for row in rows],
    },
    "huge": {
        "products": lambda rows: [(*row[:3], 1e12, 10**12, row[5]) for row in rows],
        "orders": lambda rows: [(*row[:4], 2 * 10**9, 1e15, *row[6:]) for row in rows],
    },
    "nothing completed": with_column("orders", 6, "Pending"),
    "no prices": with_column("products", 3, None),
    "all for nothing": with_column("products", 3, 0.0) | with_column("orders", 5, 0.0),
    "hostile": hostile,
    "names that JavaScript has": {
        "products": lambda rows: [(*row[:2], sorted(TAKEN)[row[0] % len(TAKEN)], *row[3:]) for row in rows]
    },
}


@pytest.fixture(scope="module")
def pages(story):
    return [story.OVERVIEW, story.CUSTOMERS, story.PRODUCTS, story.INVENTORY_PAGE, story.DATA_PAGE]


@pytest.fixture
def opened(story, pages, make_settings, tmp_path):
    """A function that opens the page of one of SHOPS."""
    boards = []

    def opened(name):
        rows, change = ordinary(), SHOPS[name]
        rows = change(rows) if callable(change) else rows | {table: edit(rows[table]) for table, edit in change.items()}
        settings = make_settings(database=str(tmp_path / "shop.db"), exports=str(tmp_path))
        boards.append(Dashboard(open_shop(settings, filled(design(story), rows)), pages))
        return boards[-1]

    yield opened
    for board in boards:
        board.close()
        board.shop.close()


def shown(board, page):
    """Show a page, and check that no card failed."""
    board.navigation.value = page
    failed = [(card["id"], card["message"]) for card in board.board.cards if card["state"] == "failed"]
    assert failed == []
    json.dumps(board.board.cards, allow_nan=False)
    return board.board.cards


def without_keys(figure):
    """Return what is drawn of a figure: all but the names that a click tells."""
    traces = [{name: value for name, value in trace.items() if name != "customdata"} for trace in figure["data"]]
    return {**figure, "data": traces}


@pytest.mark.parametrize("name", SHOPS)
def test_every_page_shows_every_shop(opened, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)
        board = opened(name)
        whole = board.shop.everything()
        for selection in (
            whole,
            replace(whole, regions=whole.regions[:1]),
            replace(whole, categories=whole.categories[-1:], start=whole.end),
        ):
            board.go(selection=selection)
            for page in board.pages:
                cards = shown(board, page)
                assert "shop-alert" not in board.status.value, (page, selection)
                said = board.header.value + board.status.value
                assert "<img" not in said
                figures = [card["figure"] for card in cards if "figure" in card]
                assert "<img" not in json.dumps([without_keys(figure) for figure in figures])
                assert not any("<img" in card.get("html", "") for card in cards)
                texts = [tile["value"] for card in cards for tile in card.get("tiles", [])]
                assert not [text for text in texts if re.search(r"\bnan\b|\binf\b", text)]
                for card in cards if selection == whole else ():
                    for what in ("sql", "rows", "csv"):
                        assert board._heard({"card": card["id"], "event": "ask", "what": what})
        board.go(selection=replace(whole, categories=()))
        for page in board.pages:
            shown(board, page)
            assert "Choose at least one category" in board.status.value


def points(card):
    """Return the first and the last point of a chart as the board tells them."""
    traces = card["figure"]["data"]
    trace = next((one for one in traces if one.get("customdata")), traces[0])
    keys = trace.get("customdata") or [None] * len(trace["x"])  # the board hands on no key where there is none
    if trace["type"] == "heatmap":
        keys = [cell for row in keys for cell in row]
    return [{"customdata": keys[place], "x": trace["x"][place]} for place in (0, -1)]


@pytest.mark.parametrize("name", ["two order rows", "many categories", "hostile"])
def test_a_click_at_any_point_leads_to_what_it_shows(opened, name):
    board = opened(name)
    _whole, seen = board.shop.everything(), 0
    for page in list(board.pages):
        board.show(replace(board.first(), page=page))
        for card in [card for card in board.board.cards if card.get("clicks") and "figure" in card]:
            for point in points(card):
                board.show(replace(board.first(), page=page))
                board._heard({"card": card["id"], "event": "click", "point": point})
                assert "shop-alert" not in board.status.value, (card["id"], point, board.status.value)
                seen += 1
                selection, parameters = board.filters.value, board.parameters
                assert selection.problem() == ""
                if board.navigation.value == "Customers":
                    listed = "customers-customer" if parameters["customer"] else "customers-all-customers"
                    states = ("ready",) if parameters["customer"] else ("ready", "empty")  # a group may hold nobody
                    assert any(one["id"] == listed and one["state"] in states for one in board.board.cards)
                elif parameters["product"]:
                    (facts,) = [one for one in board.board.cards if one["id"] == "products-product"]
                    assert f"(no. {parameters['product']})" in facts["subtitle"]
                else:
                    chosen = set(selection.regions) | set(selection.categories) | {selection.start, selection.end}
                    named = point["customdata"] if isinstance(point["customdata"], list) else [point["customdata"]]
                    assert not any(named) or {one for one in named if one} & chosen  # a total of totals names nothing
    assert seen >= 6


# ------------------------------------------------------------------ what is missing is said


def words(board, page):
    """Return all that a page says in its cards and its status line."""
    return json.dumps(shown(board, page), ensure_ascii=False) + board.status.value


def tile(board, page, measure):
    tiles = [tile for card in shown(board, page) for tile in card.get("tiles", [])]
    return next(tile["value"] for tile in tiles if tile["name"] == measure)


@pytest.mark.parametrize(
    ("name", "page", "said"),
    [
        ("no stock", "Inventory", "tells no stock"),
        ("no stock", "Inventory", "No product is both in stock and sold lately"),
        ("no reviews", "Products", "Nobody wrote a review in this selection"),
        ("no reviews", "Overview", "No product here has both a sale and a review"),
        ("no suppliers", "Inventory", "(unknown)"),
        ("no names", "Overview", "Customer 1"),
        ("no names", "Inventory", "Product 8"),
        ("only guests", "Customers", "names its customer"),
        ("only guests", "Overview", "No known customer bought anything"),
        ("no regions", "Overview", "(unknown)"),
        ("no categories", "Overview", "(unknown)"),
        ("nothing completed", "Customers", "names its customer"),
        ("nothing completed", "Inventory", "No product whose stock is known has to be ordered now"),
        ("no prices", "Products", "No product here has a price"),
    ],
)
def test_what_is_missing_is_said(opened, name, page, said):
    assert said in words(opened(name), page)


def test_an_ordinary_shop_lacks_nothing(opened):
    board = opened("ordinary")
    said = "".join(words(board, page) for page in list(board.pages)[:4])
    for text in (
        "shop-alert",
        "tells no stock",
        "of this product is not known",
        "Nobody wrote a review",
        "has a price",
        "No known customer",
        "names its customer",
    ):
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
        ("no stock", "Inventory", "out_of_stock"),
        ("no stock", "Inventory", "below_reorder_point"),
        ("no stock", "Inventory", "dead_stock"),
        ("no stock", "Inventory", "overstock"),
    ],
)
def test_what_is_not_known_is_a_dash(opened, name, page, measure):
    assert tile(opened(name), page, measure) == "–"


def test_a_shop_that_does_not_tell_statuses(story, pages, build, open_shop, tmp_path):
    """Made from CSV files without that column, so the notebook has to assume one."""
    source = tmp_path / "source"
    source.mkdir()
    for table, rows in ordinary().items():
        with (source / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            kept = [n for n, column in enumerate(COLUMNS[table]) if column != "status"]
            csv.writer(file).writerows([[row[n] for n in kept] for row in (COLUMNS[table], *rows)])
    shop = open_shop(build(tmp_path, source=str(source)))
    board = Dashboard(shop, pages)
    assert [tile(board, "Overview", name) for name in ("cancelled_share", "returned_share")] == ["–", "–"]
    assert tile(board, "Products", "returned_units_share") == "–"
    assert "does not say which lines were returned" in words(board, "Products")
    for page in board.pages:
        shown(board, page)
        assert "shop-alert" not in board.status.value
    board.close()
    shop.close()
