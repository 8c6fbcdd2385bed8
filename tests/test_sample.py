"""The sample shop: what was planted shows in the dashboard's figures, and the same settings give the same database."""

import contextlib
import hashlib
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import tables


@pytest.fixture(scope="module")
def sample(nb, sample_settings):
    """The sample: its tables, its connection, and the page of the whole shop."""
    connection = nb.connect(sample_settings.database)
    whole = nb.everything(connection)
    rows = tables(sample_settings.database)
    yield rows, connection, whole, nb.read_page(connection, whole)
    connection.close()


def digest(path):
    """Return a digest of everything in a database: tables, indexes and rows."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()


def leftovers(folder):
    return sorted(path.name for path in Path(folder).iterdir() if path.name != "ecommerce.db")


def test_row_counts_and_integrity(sample):
    rows, connection, _, _ = sample
    assert {name: len(table) for name, table in rows.items()} == {
        "customers": 1_000,
        "products": 500,
        "orders": 10_000,
        "reviews": 5_000,
    }
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert rows["orders"].notna().all(axis=None)
    assert rows["orders"]["order_date"].max() <= "2025-12-31"
    assert rows["customers"]["email"].is_unique


def test_amount_is_price_times_quantity(sample):
    rows, *_ = sample
    lines = rows["orders"].merge(rows["products"], on="product_id")
    assert np.allclose(lines["total_amount"], lines["price"] * lines["quantity"], atol=0.001, rtol=0)
    cents = lines["total_amount"] * 100
    assert np.allclose(cents, cents.round(), atol=1e-6)


def test_nobody_orders_before_registering(sample):
    rows, *_ = sample
    lines = rows["orders"].merge(rows["customers"], on="customer_id")
    assert (lines["order_date"] >= lines["registration_date"]).all()


def test_checkouts_belong_to_one_customer_and_day(sample):
    rows, *_ = sample
    checkouts = rows["orders"].groupby("order_number")
    assert (checkouts["customer_id"].nunique() == 1).all()
    assert (checkouts["order_date"].nunique() == 1).all()
    sizes = checkouts.size().value_counts(normalize=True)
    assert sizes[1] == pytest.approx(0.60, abs=0.03)
    assert sizes[2] == pytest.approx(0.26, abs=0.03)


def test_reviews_follow_a_delivery(sample):
    rows, *_ = sample
    received = rows["orders"][rows["orders"]["status"].isin(["Completed", "Returned"])]
    first = received.groupby(["customer_id", "product_id"])["order_date"].min().rename("received")
    reviews = rows["reviews"].merge(first, left_on=["customer_id", "product_id"], right_index=True, how="left")
    assert reviews["received"].notna().all()
    assert (reviews["review_date"] > reviews["received"]).all()
    assert not rows["reviews"].duplicated(["customer_id", "product_id"]).any()


# What was planted, found in the figures that the dashboard shows


def test_growth_is_found(nb, sample):
    _, connection, whole, _ = sample
    year = nb.read_page(connection, replace(whole, start="2025-01-01")).tiles
    growth = year.loc["orders", "now"] / year.loc["orders", "before"] - 1
    assert growth == pytest.approx(nb.GROWTH_PER_YEAR, abs=0.08)


def test_weekdays_are_found(sample, nb):
    _, _, _, page = sample
    days = pd.to_datetime(page.daily_revenue["day"])
    by_weekday = page.daily_revenue["revenue"].groupby(days.dt.dayofweek).mean()
    assert np.corrcoef(by_weekday, nb.WEEKDAY)[0, 1] > 0.9


def test_season_is_found(nb, sample):
    _, connection, whole, _ = sample
    months = nb.read_query(connection, nb.MONTHLY_REVENUE, **whole.parameters())
    trend = months["revenue"] / 1.35 ** (np.arange(len(months)) / 12)
    by_month = trend.groupby(months["month"].str[5:]).mean()
    assert np.corrcoef(by_month, nb.MONTH)[0, 1] > 0.85
    assert set(by_month.sort_values().index[-2:]) == {"11", "12"}


def test_the_sale_day_is_found(sample):
    _, _, _, page = sample
    daily = page.daily_revenue.set_index("day")["revenue"]
    for year in (2024, 2025):
        day = f"{year}-11-28"
        around = daily.loc[f"{year}-11-14" : f"{year}-12-12"]
        assert daily[day] > 1.8 * around.median()


def test_the_outage_is_found(nb, sample):
    rows, _, whole, page = sample
    day = (date.fromisoformat(whole.end) - timedelta(days=nb.OUTAGE_DAY)).isoformat()
    statuses = rows["orders"].set_index("order_date")["status"].loc[day]
    assert set(statuses) == {"Cancelled"}
    assert page.daily_revenue.set_index("day")["revenue"].loc[day] == 0


def test_the_bulk_day_is_found(nb, sample):
    rows, _, whole, page = sample
    day = (date.fromisoformat(whole.end) - timedelta(days=nb.BULK_DAY)).isoformat()
    quantity = rows["orders"].set_index("order_date")["quantity"]
    assert (quantity.loc[day] % nb.BULK_FACTOR == 0).all()
    revenue = page.daily_revenue.set_index("day")["revenue"]
    assert revenue.loc[day] > 3 * revenue.median()


def later_share(nb, settings):
    """Return, by cohort, the share of its customers who order in a later month, on average over those months."""
    with contextlib.closing(nb.connect(settings.database)) as connection:
        cells = nb.read_customers(connection, nb.everything(connection)).cohort_retention
    later = cells[cells["months_after"] > 0].groupby("cohort")[["ordering_customers", "customers"]].sum()
    return later["ordering_customers"] / later["customers"]


def test_the_rush_that_leaves_is_found(nb, build, sample_settings, tmp_path, monkeypatch):
    """Who first came in December returns less than any other cohort, unless that is not planted."""
    returned = later_share(nb, sample_settings)
    assert returned.idxmin() == "2024-12"
    assert returned["2024-12"] < 0.5 * returned.drop("2024-12").min()
    monkeypatch.setattr(nb, "RUSH_RETURN", 1.0)
    others = later_share(nb, build(tmp_path))
    assert others["2024-12"] > 0.7 * others[["2024-11", "2025-01"]].mean()


def test_each_regions_favourite_is_found(nb, sample):
    _, _, _, page = sample
    units = page.regional_sales.pivot(index="region", columns="category", values="units")
    share = units.div(units.sum(axis=1), axis=0)
    for region, (category, _) in nb.FAVOURITES.items():
        others = share.drop(index=region)
        assert (share / others.mean()).loc[region].idxmax() == category, region
    assert share.loc["West", "Beauty"] == share["Beauty"].max()


def test_region_leaders_are_as_the_text_says(nb, sample):
    _, connection, whole, _ = sample
    leaders = nb.read_query(connection, nb.REGION_LEADERS, **whole.parameters()).set_index("region")["category"]
    assert leaders.to_dict() == {
        "Central": "Home",
        "East": "Electronics",
        "North": "Electronics",
        "South": "Sports",
        "West": "Electronics",
    }


def test_few_customers_buy_much(nb, sample):
    _, connection, whole, page = sample
    top = page.customers["lifetime_value"].sum() / page.tiles.loc["revenue", "now"]
    assert top > 0.15  # 20 of 1,000 customers: 2 %
    answer = nb.read_query(connection, nb.ABOVE_AVERAGE, **whole.parameters()).iloc[0]
    assert answer["percent_of_customers"] < 100 / 3
    assert answer["percent_of_revenue"] > 200 / 3


def test_pairs_bought_together_are_found(nb, sample, sample_settings):
    rows, connection, whole, _ = sample
    answer = nb.read_query(connection, nb.BOUGHT_TOGETHER, **whole.parameters())
    lines = rows["orders"][rows["orders"]["status"] == "Completed"]
    baskets = lines.groupby(["order_date", "order_number"])["product_id"].agg(frozenset)
    for row in answer.itertuples():
        one, other = row.product_id, row.companion_id
        both = sum({one, other} <= basket for basket in baskets)
        either = sum(bool({one, other} & basket) for basket in baskets)
        assert row.checkouts_with_both == both
        assert row.affinity == pytest.approx(both / either)
    found = {frozenset(pair) for pair in zip(answer["product_id"], answer["companion_id"], strict=True)}
    assert found == planted_pairs(nb, sample_settings)


def planted_pairs(nb, settings):
    """Return the pairs that the generator planted, as sets of two ids, drawn again from the same seed."""
    rng = np.random.default_rng(settings.seed)
    last_day = date.fromisoformat(settings.end_date)
    nb.sample_people(rng, settings.sample_customers, last_day, settings.days, settings.seed)
    lines_per_day = settings.sample_orders / settings.days
    products = nb.sample_assortment(rng, settings.sample_products, lines_per_day, settings.seed)
    return {frozenset((one + 1, other + 1)) for one, other in nb.planted_pairs(products).items()}


def test_cancellations_and_returns_are_found(nb, sample):
    rows, _, _, page = sample
    assert page.tiles.loc["cancelled_share", "now"] == pytest.approx(nb.CANCELLED_SHARE, abs=0.01)
    assert 0.02 < page.tiles.loc["returned_share", "now"] < 0.06
    rating = rows["reviews"].groupby("product_id")["rating"].mean()
    lines = rows["orders"].assign(rating=rows["orders"]["product_id"].map(rating)).dropna(subset="rating")
    returned = lines["status"].eq("Returned").groupby(pd.cut(lines["rating"], [0, 3.4, 4.0, 5])).mean().tolist()
    assert returned[0] > 1.3 * returned[2]


def test_products_that_ran_out_are_found(nb, sample):
    rows, connection, _, _ = sample
    answer = nb.read_query(connection, nb.RUNNING_OUT, least=0, most=0)
    assert (answer["days_of_inventory"] == 0).all()
    assert len(answer) >= 8
    assert (rows["products"]["stock_quantity"] == 0).sum() == nb.OUT_OF_STOCK_PRODUCTS


def test_products_that_nobody_buys_are_found(nb, sample):
    rows, _, _, page = sample
    unsold = set(page.product_sales.loc[page.product_sales["units"] == 0, "product_id"])
    never_ordered = set(rows["products"]["product_id"]) - set(rows["orders"]["product_id"])
    assert never_ordered <= unsold
    assert nb.UNSOLD_PRODUCTS <= len(never_ordered) <= nb.UNSOLD_PRODUCTS + 5
    stock = rows["products"].set_index("product_id")["stock_quantity"]
    assert (stock.loc[sorted(never_ordered)] > 0).all()


def test_ratings_follow_quality_and_sales(sample):
    _, _, _, page = sample
    reviewed = page.product_sales[page.product_sales["reviews"] >= 5]
    assert reviewed["rating"].std() > 0.4
    assert reviewed[["rating", "units"]].corr(method="spearman").iloc[0, 1] > 0.3


# The same settings, the same database; all or nothing


def test_the_same_settings_give_the_same_database(build, sample_settings, tmp_path):
    again = build(tmp_path)
    assert digest(again.database) == digest(sample_settings.database)


def test_another_seed_gives_another_shop(build, sample_settings, tmp_path):
    other = build(tmp_path, seed=7)
    assert digest(other.database) != digest(sample_settings.database)


def test_running_again_opens_what_is_there(nb, build, tmp_path):
    settings = build(tmp_path)
    before = (tmp_path / "ecommerce.db").read_bytes()
    assert nb.open_or_build(settings).startswith("Opened")
    nb.summarise(settings)
    assert (tmp_path / "ecommerce.db").read_bytes() == before


@pytest.mark.parametrize("changed", [{"seed": 7}, {"sample_orders": 10_001}, {"days": 729}, {"end_date": "2025-12-30"}])
def test_changed_settings_replace_the_database(nb, build, make_settings, tmp_path, changed):
    settings = build(tmp_path)
    before = digest(settings.database)
    new = replace(settings, **changed)
    assert nb.open_or_build(new).startswith("Replaced")
    assert digest(settings.database) != before
    assert leftovers(tmp_path) == []


class Stop(BaseException):
    """Stands for a user's interruption: not an Exception, as KeyboardInterrupt is none."""


@pytest.mark.parametrize("table", ["customers", "products", "orders", "reviews"])
def test_an_interrupted_run_leaves_the_earlier_database(nb, build, tmp_path, monkeypatch, table):
    settings = build(tmp_path)
    before = (tmp_path / "ecommerce.db").read_bytes()
    whole = nb.sample_shop

    def interrupted(settings):
        for name, columns in whole(settings):
            if name == table:
                raise Stop
            yield name, columns

    monkeypatch.setattr(nb, "sample_shop", interrupted)
    with pytest.raises(Stop):
        nb.open_or_build(replace(settings, seed=7))
    assert (tmp_path / "ecommerce.db").read_bytes() == before
    assert leftovers(tmp_path) == []


def test_a_killed_run_leaves_the_earlier_database(nb, build, tmp_path):
    """A process that is killed while it builds: the database stays, and the next run works and cleans up."""
    settings = build(tmp_path)
    before = (tmp_path / "ecommerce.db").read_bytes()
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import notebook_module as m; nb = m.load();"
        "nb.open_or_build(nb.Settings(**{**m.default_settings(), 'database': sys.argv[2],"
        "'sample_orders': 400_000, 'sample_reviews': 5_000}))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(Path(__file__).parent), settings.database], stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not leftovers(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert leftovers(tmp_path)
    process.kill()
    process.wait()
    assert (tmp_path / "ecommerce.db").read_bytes() == before
    assert nb.open_or_build(replace(settings, seed=7)).startswith("Replaced")
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"sample_customers": 50, "sample_products": 60, "sample_orders": 500, "sample_reviews": 0, "days": 60},
        {"sample_customers": 3_000, "sample_products": 2_000, "sample_orders": 5_000, "sample_reviews": 1_000},
        {"days": 3_650, "end_date": "2024-02-29"},
    ],
)
def test_other_sizes_work(nb, build, tmp_path, changed):
    settings = build(tmp_path, **changed)
    connection = nb.connect(settings.database)
    page = nb.read_page(connection, nb.everything(connection))
    assert page.tiles.loc["orders", "now"] > 0
    for table in nb.COLUMNS:
        count = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        assert count == getattr(settings, f"sample_{table}")
    connection.close()


def test_the_sample_ends_on_its_last_day(sample):
    _, _, whole, _ = sample
    assert date.fromisoformat(whole.end) == date(2025, 12, 31)
    assert date.fromisoformat(whole.start) - date(2025, 12, 31) > timedelta(days=-735)
