"""Each model against the same rows counted by pandas, in SQLite and in DuckDB; the calendar against Python's."""

import sqlite3
from contextlib import closing
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from conftest import tables
from odd_shop import ODD_SHOP, filled

from shopboard import ask
from shopboard.sqltext import tokens

DAY = ["day", "day_number", "month", "month_number"]


@pytest.fixture(scope="module", params=["sqlite", "duckdb"])
def engine(request):
    return request.param


@pytest.fixture(scope="module")
def open_rows(shop_design, make_settings, tmp_path_factory, engine):
    """A function that opens a shop of these rows."""

    def open_rows(rows):
        folder = tmp_path_factory.mktemp("models")
        settings = make_settings(database=str(folder / "shop.db"), exports=str(folder))
        return ask.open_shop(settings, filled(shop_design, rows), engine)

    return open_rows


@pytest.fixture(scope="module", params=["odd", "random"])
def shop(request, open_rows):
    with closing(open_rows(ODD_SHOP if request.param == "odd" else random_shop())) as shop:
        shop.rows = tables(shop.path)
        yield shop


def random_shop():
    """Return a shop whose checkouts have several customers, regions and categories, some of them unknown."""
    rng = np.random.default_rng(1)
    categories, regions, statuses = (
        ["a", "B", "é", "(x)", None],
        ["North", "south", None],
        ["Completed", "Pending", "Returned"],
    )
    products = [(n, f"P{n}", categories[n % 5], 1.0, 1, None) for n in range(1, 12)]
    customers = [(n, f"C{n}", None, regions[n % 3], None, None) for n in range(1, 9)]
    orders = []
    for key in range(1, 600):
        checkout = key // 4
        customer = [None, *range(1, 9)][(checkout if checkout % 5 else key) % 9]
        day = (date(2023, 12, 20) + timedelta(checkout // 8)).isoformat()
        amount = round(float(rng.uniform(0, 90)), 2)
        product, status = int(rng.integers(1, 12)), statuses[int(rng.integers(0, 4)) % 3]
        orders.append(
            (key, customer, product, day, int(rng.integers(1, 4)), amount, status, checkout % 8, regions[key % 7 % 3])
        )
    return {"products": products, "customers": customers, "orders": orders}


def days_of(days):
    """Return the columns that the calendar has for a column of ISO days."""
    dates = pd.to_datetime(days)
    return pd.DataFrame(
        {
            "day": days,
            "day_number": (dates - pd.Timestamp("1900-01-01")).dt.days,
            "month": days.str[:7],
            "month_number": dates.dt.year * 12 + dates.dt.month - 1,
        }
    )


def lines_of(rows):
    """Return what `order_lines` has to be."""
    orders, products, customers = (rows[table].astype(object) for table in ("orders", "products", "customers"))
    lines = orders.merge(products[["product_id", "category"]], on="product_id")
    lines = lines.merge(
        customers[["customer_id", "region"]], on="customer_id", how="left", suffixes=("", "_of_customer")
    )
    lines["region"] = lines["region"].fillna(lines.pop("region_of_customer")).fillna("(unknown)")
    lines["category"] = lines["category"].fillna("(unknown)")
    named = days_of(lines.pop("order_date").astype(str))
    return pd.concat([lines.reset_index(drop=True), named], axis=1)


def assert_same(found, expected, keys):
    """Compare two tables row by row, whatever their order."""
    expected = expected[list(found)].sort_values(keys, ignore_index=True)
    found = found.sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(plain(found), plain(expected), check_dtype=False, rtol=1e-12)


def plain(rows):
    rows = rows.astype(object)
    return rows.where(rows.notna(), None).map(lambda value: float(value) if isinstance(value, int | float) else value)


def test_a_model_begins_with_its_grain_and_the_calendar_alone_calls_date(story):
    for name, select in story.MODELS.items():
        assert select.strip().startswith("-- One row per "), name
        assert ("DATE" in {token.text.upper() for token in tokens(select)}) == (name == "calendar"), name


def test_order_lines(shop):
    assert_same(shop.ask("SELECT * FROM order_lines"), lines_of(shop.rows), ["order_id"])


def test_review_lines(shop):
    rows = shop.rows
    reviews = rows["reviews"].astype(object).merge(rows["products"][["product_id", "category"]], on="product_id")
    reviews = reviews.merge(rows["customers"][["customer_id", "region"]].astype(object), on="customer_id", how="left")
    reviews = reviews.fillna({"region": "(unknown)", "category": "(unknown)"})
    if len(reviews):
        reviews = pd.concat([reviews, days_of(reviews.pop("review_date").astype(str))], axis=1)
        assert_same(shop.ask("SELECT * FROM review_lines"), reviews, ["review_id"])
    else:
        assert shop.ask("SELECT * FROM review_lines").empty


def test_daily_sales(shop):
    lines = lines_of(shop.rows)
    keys = [*DAY, "region", "category"]
    counted = lines.groupby(keys, as_index=False).agg(lines=("order_id", "count"))
    names = {
        "Completed": "revenue",
        "Pending": "pending_revenue",
        "Cancelled": "cancelled_revenue",
        "Returned": "returned_revenue",
    }
    for status, money in names.items():
        of_status = lines[lines["status"] == status].groupby(keys, as_index=False)
        sums = of_status.agg(**{money: ("total_amount", "sum"), f"{status.lower()}_lines": ("order_id", "count")})
        counted = counted.merge(sums, on=keys, how="left").fillna({money: 0.0, f"{status.lower()}_lines": 0})
    units = lines[lines["status"] == "Completed"].groupby(keys, as_index=False).agg(units=("quantity", "sum"))
    counted = counted.merge(units, on=keys, how="left").fillna({"units": 0})
    assert_same(shop.ask("SELECT * FROM daily_sales"), counted, keys)


def test_checkouts_have_sets_of_categories(shop):
    bits = shop.ask("SELECT * FROM category_bits")
    first = (
        shop.rows["products"].fillna({"category": "(unknown)"}).groupby("category")["product_id"].min().sort_values()
    )
    assert dict(zip(bits["category"], bits["category_bit"], strict=True)) == {
        name: 2**n for n, name in enumerate(first.index)
    }
    lines = lines_of(shop.rows).query("status == 'Completed'")
    keys = [*DAY, "order_number", "customer_id", "region"]
    lines = lines[[*keys, "category"]].drop_duplicates().merge(bits, on="category")
    sets = lines.groupby(keys, dropna=False, as_index=False).agg(category_set=("category_bit", "sum"))
    sets["parts"] = sets.groupby(["day", "order_number"])["category_set"].transform("size")
    assert_same(shop.ask("SELECT * FROM checkouts"), sets, ["day", "order_number", "customer_id", "region"])


def test_first_orders(shop):
    lines = lines_of(shop.rows).query("status == 'Completed'").dropna(subset=["customer_id"])
    first = lines.sort_values(["day", "order_number"]).drop_duplicates("customer_id")
    assert_same(shop.ask("SELECT * FROM first_orders"), first, ["customer_id"])


SPANS = [
    ("1899-12-30", "1904-03-01"),  # 1900 is no leap year
    ("1999-12-31", "2000-03-01"),  # 2000 is one
    ("2023-12-31", "2024-12-31"),
    ("2024-02-29", "2024-02-29"),
    ("0003-02-28", "0004-03-01"),
    ("9995-12-31", "9999-12-31"),
]


@pytest.mark.parametrize(("first", "last"), SPANS)
def test_the_calendar_is_pythons(story, open_rows, first, last):
    products, days = [(1, "P", "A", 1.0, 1, None)], (first, last)
    orders = [(n, None, 1, day, 1, 1.0, "Pending", n, None) for n, day in enumerate(days)]
    with closing(open_rows({"products": products, "orders": orders})) as shop:
        rows = list(shop.ask("SELECT * FROM calendar ORDER BY day").itertuples(index=False, name=None))
    start = date.fromisoformat(first)
    every = [start + timedelta(n) for n in range((date.fromisoformat(last) - start).days + 1)]
    month_after = [
        date(day.year + day.month // 12, day.month % 12 + 1, 1) if day < date(9999, 12, 1) else None for day in every
    ]
    assert rows == [
        (
            day.isoformat(),
            (day - date(1900, 1, 1)).days,
            day.isoformat()[:7],
            day.year * 12 + day.month - 1,
            (after - timedelta(1)).day if after else 31,
        )
        for day, after in zip(every, month_after, strict=True)
    ]


def test_a_shop_without_orders_has_models_without_rows(story, open_rows):
    with closing(open_rows({"products": [(1, "P", "A", 1.0, 1, None)]})) as shop:
        assert [len(shop.ask(f"SELECT * FROM {name}")) for name in story.MODELS] == [0, 0, 0, 0, 1, 0, 0]
        assert shop.everything().categories == ("A",)


def test_views_in_the_record_are_the_models(story, shop):
    with closing(sqlite3.connect(shop.path)) as record:
        views = dict(record.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'").fetchall())
    assert views.keys() == story.MODELS.keys()
    assert all(story.MODELS[name].strip() in sql for name, sql in views.items())
