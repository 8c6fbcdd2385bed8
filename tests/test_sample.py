"""The sample shop: what was planted shows in the dashboard's figures, and the same settings give the same database."""

import contextlib
import hashlib
import re
import sqlite3
import subprocess
import sys
import time
import types
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import tables

from shopboard import sample as generator
from shopboard.database import COLUMNS


@pytest.fixture(scope="module")
def sample(open_shop, sample_settings):
    """The sample: its rows, and the shop that is asked."""
    shop = open_shop(sample_settings)
    yield types.SimpleNamespace(rows=tables(sample_settings.database), shop=shop, ask=shop.ask, whole=shop.everything())
    shop.close()


@pytest.fixture(scope="module")
def daily_revenue(sample, story):
    """Revenue of each day, by day."""
    return sample.ask(story.DAILY_REVENUE).set_index("day")["revenue"]


def digest(path):
    """Return a digest of a shop's four tables: what they are, their indexes, and all rows."""
    told = re.compile(rf'(INSERT INTO "?|CREATE TABLE "?|CREATE INDEX \w+ ON )({"|".join(COLUMNS)})\b')
    with contextlib.closing(sqlite3.connect(path)) as connection:
        lines = [line for line in connection.iterdump() if told.match(line)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def leftovers(folder):
    return sorted(path.name for path in Path(folder).iterdir() if path.name != "ecommerce.db")


def test_row_counts_and_integrity(sample):
    assert {name: len(table) for name, table in sample.rows.items()} == {
        "customers": 1_000,
        "products": 500,
        "orders": 10_000,
        "reviews": 5_000,
    }
    assert sample.shop.connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert sample.shop.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert sample.rows["orders"].drop(columns="region").notna().all(axis=None)
    assert sample.rows["orders"]["region"].isna().all()
    assert sample.rows["orders"]["order_date"].max() <= "2025-12-31"
    assert sample.rows["customers"]["email"].is_unique


def test_amount_is_price_times_quantity(sample):
    lines = sample.rows["orders"].merge(sample.rows["products"], on="product_id")
    assert np.allclose(lines["total_amount"], lines["price"] * lines["quantity"], atol=0.001, rtol=0)
    cents = lines["total_amount"] * 100
    assert np.allclose(cents, cents.round(), atol=1e-6)


def test_nobody_orders_before_registering(sample):
    lines = sample.rows["orders"].merge(sample.rows["customers"], on="customer_id")
    assert (lines["order_date"] >= lines["registration_date"]).all()


def test_checkouts_belong_to_one_customer_and_day(sample):
    checkouts = sample.rows["orders"].groupby("order_number")
    assert (checkouts["customer_id"].nunique() == 1).all()
    assert (checkouts["order_date"].nunique() == 1).all()
    sizes = checkouts.size().value_counts(normalize=True)
    assert sizes[1] == pytest.approx(0.60, abs=0.03)
    assert sizes[2] == pytest.approx(0.26, abs=0.03)


def test_reviews_follow_a_delivery(sample):
    received = sample.rows["orders"][sample.rows["orders"]["status"].isin(["Completed", "Returned"])]
    first = received.groupby(["customer_id", "product_id"])["order_date"].min().rename("received")
    reviews = sample.rows["reviews"].merge(first, left_on=["customer_id", "product_id"], right_index=True, how="left")
    assert reviews["received"].notna().all()
    assert (reviews["review_date"] > reviews["received"]).all()
    assert not sample.rows["reviews"].duplicated(["customer_id", "product_id"]).any()


# What was planted, found in the answers that the page shows


def test_growth_is_found(sample, story):
    year = replace(sample.whole, start="2025-01-01")
    now, before = (sample.ask(story.TILES, selection).iloc[0] for selection in (year, year.before()))
    assert now["orders"] / before["orders"] - 1 == pytest.approx(story.PLANTED.growth_per_year, abs=0.08)


def test_weekdays_are_found(daily_revenue, story):
    by_weekday = daily_revenue.groupby(pd.to_datetime(daily_revenue.index).dayofweek).mean()
    assert np.corrcoef(by_weekday, story.PLANTED.weekday)[0, 1] > 0.9


def test_season_is_found(sample, story):
    months = sample.ask(story.MONTHLY_REVENUE)
    trend = months["revenue"] / 1.35 ** (np.arange(len(months)) / 12)
    by_month = trend.groupby(months["month"].str[5:]).mean()
    assert np.corrcoef(by_month, story.PLANTED.month)[0, 1] > 0.85
    assert set(by_month.sort_values().index[-2:]) == {"11", "12"}


def test_the_sale_day_is_found(daily_revenue):
    for year in (2024, 2025):
        around = daily_revenue.loc[f"{year}-11-14" : f"{year}-12-12"]
        assert daily_revenue[f"{year}-11-28"] > 1.8 * around.median()


def test_the_outage_is_found(sample, story, daily_revenue):
    day = (date.fromisoformat(sample.whole.end) - timedelta(days=story.PLANTED.outage_day)).isoformat()
    statuses = sample.rows["orders"].set_index("order_date")["status"].loc[day]
    assert set(statuses) == {"Cancelled"}
    assert daily_revenue[day] == 0


def test_the_bulk_day_is_found(sample, story, daily_revenue):
    day = (date.fromisoformat(sample.whole.end) - timedelta(days=story.PLANTED.bulk_day)).isoformat()
    quantity = sample.rows["orders"].set_index("order_date")["quantity"]
    assert (quantity.loc[day] % story.PLANTED.bulk_factor == 0).all()
    assert daily_revenue[day] > 3 * daily_revenue.median()


def later_share(story, open_shop, settings):
    """Return, by cohort, the share of its customers who order in a later month, on average over those months."""
    with contextlib.closing(open_shop(settings)) as shop:
        cells = shop.ask(story.COHORT_RETENTION)
    later = cells[(cells["months_after"] > 0) & (cells["cohort"] != "average")]
    later = later.groupby("cohort")[["ordering_customers", "customers"]].sum()
    return later["ordering_customers"] / later["customers"]


def test_the_rush_that_leaves_is_found(story, open_shop, build, sample_settings, tmp_path, monkeypatch):
    """Who first came in December returns less than any other cohort, unless that is not planted."""
    returned = later_share(story, open_shop, sample_settings)
    assert returned.idxmin() == "2024-12"
    assert returned["2024-12"] < 0.5 * returned.drop("2024-12").min()
    monkeypatch.setattr(story, "PLANTED", replace(story.PLANTED, rush_return=1.0))
    others = later_share(story, open_shop, build(tmp_path))
    assert others["2024-12"] > 0.7 * others[["2024-11", "2025-01"]].mean()


def test_each_regions_favourite_is_found(sample, story):
    units = sample.ask(story.REGIONAL_SALES).pivot(index="region", columns="category", values="units")
    share = units.div(units.sum(axis=1), axis=0)
    for region, (category, _) in story.PLANTED.favourites.items():
        others = share.drop(index=region)
        assert (share / others.mean()).loc[region].idxmax() == category, region
    assert share.loc["West", "Beauty"] == share["Beauty"].max()


def test_region_leaders_are_as_the_text_says(sample, story):
    ranks = sample.ask(story.CATEGORY_RANKS)
    leaders = ranks[ranks["rank_in_region"] == 1].set_index("region")["category"]
    assert leaders.to_dict() == {
        "Central": "Home",
        "East": "Electronics",
        "North": "Electronics",
        "South": "Sports",
        "West": "Electronics",
    }


def test_few_customers_buy_much(sample, story):
    best = sample.ask(story.TOP_CUSTOMERS)["lifetime_value"].sum()
    assert best / sample.ask(story.TILES).loc[0, "revenue"] > 0.15  # 20 of 1,000 customers: 2 %
    answer = sample.ask(story.ABOVE_AVERAGE).iloc[0]
    assert answer["percent_of_customers"] < 100 / 3
    assert answer["percent_of_revenue"] > 200 / 3


def test_pairs_bought_together_are_found(sample, story, sample_settings):
    answer = sample.ask(story.BOUGHT_TOGETHER)
    lines = sample.rows["orders"][sample.rows["orders"]["status"] == "Completed"]
    baskets = lines.groupby(["order_date", "order_number"])["product_id"].agg(frozenset)
    for row in answer.itertuples():
        one, other = row.product_id, row.companion_id
        both = sum({one, other} <= basket for basket in baskets)
        either = sum(bool({one, other} & basket) for basket in baskets)
        assert row.checkouts_with_both == both
        assert row.affinity == pytest.approx(both / either)
    found = {frozenset(pair) for pair in zip(answer["product_id"], answer["companion_id"], strict=True)}
    assert found == planted_pairs(story, sample_settings)


def planted_pairs(story, settings):
    """Return the pairs that the generator planted, as sets of two ids, drawn again from the same seed."""
    rng = np.random.default_rng(settings.seed)
    last_day = date.fromisoformat(settings.end_date)
    generator.sample_people(rng, settings, story.PLANTED, last_day)
    products = generator.sample_assortment(rng, settings, story.PLANTED)
    return {frozenset((one + 1, other + 1)) for one, other in generator.planted_pairs(products, story.PLANTED).items()}


def test_cancellations_and_returns_are_found(sample, story):
    tiles = sample.ask(story.TILES).iloc[0]
    assert tiles["cancelled_share"] == pytest.approx(story.PLANTED.cancelled_share, abs=0.01)
    assert 0.02 < tiles["returned_share"] < 0.06
    rating = sample.rows["reviews"].groupby("product_id")["rating"].mean()
    lines = sample.rows["orders"].assign(rating=sample.rows["orders"]["product_id"].map(rating)).dropna(subset="rating")
    returned = lines["status"].eq("Returned").groupby(pd.cut(lines["rating"], [0, 3.4, 4.0, 5])).mean().tolist()
    assert returned[0] > 1.3 * returned[2]


def test_products_that_ran_out_are_found(sample, story):
    products = sample.ask(story.INVENTORY, **story.planning())
    sold_out = products[(products["stock"] == 0) & (products["units_per_day"] > 0)]
    assert (sold_out["days_of_inventory"] == 0).all()
    assert len(sold_out) >= 8
    assert (sample.rows["products"]["stock_quantity"] == 0).sum() == story.PLANTED.out_of_stock_products


def test_products_that_nobody_buys_are_found(sample, story):
    sales = sample.ask(story.PRODUCT_SALES)
    unsold = set(sales.loc[sales["units"] == 0, "product_id"])
    never_ordered = set(sample.rows["products"]["product_id"]) - set(sample.rows["orders"]["product_id"])
    assert never_ordered <= unsold
    assert story.PLANTED.unsold_products <= len(never_ordered) <= story.PLANTED.unsold_products + 5
    stock = sample.rows["products"].set_index("product_id")["stock_quantity"]
    assert (stock.loc[sorted(never_ordered)] > 0).all()


def test_ratings_follow_quality_and_sales(sample, story):
    sales = sample.ask(story.PRODUCT_SALES)
    reviewed = sales[sales["reviews"] >= 5]
    assert reviewed["rating"].std() > 0.4
    assert reviewed[["rating", "units"]].corr(method="spearman").iloc[0, 1] > 0.3


# The same settings, the same database; all or nothing


def test_the_same_settings_give_the_same_database(build, sample_settings, tmp_path):
    again = build(tmp_path)
    assert digest(again.database) == digest(sample_settings.database)


def test_another_seed_gives_another_shop(build, sample_settings, tmp_path):
    other = build(tmp_path, seed=7)
    assert digest(other.database) != digest(sample_settings.database)


def test_running_again_opens_what_is_there(open_or_build, build, tmp_path):
    settings = build(tmp_path)
    before = (tmp_path / "ecommerce.db").read_bytes()
    assert open_or_build(settings).startswith("Opened")
    assert (tmp_path / "ecommerce.db").read_bytes() == before


@pytest.mark.parametrize("changed", [{"seed": 7}, {"sample_orders": 10_001}, {"days": 729}, {"end_date": "2025-12-30"}])
def test_changed_settings_replace_the_database(open_or_build, build, tmp_path, changed):
    settings = build(tmp_path)
    before = digest(settings.database)
    new = replace(settings, **changed)
    assert open_or_build(new).startswith("Replaced")
    assert digest(settings.database) != before
    assert leftovers(tmp_path) == []


class Stop(BaseException):
    """Stands for a user's interruption: not an Exception, as KeyboardInterrupt is none."""


@pytest.mark.parametrize("table", ["customers", "products", "orders", "reviews"])
def test_an_interrupted_run_leaves_the_earlier_database(story, open_or_build, build, tmp_path, monkeypatch, table):
    settings = build(tmp_path)
    before = (tmp_path / "ecommerce.db").read_bytes()
    whole = story.sample_rows

    def interrupted(settings, planted, at_once):
        for name, rows in whole(settings, planted, at_once):
            if name == table:
                raise Stop
            yield name, rows

    monkeypatch.setattr(story, "sample_rows", interrupted)
    with pytest.raises(Stop):
        open_or_build(replace(settings, seed=7))
    assert (tmp_path / "ecommerce.db").read_bytes() == before
    assert leftovers(tmp_path) == []


BUILD = """
import sys
sys.path[:0] = [".", ".."]
import notebook_module
from shopboard.building import open_or_build
from shopboard.database import ShopDesign
from shopboard.settings import Settings
story = notebook_module.load()
design = ShopDesign(story.SCHEMA, story.INDEXES, story.MODELS, story.fill_with_sample)
open_or_build(Settings(**{**notebook_module.default_settings(), **eval(sys.argv[1])}), design)
"""


def test_a_killed_run_leaves_the_earlier_database(open_or_build, build, tmp_path):
    """A process that is killed while it builds: the database stays, and the next run works and cleans up."""
    settings = build(tmp_path)
    before = (tmp_path / "ecommerce.db").read_bytes()
    changed = {"database": settings.database, "sample_orders": 400_000, "sample_reviews": 5_000}
    process = subprocess.Popen(
        [sys.executable, "-c", BUILD, repr(changed)], cwd=Path(__file__).parent, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not leftovers(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert leftovers(tmp_path)
    process.kill()
    process.wait()
    assert (tmp_path / "ecommerce.db").read_bytes() == before
    assert open_or_build(replace(settings, seed=7)).startswith("Replaced")
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"sample_customers": 50, "sample_products": 60, "sample_orders": 500, "sample_reviews": 0, "days": 60},
        {"sample_customers": 3_000, "sample_products": 2_000, "sample_orders": 5_000, "sample_reviews": 1_000},
        {"days": 3_650, "end_date": "2024-02-29"},
    ],
)
def test_other_sizes_work(story, open_shop, build, tmp_path, changed):
    settings = build(tmp_path, **changed)
    with contextlib.closing(open_shop(settings)) as shop:
        assert shop.ask(story.TILES).loc[0, "orders"] > 0
        for table in COLUMNS:
            count = shop.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            assert count == getattr(settings, f"sample_{table}")


def test_the_sample_ends_on_its_last_day(sample):
    assert date.fromisoformat(sample.whole.end) == date(2025, 12, 31)
    assert date.fromisoformat(sample.whole.start) - date(2025, 12, 31) > timedelta(days=-735)
