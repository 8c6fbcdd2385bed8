"""Every question of the story, in SQLite and DuckDB, against an independent count (reference.py); edges by hand.

The same in PostgreSQL and Spark is test_warehouse.py.
"""

import math
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
import sqlglot
from conftest import METABASE, METABASE_MAPPING, tables
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from odd_shop import ODD_SHOP, filled
from reference import GROUP_NAMES, GROUPS, PLAN, Reference

from shopboard import ask
from shopboard.ask import Filters

PLANS = (
    {},
    {"service_level": 0.5},
    {"lead_time": 0.0, "lead_time_deviation": 0.0, "review_period": 0.0},
    {"pack_size": 12, "lead_time": 45.5, "service_level": 0.999, "demand_days": 90},
    {"demand_days": 1, "review_period": 30.0},
    {"demand_days": 20_000},
)
ENGINES = ("sqlite", "duckdb")
NEED_A_CALENDAR = (
    "DAILY_REVENUE",
    "LOST_BY_MONTH",
    "MONTHLY_REVENUE",
    "NEW_AND_RETURNING",
    "RATINGS_BY_MONTH",
    "SALES_OF_PRODUCT",
    "TRENDS",
    "WEEKDAY_REVENUE",
)
PLANNED = ("INVENTORY", "ORDER_NOW", "ORDER_BY_SUPPLIER", "NEEDS_ATTENTION", "INVENTORY_TILES", "PRODUCT_LIST")
OF_PRODUCT = ("PRODUCT_DEMAND", "SALES_OF_PRODUCT", "BUYERS_OF_PRODUCT", "BOUGHT_WITH", "REVIEWS_OF_PRODUCT")
OF_CUSTOMER = ("ONE_CUSTOMER", "ORDERS_OF_CUSTOMER", "BOUGHT_AGAIN", "CATEGORIES_OF_CUSTOMER")
OWN_PARAMETERS = {
    **dict.fromkeys(PLANNED, PLANS),
    "PRODUCT_LIST": ({"product": 0}, {"product": 2}, {"product": 0, **PLANS[3]}),
    **dict.fromkeys(OF_PRODUCT, ({"product": 1}, {"product": 2})),
    **dict.fromkeys(OF_CUSTOMER, ({"customer": 1}, {"customer": 2})),
    "RFM_SCORES": ({"group": 0, "cohort": 0}, {"group": 1, "cohort": 0}, {"group": 0, "cohort": 12 * 2025 + 1}),
}
HELPERS = ("chosen", "further", "measures", "pairs", "planned", "counted_plan", "dead", "by_day", "customers_as_stored")
QUESTIONS = [
    name.upper() for name, method in vars(Reference).items() if callable(method) and name not in ("__init__", *HELPERS)
]


def questions_of(story):
    """Return the story's questions, name -> SELECT: texts that state their grain, but for the models."""
    texts = {name: text for name, text in vars(story).items() if isinstance(text, str) and name.isupper()}
    return {
        name: text
        for name, text in texts.items()
        if text.lstrip().startswith("-- One row") and text not in story.MODELS.values()
    }


# What was opened is told by its name; the others are counted where they are shown.
UNCOUNTED = {"A_GROUP", "A_COHORT", "A_PRODUCT", "SCHEMA", "TABLE_SIZES", "UNITS", "UNITS_BY_DAY"}


def test_every_question_is_tested(story):
    assert set(questions_of(story)) == set(QUESTIONS) | UNCOUNTED
    assert len(QUESTIONS) >= 30


# ------------------------------------------------------------------ portable words


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_calls_no_function_of_one_engine(story, name):
    texts = [getattr(story, name), *story.STEPS.values()]
    words = {token.text.upper() for text in texts for token in sqlglot.tokenize(text, read="duckdb")}
    assert not words & {"DATE", "STRFTIME", "JULIANDAY", "JSON_EACH", "RECURSIVE", "QUALIFY", "FILTER"}


def test_a_question_begins_with_its_grain(story):
    for name, text in {**{name: getattr(story, name) for name in QUESTIONS}, **story.STEPS}.items():
        lines = text.strip("\n").splitlines()
        assert lines[0].startswith(("-- One row per ", "-- One row: ")), name
        assert lines[0].endswith("."), name


# ------------------------------------------------------------------ shops and engines


def metabase_rows():
    """Return the Metabase shop's rows as those of ours: an order is a line and a checkout, and Completed."""
    if not METABASE.exists():
        pytest.skip("the Metabase shop is not on this machine")
    with closing(sqlite3.connect(METABASE / "metabase_sample.sqlite")) as source:
        found = {table: pd.read_sql_query(sql, source) for table, sql in METABASE_MAPPING.items()}
    orders = found["orders"].dropna(subset=["product_id", "total_amount"])
    orders = orders[(orders["quantity"].fillna(1) > 0) & (orders["total_amount"] >= 0)]
    found["orders"] = orders.assign(
        order_number=orders["order_id"], status="Completed", quantity=orders["quantity"].fillna(1), region=None
    )
    columns = {
        "customers": ["customer_id", "name", "email", "region", "registration_date", None],
        "products": ["product_id", "product_name", "category", "price", None, "supplier"],
        "orders": [
            "order_id",
            "customer_id",
            "product_id",
            "order_date",
            "quantity",
            "total_amount",
            "status",
            "order_number",
            "region",
        ],
        "reviews": ["review_id", "product_id", None, "rating", "review_text", "review_date"],
    }
    rows = {}
    for table, names in columns.items():
        frame = found[table].rename(columns={name: name for name in found[table]}).assign(**{"": None})
        for day in [name for name in frame if str(name).endswith("_date")]:
            frame[day] = frame[day].str[:10]
        frame = frame[[name or "" for name in names]].astype(object)
        rows[table] = frame.where(frame.notna(), None).to_numpy().tolist()
    return rows


@pytest.fixture(scope="session")
def open_rows(shop_design, make_settings):
    """A function that opens a shop of some rows, made anew, in each of the engines asked for."""
    opened = []

    def open_rows(folder, rows=None, engines=("sqlite",)):
        design = shop_design if rows is None else filled(shop_design, rows)
        settings = make_settings(database=str(folder / "shop.db"), exports=str(folder))
        shops = [ask.open_shop(settings, design, engine=engine) for engine in engines]
        opened.extend(shops)
        return shops

    yield open_rows
    for shop in opened:
        shop.close()


@pytest.fixture(scope="session")
def shop_of(open_rows, tmp_path_factory):
    """A function that opens one of the three shops in an engine, once."""
    opened = {}

    def shop_of(name, engine):
        if name not in opened:
            rows = {"sample": lambda: None, "metabase": metabase_rows, "odd": lambda: ODD_SHOP}[name]()
            opened[name] = dict(zip(ENGINES, open_rows(tmp_path_factory.mktemp(name), rows, ENGINES), strict=True))
        return opened[name][engine]

    return shop_of


@pytest.fixture(scope="session")
def reference_of():
    """A function that counts a shop, once for each selection."""
    rows, counted = {}, {}

    def reference_of(shop, selection):
        if shop.path not in rows:
            rows[shop.path] = tables(shop.path)
        if (shop.path, selection) not in counted:
            counted[shop.path, selection] = Reference(rows[shop.path], selection)
        return counted[shop.path, selection]

    return reference_of


def same(answer, expected, what):
    """Compare an answer with what it has to be, row by row; money to far less than a cent."""
    assert list(answer.columns) == list(expected.columns), what
    assert len(answer) == len(expected), what
    for column in answer:
        found, known = answer[column].tolist(), expected[column].tolist()
        if any(isinstance(value, str) for value in known):
            assert [None if pd.isna(value) else value for value in found] == [
                None if pd.isna(value) else value for value in known
            ], (what, column)
        else:
            numbers = [math.nan if pd.isna(value) else float(value) for value in known]
            got = [math.nan if pd.isna(value) else float(value) for value in found]
            assert got == pytest.approx(numbers, rel=1e-9, abs=1e-6, nan_ok=True), (what, column)


def check(story, shop, reference, name, plans=PLANS):
    """Compare the answer to one question, for each set of its own parameters."""
    for own in OWN_PARAMETERS.get(name, ({},)):
        if name in PLANNED and {key: value for key, value in own.items() if key != "product"} not in plans:
            continue
        parameters = story.planning(**own) if name in PLANNED else own
        answer = shop.ask(getattr(story, name), reference.selection, **parameters)
        same(answer, getattr(reference, name.lower())(**own), (name, own, reference.selection))


SHOPS = ("sample", "metabase", "odd")


LONGEST = ("CUSTOMER_TILES", "NEW_AND_RETURNING")  # where models are views: they read `first_orders` for each line


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("shop_name", SHOPS)
@pytest.mark.parametrize("engine", ENGINES)
def test_the_whole_shop(story, shop_of, reference_of, engine, shop_name, name):
    if (engine, shop_name) == ("sqlite", "metabase") and name in LONGEST:
        pytest.skip("it takes a quarter of a minute; SQLite is asked it of the two other shops")
    shop = shop_of(shop_name, engine)
    plans = PLANS if engine == "duckdb" or shop_name == "odd" else PLANS[:1]
    check(story, shop, reference_of(shop, shop.everything()), name, plans)


def narrowed(shop, kind):
    """Return a narrower selection, or one that is looked at otherwise."""
    whole, segments, suppliers = shop.everything(), shop.facts.segments, shop.facts.suppliers
    last = date.fromisoformat(whole.end)

    def ago(days):
        return max(whole.start, (last - timedelta(days=days)).isoformat())

    return {
        "one region": replace(whole, regions=whole.regions[1:2]),
        "some categories": replace(whole, categories=whole.categories[::3]),
        "earlier days": replace(whole, start=ago(150), end=ago(40)),
        "one day": replace(whole, start=whole.end),
        "days within a month": replace(whole, start=f"{whole.end[:8]}05", end=f"{whole.end[:8]}09"),
        "a whole month": replace(whole, start="2025-02-01", end="2025-02-28", regions=whole.regions[:2]),
        "nothing chosen": replace(whole, regions=(), categories=()),
        "long ago": replace(whole, start="1990-01-01", end="1990-01-07"),
        "no such region": replace(whole, regions=("Nowhere",)),
        "some segments": replace(whole, segments=segments[:1], start=ago(300)),
        "some suppliers": replace(
            whole, suppliers=suppliers[:2], regions=whole.regions[:2], statuses=("Returned", "Pending")
        ),
        "both, by week": replace(
            whole, segments=segments[-1:], suppliers=suppliers[1:], start=ago(50), interval="week"
        ),
        "by month": replace(whole, start=ago(100), end=ago(3), interval="month"),
        "earlier, by month": replace(whole, start=ago(40), interval="month").before(),
        "earlier, by week": replace(whole, start=ago(20), end=ago(2), interval="week").before(),
        "a year before, by week": replace(whole, start=ago(80), interval="week", against="year").before(),
        "a year before, by month": replace(whole, start=ago(99), interval="month", against="year").before(),
    }[kind]


KINDS = (
    "one region",
    "some categories",
    "earlier days",
    "one day",
    "days within a month",
    "a whole month",
    "nothing chosen",
    "long ago",
    "no such region",
    "some segments",
    "some suppliers",
    "both, by week",
    "by month",
    "earlier, by month",
    "earlier, by week",
    "a year before, by week",
    "a year before, by month",
)
WRITTEN_OUT = ("OVERALL", "BUYERS_RATINGS")  # their regions, categories and days, and nothing else


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shop_name", SHOPS)
@pytest.mark.parametrize("engine", ENGINES)
def test_narrower_selections(story, shop_of, reference_of, engine, shop_name, kind):
    if engine == "sqlite" and shop_name != "odd" and kind not in ("one region", "nothing chosen"):
        pytest.skip("in SQLite the models are views, and so many orders take their time")
    shop = shop_of(shop_name, engine)
    selection = narrowed(shop, kind)
    reference = reference_of(shop, selection)
    further = selection.segments or selection.suppliers
    for name in [name for name in QUESTIONS if not (further and name in WRITTEN_OUT)]:
        check(story, shop, reference, name, plans=[{}])


@st.composite
def selections(draw, whole):
    """Draw a selection: some regions, some categories, any range of the shop's days."""
    first = date.fromisoformat(whole.start)
    length = (date.fromisoformat(whole.end) - first).days
    one, other = sorted((draw(st.integers(0, length)), draw(st.integers(0, length))))
    return Filters(
        regions=tuple(draw(st.lists(st.sampled_from(whole.regions), min_size=1, unique=True))),
        categories=tuple(draw(st.lists(st.sampled_from(whole.categories), min_size=1, unique=True))),
        start=(first + timedelta(days=one)).isoformat(),
        end=(first + timedelta(days=other)).isoformat(),
        interval=draw(st.sampled_from(["day", "week", "month"])),
    )


@pytest.mark.parametrize(
    ("engine", "shop_name", "examples"), [("duckdb", "sample", 5), ("duckdb", "metabase", 3), ("sqlite", "odd", 12)]
)
def test_any_selection(story, shop_of, reference_of, engine, shop_name, examples):
    shop = shop_of(shop_name, engine)

    @hypothesis_settings(max_examples=examples, phases=list(Phase)[:3])
    @given(selections(shop.everything()))
    def any_selection(selection):
        reference = Reference(reference_of(shop, shop.everything()).rows, selection)
        for name in QUESTIONS:
            check(story, shop, reference, name, plans=[{}])

    any_selection()


def test_the_days_before_are_as_many(shop_of):
    whole = shop_of("sample", "duckdb").everything()
    last = date.fromisoformat(whole.end)
    days = replace(whole, start=(last - timedelta(days=89)).isoformat())
    first, end = ((last - timedelta(days=number)).isoformat() for number in (179, 90))
    assert days.before() == replace(whole, start=first, end=end, shift=90)


# ------------------------------------------------------------------ shops by hand

CUSTOMERS = (  # id, region, registered
    (1, "East", "2025-01-01"),
    (2, "East", "2025-01-01"),
    (3, "West", "2025-01-01"),
    (4, "East", "2025-01-01"),
    (5, "East", "2025-12-01"),
    (6, "East", None),
    (7, None, "2025-01-01"),
)
BOOK, TOY, THING, PEN = 1, 2, 3, 4
PRODUCTS = ((BOOK, "Books", 5.0, 3), (TOY, "Toys", None, 0), (THING, None, 3.0, None), (PEN, "Books", 0.0, 8))


def customers():
    return [(key, f"Customer {key}", None, region, registered, None) for key, region, registered in CUSTOMERS]


def products(listed=PRODUCTS):
    return [(key, f"P{key}", category, price, stock, None) for key, category, price, stock in listed]


class Counted:
    """A shop by hand: each answer is compared with the independent count before it is handed on."""

    def __init__(self, story, shops):
        self.story, self.shops, self.rows = story, shops, tables(shops[0].path)

    def __call__(self, name, start="2025-01-01", end="2025-12-31", regions=None, categories=None, **own):
        regions = ("(unknown)", "East", "West") if regions is None else regions
        categories = ("(unknown)", "Books", "Toys") if categories is None else categories
        reference = Reference(self.rows, Filters(regions, categories, start, end))
        parameters = self.story.planning(**own) if name in PLANNED else own
        expected = getattr(reference, name.lower())(**own)
        for shop in self.shops:
            answer = shop.ask(getattr(self.story, name), reference.selection, **parameters)
            same(answer, expected, (name, reference.selection))
        return answer

    def one(self, name, **selection):
        """Return the one row of an answer."""
        return self(name, **selection).iloc[0]

    def groups(self, **selection):
        """Return RFM group -> customers."""
        return self("RFM_GROUPS", **selection).set_index("rfm_group")["customers"]


@pytest.fixture
def shop_with(story, open_rows, tmp_path):
    """A function that makes a shop of these rows, in both engines."""
    made = []

    def shop_with(**rows):
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(open_rows(folder, {"customers": customers(), "products": products()} | rows, ENGINES))
        return Counted(story, made[-1])

    return shop_with


@pytest.fixture
def sells(shop_with):
    """A function that makes a shop that has sold these lines and no others."""

    def sells(*lines):
        """`lines`: customer, product, day, order number, amount, a status unless it is Completed, and a region."""
        rows = []
        for key, (customer, product, day, order, amount, *more) in enumerate(lines, 1):
            status, region = (*more, *("Completed", None)[len(more) :])
            rows.append((key, customer, product, day, 1, amount, status, order, region))
        return shop_with(orders=rows)

    return sells


JANUARY = {"start": "2025-01-01", "end": "2025-01-31"}


def test_guests_are_no_customers(sells):
    shop = sells((None, BOOK, "2025-01-05", 1, 10), (None, TOY, "2025-01-05", 1, 5), (1, BOOK, "2025-01-05", 2, 1))
    assert shop("NEW_AND_RETURNING", **JANUARY).to_numpy().tolist() == [["2025-01", 1, 0, 1]]
    tiles = shop.one("CUSTOMER_TILES", **JANUARY)
    assert (tiles["customers"], tiles["average_order_value"]) == (1, 1)
    assert shop("NEW_AND_RETURNING", **JANUARY, regions=("East",))["guest_orders"].tolist() == [0]
    assert shop.one("TILES", **JANUARY)["orders"] == 2


def test_a_checkout_of_two_customers_is_one_order_of_the_shop_and_one_of_each(sells):
    shop = sells((1, BOOK, "2025-01-05", 1, 10), (2, BOOK, "2025-01-05", 1, 30), (None, BOOK, "2025-01-05", 1, 5))
    assert shop("NEW_AND_RETURNING", **JANUARY).to_numpy().tolist() == [["2025-01", 2, 0, 1]]
    assert shop.one("CUSTOMER_TILES", **JANUARY)["average_order_value"] == 20
    tiles = shop.one("TILES", **JANUARY)
    assert (tiles["orders"], tiles["average_order_value"], tiles["customers"]) == (1, 45, 2)


def test_several_lines_of_a_checkout_are_one_order(sells):
    shop = sells((1, BOOK, "2025-01-05", 1, 10), (1, TOY, "2025-01-05", 1, 30), (1, BOOK, "2025-01-05", 1, 2))
    tiles = shop.one("CUSTOMER_TILES", **JANUARY)
    assert tiles["average_order_value"] == 42
    assert math.isnan(tiles["days_between_orders"])


def test_of_two_checkouts_on_the_first_day_one_is_new(sells):
    shop = sells((1, BOOK, "2025-01-01", 8, 10), (1, BOOK, "2025-01-01", 3, 10))
    assert shop("NEW_AND_RETURNING", **JANUARY).to_numpy().tolist() == [["2025-01", 1, 1, 0]]
    tiles = shop.one("CUSTOMER_TILES", **JANUARY)
    assert (tiles["repeat_30"], tiles["days_between_orders"]) == (1, 0)


def test_an_order_number_that_returns_on_another_day_is_another_order(sells):
    shop = sells((1, BOOK, "2025-01-01", 1, 10), (1, BOOK, "2025-01-02", 1, 10))
    assert shop("NEW_AND_RETURNING", **JANUARY).to_numpy().tolist() == [["2025-01", 1, 1, 0]]
    assert shop.one("TILES", **JANUARY)["orders"] == 2


def test_an_order_counts_where_it_went(sells):
    shop = sells(
        (1, BOOK, "2025-01-05", 1, 10, "Completed", "West"),
        (1, TOY, "2025-01-05", 1, 7),
        (None, BOOK, "2025-01-06", 2, 3, "Completed", "West"),
    )
    west, east = (shop.one("TILES", **JANUARY, regions=(region,)) for region in ("West", "East"))
    assert (west["revenue"], west["orders"], west["customers"]) == (13, 2, 1)
    assert (east["revenue"], east["orders"], east["customers"]) == (7, 1, 1)
    assert shop.one("TILES", **JANUARY)["orders"] == 2
    assert shop("TOP_CUSTOMERS", **JANUARY, regions=("West",))["region"].tolist() == [
        "East"
    ]  # where the customer lives


def test_what_the_shop_does_not_say_of_statuses_is_unknown(sells):
    completed = (1, BOOK, "2025-01-05", 1, 10)
    shares = ["cancelled_share", "returned_share"]
    assert sells(completed).one("TILES")[shares].isna().all()
    assert math.isnan(sells(completed).one("PRODUCT_TILES")["returned_units_share"])
    shop = sells(completed, (2, TOY, "2025-03-05", 2, 10, "Cancelled"))
    assert shop.one("TILES", **JANUARY)[shares].tolist() == [0, 0]
    assert shop.one("TILES")[shares].tolist() == [0.5, 0]


def test_cancelled_lines_make_no_customer(sells):
    shop = sells((4, BOOK, "2025-01-05", 1, 10, "Cancelled"), (1, BOOK, "2025-01-09", 2, 1))
    assert shop.groups(**JANUARY)["Prospects"] == 5  # all but the buyer and the one who registers in December
    assert shop.one("CUSTOMER_TILES", **JANUARY)["customers"] == 1


def test_prospects_and_those_who_bought_earlier_or_elsewhere(sells):
    shop = sells((1, BOOK, "2025-01-05", 1, 10), (2, TOY, "2025-02-05", 2, 10), (4, BOOK, "2025-03-05", 3, 10))
    february = {"start": "2025-02-01", "end": "2025-02-28", "regions": ("East",), "categories": ("Books",)}
    groups = shop.groups(**february)
    assert groups["(earlier or elsewhere)"] == 2  # 1, and 2, who bought toys
    assert groups["Prospects"] == 2  # 4, who buys later, and 6, of whom nobody knows since when
    assert groups.sum() == 4
    groups = shop.groups(**february | {"end": "2025-12-01"})
    assert groups["Prospects"] == 2  # 5 has registered that day, and 4 has bought
    assert groups.sum() == 5


def test_a_first_order_is_the_first_in_the_shop(sells):
    shop = sells((1, BOOK, "2025-01-05", 1, 10), (1, TOY, "2025-03-05", 2, 10), (1, TOY, "2025-04-05", 3, 10))
    spring = {"start": "2025-03-01", "end": "2025-04-30"}
    for selection in (spring, spring | {"categories": ("Toys",)}, {"categories": ("Toys",)}):
        months = shop("NEW_AND_RETURNING", **selection)
        assert (months["new_orders"].sum(), months["returning_orders"].sum()) == (0, 2)
        assert len(shop("COHORT_RETENTION", **selection)) == 0
        tiles = shop.one("CUSTOMER_TILES", **selection)
        assert math.isnan(tiles["repeat_30"])
        assert (tiles["new_customers"], tiles["days_between_orders"]) == (0, 31)
    cells = shop("COHORT_RETENTION", categories=("Books",))
    assert cells["percent_of_cohort"].tolist()[:4] == [100, 0, 0, 0]  # no second book


@pytest.mark.parametrize(
    ("second", "end", "rate"),
    [
        ("2025-01-31", "2025-01-31", 1),  # 30 days old, and back on the last of them
        ("2025-02-01", "2025-03-31", 0),  # a day late
        ("2025-01-02", "2025-01-30", math.nan),  # has not had 30 days yet
    ],
)
def test_the_edges_of_thirty_days(sells, second, end, rate):
    tiles = sells((1, BOOK, "2025-01-01", 1, 10), (1, BOOK, second, 2, 10)).one("CUSTOMER_TILES", end=end)
    assert tiles["repeat_30"] == pytest.approx(rate, nan_ok=True)
    assert math.isnan(tiles["repeat_90"]) == (end < "2025-04-01")


def test_cohorts_and_their_average(sells):
    shop = sells(
        (1, BOOK, "2025-01-02", 1, 10),
        (2, BOOK, "2025-01-20", 2, 10),
        (2, BOOK, "2025-03-09", 3, 10),
        (3, BOOK, "2025-02-03", 4, 10),
        (3, BOOK, "2025-03-04", 5, 10),
        (4, BOOK, "2025-03-31", 6, 10, "Pending"),
    )
    whole = {"start": "2025-01-02", "end": "2025-03-09"}
    assert shop("COHORT_RETENTION", **whole).to_numpy().tolist() == [
        ["2025-01", 0, 2, 2, 100.0, 1, 1],  # without its first day
        ["2025-01", 1, 2, 0, 0.0, 0, 1],
        ["2025-01", 2, 2, 1, 50.0, 1, 1],
        ["2025-02", 0, 1, 1, 100.0, 0, 0],
        ["2025-02", 1, 1, 1, 100.0, 1, 0],
        ["average", 0, 1, 1, 100.0, 0, 0],
        ["average", 1, 2, 0, 0.0, 0, 0],
    ]
    middle = shop("COHORT_RETENTION", start="2025-01-15", end="2025-03-31")
    assert middle["customers"].tolist()[:3] == [1, 1, 1]  # the first order of 1 is before the selection
    assert middle["is_partial"].tolist()[:3] == [1, 0, 0]
    assert shop("COHORT_RETENTION", start="2025-01-15", end="2025-03-08")["percent_of_cohort"].tolist()[:3] == [
        100,
        0,
        0,
    ]


def test_equal_customers_are_in_one_group(sells):
    shop = sells(*((customer, BOOK, "2025-01-05", customer, 10) for customer in (1, 2, 3, 4, 6)))
    assert shop.groups(**JANUARY)["Dormant"] == 5  # nobody is before another


def test_five_different_customers_have_five_scores(sells):
    lines = [(customer, BOOK, f"2025-01-{10 + n}", 10 * n, 10.0 * n) for n, customer in enumerate((1, 2, 3, 4, 6), 1)]
    more = [(6, BOOK, "2025-01-02", 1, 1), (6, BOOK, "2025-01-03", 2, 1), (4, BOOK, "2025-01-04", 3, 1)]
    groups = sells(*lines, *more).groups(**JANUARY)
    # frequency 1 1 1 4 5, money 1 2 3 4 5: means 1 2 2 4 5 against recency 1 2 3 4 5
    expected = {"Dormant": 1, "Almost lost": 1, "Needs attention": 1, "Loyal": 1, "Champions": 1, "Prospects": 1}
    assert groups[groups > 0].to_dict() == expected


def test_each_triple_of_scores_has_the_group_of_the_table(story):
    triples = [(r, f, m) for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)]
    rows = "\nUNION ALL ".join(
        f"SELECT {n} AS customer_id, 1 AS orders, 1 AS revenue, '' AS last_order, 1 AS days_since_last_order, "
        f"{r} AS recency, {f} AS frequency, {m} AS money"
        for n, (r, f, m) in enumerate(triples)
    )
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE scored_customers AS {rows}")
        found = connection.execute(f"SELECT rfm_group FROM ({story.STEPS['grouped_customers']}) ORDER BY customer_id")
        assert [name for (name,) in found] == [GROUPS[r][math.ceil((f + m) / 2) - 1] for r, f, m in triples]
    assert {name for row in GROUPS.values() for name in row} == set(GROUP_NAMES[:10])


def test_shares_of_money_that_is_not_there_are_unknown(sells):
    shop = sells((1, BOOK, "2025-01-05", 1, 0), (2, BOOK, "2025-01-06", 2, 0))
    assert shop("CONCENTRATION", **JANUARY)["percent_of_revenue"].isna().all()
    assert shop("CATEGORY_SHARES", **JANUARY)["percent_of_revenue"].isna().all()


def test_a_tie_is_a_tie_whatever_the_order_of_adding(sells):
    shop = sells(
        *((1, BOOK, f"2025-01-{day:02}", 1, amount) for day, amount in enumerate((0.1, 0.2, 0.3), 1)),
        *((2, TOY, f"2025-01-{day:02}", 2, amount) for day, amount in enumerate((0.3, 0.2, 0.1), 1)),
    )
    assert shop("TOP_CUSTOMERS", **JANUARY)["value_rank"].tolist() == [1, 1]
    assert shop("CATEGORY_RANKS", **JANUARY)["rank_in_region"].tolist() == [1, 1]


def test_the_average_of_seven_days_begins_on_the_seventh(sells):
    daily = sells((1, BOOK, "2025-01-01", 1, 70), (1, BOOK, "2025-01-31", 2, 7))("DAILY_REVENUE", **JANUARY)
    assert daily["moving_average"].isna().tolist() == [True] * 6 + [False] * 25
    assert daily["moving_average"].tolist()[6:8] == [10, 0]
    assert len(daily) == 31


def test_months_cut_by_the_selection_are_not_compared(sells):
    shop = sells(*((1, BOOK, f"2025-{month:02}-01", month, 10.0 * month) for month in range(1, 13)))
    months = shop("MONTHLY_REVENUE", start="2025-01-01", end="2025-04-29")
    assert months["whole_month"].tolist() == [1, 1, 1, 0]
    assert months["percent_on_month"].tolist() == pytest.approx([math.nan, 100, 50, math.nan], nan_ok=True)
    months = shop("MONTHLY_REVENUE", start="2025-01-02", end="2025-03-31")
    assert months["percent_on_month"].tolist() == pytest.approx([math.nan, math.nan, 50], nan_ok=True)


@pytest.mark.parametrize(
    "lines", [(), ((4, BOOK, "2025-01-05", 1, 10, "Cancelled"),), ((None, BOOK, "2025-01-05", 1, 10),)]
)
def test_nothing_sold(sells, lines):
    shop = sells(*lines)
    for name in QUESTIONS:
        if not lines and name in (*PLANNED, "DEAD_STOCK", "PRODUCT_DEMAND"):
            continue  # a shop without orders has no today
        for own in OWN_PARAMETERS.get(name, ({},))[:1]:
            for selection in (JANUARY, {"start": "1990-01-01", "end": "1990-01-01"}, {"regions": (), "categories": ()}):
                if lines or name not in NEED_A_CALENDAR:
                    shop(name, **selection, **own)


# Products


def basket(number, *things, customer=1, status="Completed", day="2025-03-01", region=None):
    """Return the lines of one checkout, as `shop_with` takes them, but for the key."""
    return [(customer, thing, day, 1, 1.0, status, number, region) for thing in things]


@pytest.fixture
def baskets(shop_with):
    """A function that makes a shop of these checkouts."""
    return lambda lines: shop_with(orders=[(key, *line) for key, line in enumerate(lines, 1)])


def pairs_in(answer):
    return dict(zip(zip(answer.iloc[:, 0], answer.iloc[:, 2], strict=True), answer["checkouts_with_both"], strict=True))


def test_a_pair_needs_five_checkouts(baskets):
    four = [line for number in range(4) for line in basket(number, BOOK, TOY)]
    shop = baskets(four)
    assert len(shop("BOUGHT_TOGETHER")) == len(shop("PAIRS_OF_CATEGORIES")) == 0

    # Five with both, three more with the book alone, two with the toy alone, ten with neither: 20 checkouts.
    lines = four + basket(4, TOY, BOOK)
    lines += [line for number in range(5, 8) for line in basket(number, BOOK)]
    lines += [line for number in range(8, 10) for line in basket(number, TOY)]
    lines += [line for number in range(10, 20) for line in basket(number, THING)]
    shop = baskets(lines)
    pairs = shop("BOUGHT_TOGETHER")
    assert pairs_in(pairs) == {(BOOK, TOY): 5}
    assert pairs[["affinity", "lift"]].iloc[0].tolist() == pytest.approx([5 / 10, 5 * 20 / (8 * 7)])
    assert pairs[["product_name", "companion_name"]].iloc[0].tolist() == ["P1", "P2"]
    pairs = shop("PAIRS_OF_CATEGORIES")
    assert pairs[["category", "companion_category", "checkouts", "companion_checkouts"]].to_numpy().tolist() == [
        ["Books", "Toys", 8, 7]
    ]
    # Without the things of unknown category, ten checkouts are no longer of the selection.
    assert shop("BOUGHT_TOGETHER", categories=("Books", "Toys"))["lift"].tolist() == pytest.approx([5 * 10 / (8 * 7)])
    assert (
        len(shop("BOUGHT_TOGETHER", categories=("Books",)))
        == len(shop("PAIRS_OF_CATEGORIES", categories=("Books",)))
        == 0
    )


def test_a_product_twice_is_no_pair_and_counts_once(baskets):
    lines = [line for number in range(5) for line in basket(number, BOOK, TOY, BOOK, TOY)]
    lines += [line for number in range(5, 10) for line in basket(number, BOOK, BOOK, BOOK)]
    pairs = baskets(lines)("BOUGHT_TOGETHER")
    assert pairs[["checkouts_with_both", "affinity", "lift"]].iloc[0].tolist() == pytest.approx([5, 0.5, 1.0])


def test_two_products_of_one_category_are_a_pair_of_products_only(baskets):
    shop = baskets([line for number in range(6) for line in basket(number, PEN, BOOK)])
    assert pairs_in(shop("BOUGHT_TOGETHER")) == {(BOOK, PEN): 6}
    assert len(shop("PAIRS_OF_CATEGORIES")) == 0


def test_numbers_begin_again_each_day(baskets):
    days = [f"2025-03-{day:02}" for day in range(1, 6)]
    shop = baskets([line for day in days for line in basket(1, BOOK, TOY, day=day)])
    assert shop("BOUGHT_TOGETHER")["checkouts_with_both"].tolist() == [5]
    assert len(shop("BOUGHT_TOGETHER", start=days[1])) == len(shop("BOUGHT_TOGETHER", end=days[3])) == 0


@pytest.mark.parametrize("status", ["Returned", "Cancelled", "Pending"])
def test_only_completed_lines_make_pairs(baskets, status):
    shop = baskets([line for n in range(6) for line in basket(n, BOOK) + basket(n, TOY, status=status)])
    assert len(shop("BOUGHT_TOGETHER")) == 0


def test_a_checkout_of_several_customers_counts_by_line(baskets):
    """Both lines must be of chosen regions, and a product that two bought in one checkout counts once."""
    lines = [line for n in range(5) for line in basket(n, BOOK) + basket(n, BOOK, TOY, customer=3)]
    lines += [line for n in range(5, 10) for line in basket(n, BOOK) + basket(n, TOY, customer=None)]
    shop, found = baskets(lines), []
    for regions in (("East", "West", "(unknown)"), ("East", "West"), ("East", "(unknown)"), ("West",), ("East",)):
        pairs = shop("BOUGHT_TOGETHER", regions=regions)
        found.append((pairs["checkouts_with_both"].tolist(), pairs["affinity"].tolist()))
    assert found == [([10], [1.0]), ([5], [0.5]), ([5], [0.5]), ([5], [1.0]), ([], [])]


def line(product, units, status, number=1, day="2025-03-01", customer=1, amount=1.0):
    return (customer, product, day, units, amount, status, number, None)


def test_returned_units_at_the_edges(baskets):
    shop = baskets(
        [
            line(BOOK, 1, "Returned"),
            line(BOOK, 3, "Completed"),  # four units: too few
            line(PEN, 2, "Returned", 2),
            line(PEN, 3, "Completed", 3, "2025-03-02", 3),  # five
            line(PEN, 9, "Pending", 4),
            line(PEN, 9, "Cancelled", 5),
            line(TOY, 6, "Returned", 6),  # nothing but returns
            line(THING, 8, "Completed", 7),  # no return
        ]
    )
    columns = ["product_id", "returned_units", "units", "returned_share"]
    assert shop("MOST_RETURNED")[columns].to_numpy().tolist() == [[TOY, 6, 6, 1.0], [PEN, 2, 5, 0.4]]
    assert shop.one("PRODUCT_TILES")["returned_units_share"] == pytest.approx(9 / 23)
    assert shop("MOST_RETURNED", regions=("East",))["product_id"].tolist() == [TOY]


def test_ties_of_returns_are_broken_by_share_and_then_by_id(baskets):
    lines = [line(product, 3, "Returned") for product in (BOOK, TOY, PEN)]
    lines += [line(product, units, "Completed") for product, units in ((BOOK, 5), (TOY, 3), (PEN, 5))]
    assert baskets(lines)("MOST_RETURNED")["product_id"].tolist() == [TOY, BOOK, PEN]


def test_ratings_at_the_edges(shop_with):
    reviews = [
        (1, BOOK, 1, 1, None, "2024-01-31"),  # before
        (2, BOOK, 1, 5, None, "2024-02-01"),
        (3, BOOK, None, 2, None, "2024-02-29"),
        (4, THING, 3, 4, None, "2024-04-30"),
        (5, THING, 3, 1, None, "2024-05-01"),  # after
        (6, THING, 3, 1, None, "2025-02-01"),  # the calendar's last day
    ]
    shop = shop_with(orders=[(1, 1, BOOK, "2024-01-01", 1, 1.0, "Completed", 1, None)], reviews=reviews)
    spring = {"start": "2024-02-01", "end": "2024-04-30"}
    stars = shop("RATINGS_BY_STAR", **spring)
    assert stars["reviews"].tolist() == [0, 1, 0, 1, 1]
    assert stars["percent_of_reviews"].tolist() == pytest.approx([0, 100 / 3, 0, 100 / 3, 100 / 3])
    months = shop("RATINGS_BY_MONTH", **spring)
    assert months["month"].tolist() == ["2024-02", "2024-03", "2024-04"]
    assert months["whole_month"].tolist() == [1, 1, 1]
    assert months["reviews"].tolist() == [2, 0, 1]
    assert months["mean_rating"].tolist() == pytest.approx([3.5, math.nan, 4.0], nan_ok=True)
    assert shop.one("PRODUCT_TILES", **spring)["low_rated_share"] == pytest.approx(1 / 3)
    for start, end, whole in (
        ("2024-02-02", "2024-04-30", [0, 1, 1]),
        ("2024-02-01", "2024-02-28", [0]),
        ("2024-02-01", "2024-02-29", [1]),
        ("2024-12-31", "2025-01-31", [0, 1]),
    ):
        assert shop("RATINGS_BY_MONTH", start=start, end=end)["whole_month"].tolist() == whole
    nobody = {"start": "2024-01-01", "regions": ("(unknown)",), "categories": ("Books",)}
    assert shop("RATINGS_BY_STAR", **nobody)["reviews"].tolist() == [0, 1, 0, 0, 0]


# Inventory

TODAY = date(2025, 6, 30)


def day(ago):
    return (TODAY - timedelta(days=ago)).isoformat()


class Stocked(Counted):
    """A shop by hand, as INVENTORY sees it."""

    def inventory(self, **plan):
        """Return the products by id; whatever else is said of the stock is compared with the independent count."""
        selection = {"start": "2000-01-01", "end": "2030-01-01", "regions": ("(unknown)",)}
        selection["categories"] = ("(unknown)", "Books", "Toys")
        for name in PLANNED[1:]:
            self(name, **selection, **plan, **({"product": 0} if name == "PRODUCT_LIST" else {}))
        self("DEAD_STOCK", **selection)
        return self("INVENTORY", **selection, **plan).set_index("product_id")


@pytest.fixture
def stocked(story, open_rows, tmp_path):
    """A function that makes a shop of products: (price, stock, category, supplier), by id; of lines: (days ago, product,
    units, amount, status); and of reviews: (product, stars)."""
    made = []

    def stocked(listed, lines, reviews=()):
        rows = {
            "products": [
                (key, f"P{key}", category, price, stock, supplier)
                for key, (price, stock, category, supplier) in enumerate(listed, 1)
            ],
            "orders": [
                (key, None, product, day(ago), units, amount, status, key, None)
                for key, (ago, product, units, amount, status) in enumerate(lines, 1)
            ],
            "reviews": [(key, product, None, stars, None, day(0)) for key, (product, stars) in enumerate(reviews, 1)],
        }
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(open_rows(folder, rows, ENGINES))
        return Stocked(story, made[-1])

    return stocked


def done(ago, product, units=1, amount=10.0):
    return (ago, product, units, amount, "Completed")


ARTICLE = (10.0, 5, "Books", "Acme")


def test_stock_of_nothing_and_stock_that_is_not_known(stocked):
    found = stocked([(10.0, 0, "Books", "Acme"), (10.0, None, None, None)], [done(0, 1), done(3, 2)]).inventory()
    assert found.loc[1, ["days_of_inventory", "sell_through"]].tolist() == [0, 1]
    assert found.loc[1, "order_quantity"] > 0
    assert found.loc[2, ["days_of_inventory", "sell_through", "order_quantity"]].isna().all()
    assert found.loc[2, ["category", "supplier"]].tolist() == ["(unknown)"] * 2


def test_days_of_inventory_need_a_sale_in_28_days(stocked):
    shop = stocked([ARTICLE] * 4, [done(27, 1, 4), done(28, 2, 4), done(0, 4, 1), done(60, 4)])
    found = shop.inventory()
    assert found.loc[1, "units_per_day"] == pytest.approx(4 / 28)
    assert found.loc[1, "days_of_inventory"] == pytest.approx(35)
    assert found.loc[2, "units_per_day"] == 0
    assert math.isnan(found.loc[2, "days_of_inventory"])
    assert found.loc[2, "last_sale"] == day(28)
    assert pd.isna(found.loc[3, "last_sale"])
    assert found.loc[3, ["units", "revenue", "sell_through", "order_quantity"]].tolist() == [0, 0, 0, 0]


def test_deviation_counts_days_without_a_sale(stocked):
    found = stocked([ARTICLE], [done(0, 1, 14), done(40, 1)]).inventory()
    mean = 14 / 28
    assert found.loc[1, "deviation"] == pytest.approx(math.sqrt(((14 - mean) ** 2 + 27 * mean**2) / 27))
    reserve = 1.6448536269514722 * math.sqrt(14 * found.loc[1, "deviation"] ** 2 + mean**2 * 9)
    assert found.loc[1, "reorder_point"] == pytest.approx(mean * 14 + reserve)


def test_a_class_is_where_the_share_of_revenue_begins(stocked):
    def classes(*amounts):
        lines = [done(0, key, 1, amount) for key, amount in enumerate(amounts, 1)]
        return "".join(stocked([ARTICLE] * len(amounts), lines).inventory()["abc_class"])

    assert classes(90, 5, 4, 1) == "ABCC"  # the third begins at 95 %
    assert classes(79, 15, 5, 1) == "AABC"
    assert classes(*[0.1] * 10) == "AAAAAAAABB"  # ties, and sums of tenths
    assert classes(0.0, 0.0) == "CC"  # without any revenue nothing is class A


def test_a_young_shop_has_fewer_days_of_demand(stocked):
    found = stocked([ARTICLE] * 2, [done(9, 1, 5), (0, 2, 1, 1.0, "Pending")]).inventory()
    assert found.loc[1, "units_per_day"] == 0.5
    one_day = stocked([ARTICLE], [done(0, 1, 5), done(0, 1, 2)]).inventory()
    assert one_day.loc[1, ["units_per_day", "deviation"]].tolist() == [7, 0]


def test_stock_at_the_reorder_point_is_enough(stocked):
    lines = [done(0, key, 28) for key in (1, 2, 3)] + [(60, 1, 1, 1.0, "Pending")]
    found = stocked([(10.0, stock, "Books", "Acme") for stock in (13, 14, 15)], lines).inventory(service_level=0.5)
    assert found["reorder_point"].tolist() == pytest.approx([14, 14, 14])
    assert found["order_quantity"].tolist() == [8, 0, 0]


def test_packs_and_no_lead_time(stocked):
    shop = stocked([(10.0, 0, "Books", "Acme")], [done(0, 1, 28), done(60, 1)])
    assert shop.inventory(pack_size=12, service_level=0.5)["order_quantity"].tolist() == [24]  # of 21
    assert shop.inventory(pack_size=7, service_level=0.5)["order_quantity"].tolist() == [21]
    at_once = shop.inventory(lead_time=0.0, lead_time_deviation=0.0)
    assert at_once[["reorder_point", "order_quantity"]].iloc[0].tolist() == [0, 0]


def test_only_completed_lines_are_demand(stocked):
    lines = [(0, 1, 2, 20.0, status) for status in ("Completed", "Pending", "Cancelled", "Returned")]
    found = stocked([ARTICLE] * 2, [*lines, (0, 2, 1, 1.0, "Returned"), done(40, 1)]).inventory()
    assert found.loc[1, ["units", "revenue"]].tolist() == [3, 30]
    assert found.loc[1, "units_per_day"] == pytest.approx(2 / 28)
    assert pd.isna(found.loc[2, "last_sale"])


def test_huge_amounts_neither_overflow_nor_lose_the_deviation(stocked):
    lines = [done(ago, key, 2_000_000_000, 1e12) for ago in range(28) for key in (1, 2)]
    found = stocked([ARTICLE] * 2, lines).inventory()
    assert found["deviation"].tolist() == [0, 0]
    assert found["order_quantity"].notna().all()


def test_unknown_prices_are_no_zeros(stocked):
    shop = stocked([(None, 0, "Books", "Acme"), (None, 9, "Books", "Acme")], [done(0, 1), done(200, 1)])
    tiles = shop.one("INVENTORY_TILES", regions=("(unknown)",), start=day(200), end=day(0))
    assert tiles[["order_value", "dead_stock", "stock_value"]].isna().all()
    assert tiles[["products_to_order", "dead_products", "stock_units"]].tolist() == [1, 1, 9]


def test_stock_is_dead_after_90_days(stocked):
    shop = stocked([ARTICLE] * 3, [done(89, 1), done(90, 2), (0, 3, 1, 1.0, "Pending")])
    dead = shop("DEAD_STOCK", regions=("(unknown)",), start=day(200), end=day(0))
    assert dead["product_id"].tolist() == [2, 3]
    assert [None if pd.isna(last) else last for last in dead["last_sale"]] == [day(90), None]


def test_demand_is_of_the_last_168_days_or_of_a_younger_shop(stocked):
    shop = stocked([ARTICLE], [done(200, 1, 9), done(167, 1, 2), done(0, 1, 3), (1, 1, 5, 1.0, "Pending")])
    demand = shop("PRODUCT_DEMAND", product=1)
    assert (len(demand), demand["day"].iloc[0], demand["units"].sum()) == (168, day(167), 5)
    young = stocked([ARTICLE], [done(9, 1, 2), (0, 1, 1, 1.0, "Pending")])("PRODUCT_DEMAND", product=1)
    assert young["units"].tolist() == [2, *[0] * 9]


# ------------------------------------------------------------------ any shop

AMOUNTS = st.sampled_from([0.0, 1.0, 2.5, 9.99, 10.0, 0.1])
DAYS = st.dates(date(2024, 12, 20), date(2025, 4, 10)).map(date.isoformat)
LINES = st.tuples(
    st.none() | st.integers(1, 7),
    st.integers(1, 4),
    DAYS,
    st.integers(1, 9),
    AMOUNTS,
    st.sampled_from(["Completed"] * 4 + ["Cancelled", "Returned", "Pending"]),
    st.integers(1, 4),
    st.sampled_from([None, None, None, "West", "North"]),
)
REVIEWS = st.tuples(st.integers(1, 4), st.none() | st.integers(1, 7), st.integers(1, 5), st.none(), DAYS)
PLANNINGS = st.fixed_dictionaries(
    {},
    optional={
        "demand_days": st.integers(1, 100),
        "lead_time": st.floats(0, 100).map(lambda days: round(days, 1)),
        "lead_time_deviation": st.floats(0, 20).map(lambda days: round(days, 1)),
        "service_level": st.sampled_from([0.5, 0.9, 0.95, 0.999]),
        "review_period": st.floats(0, 60).map(lambda days: round(days, 1)),
        "pack_size": st.integers(1, 50),
    },
)
CHOICES = (("(unknown)", "East", "North", "West"), ("(unknown)", "Books", "Toys"))


@hypothesis_settings(max_examples=8, phases=list(Phase)[:3])
@given(st.data())
def test_any_shop_and_selection(shop_with, data):
    lines = data.draw(st.lists(LINES, min_size=1, max_size=40))
    reviews = data.draw(st.lists(REVIEWS, max_size=8))
    shop = shop_with(
        orders=[(key, *line) for key, line in enumerate(lines, 1)],
        reviews=[(key, *review) for key, review in enumerate(reviews, 1)],
    )
    start, end = sorted(data.draw(st.tuples(*[st.dates(date(2024, 12, 1), date(2025, 4, 30))] * 2)))
    regions, categories = (
        tuple(sorted(data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True)))) for names in CHOICES
    )
    selection = {"start": start.isoformat(), "end": end.isoformat(), "regions": regions, "categories": categories}
    plan = data.draw(PLANNINGS)
    for name in QUESTIONS:
        own = OWN_PARAMETERS.get(name, ({},))[0]
        shop(name, **selection, **(own | plan if name in PLANNED else own))
    inventory = shop("INVENTORY", **selection, **plan)
    plan = PLAN | plan
    for row in inventory[inventory["order_quantity"] > 0].itertuples():
        full = row.units_per_day * (plan["lead_time"] + plan["review_period"])
        assert row.order_quantity % plan["pack_size"] == 0
        assert full - 1e-6 <= row.stock + row.order_quantity
        assert row.stock < row.reorder_point
    later = shop("INVENTORY", **selection, **plan | {"lead_time": plan["lead_time"] + 3.5})
    assert (later["reorder_point"] >= inventory["reorder_point"] - 1e-9).all()
