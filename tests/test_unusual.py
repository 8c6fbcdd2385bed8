"""Unusual days and the small lines of the tiles: what was planted is found, chance is not taken for it, and sums agree."""

import math
import re
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

MARKED = 12  # at most
MONDAY = date(2024, 1, 1)


def frame(revenue, first=MONDAY):
    """Return days without gaps with their revenue, as the page's query does."""
    days = [(first + timedelta(days=n)).isoformat() for n in range(len(revenue))]
    return pd.DataFrame({"day": days, "revenue": np.asarray(revenue, dtype=float)})


def sampled(nb, settings):
    """Return the sample's revenue per day without building its database."""
    rng = np.random.default_rng(settings.seed)
    last_day, days = date.fromisoformat(settings.end_date), settings.days
    people = nb.sample_people(rng, settings.sample_customers, last_day, days, settings.seed)
    products = nb.sample_assortment(rng, settings.sample_products, settings.sample_orders / days, settings.seed)
    lines = nb.sample_lines(rng, people, products, settings)
    done = lines["status"] == nb.COMPLETED
    return frame(
        np.bincount(lines["day"][done], lines["amount"][done], days), last_day - timedelta(days=settings.days - 1)
    )


def planted(nb, settings):
    """Return the days on which something was planted."""
    last = date.fromisoformat(settings.end_date)
    odd = {last - timedelta(days=n) for n in (nb.OUTAGE_DAY, nb.BULK_DAY)}
    days = (last - timedelta(days=n) for n in range(settings.days))
    sales = {day for day in days if day.isoformat()[5:] == nb.SALE_DAY[0]}
    return {day.isoformat() for day in odd}, {day.isoformat() for day in sales}


@pytest.fixture
def nothing_planted(nb, monkeypatch):
    """The sample without any day that was made unusual."""
    monkeypatch.setattr(nb, "SALE_DAY", (nb.SALE_DAY[0], 1.0))
    monkeypatch.setattr(nb, "OUTAGE_DAY", -1)
    monkeypatch.setattr(nb, "BULK_DAY", -1)


def test_what_was_planted_is_found(nb, make_settings):
    settings = make_settings()
    found = set(nb.unusual_days(sampled(nb, settings))["day"])
    odd, sales = planted(nb, settings)
    assert odd <= found, "the outage and the bulk day"
    assert found & sales, "at least one of the sales"
    assert len(found - odd - sales) <= 1


def test_a_larger_shop_shows_all_that_was_planted_and_nothing_else(nb, make_settings):
    settings = make_settings(sample_orders=100_000, sample_customers=5_000)
    found = set(nb.unusual_days(sampled(nb, settings))["day"])
    odd, sales = planted(nb, settings)
    assert len(sales) == 2
    assert found == odd | sales


@pytest.mark.parametrize("level", ["seasons", "no seasons"])
def test_no_wolf_is_cried_where_nothing_was_planted(nb, make_settings, nothing_planted, monkeypatch, level):
    if level == "no seasons":
        monkeypatch.setattr(nb, "WEEKDAY", (1.0,) * 7)
        monkeypatch.setattr(nb, "MONTH", (1.0,) * 12)
    counts = [len(nb.unusual_days(sampled(nb, make_settings(seed=seed)))) for seed in range(10)]
    assert sum(counts) <= 10
    assert max(counts) <= 4
    large = make_settings(sample_orders=100_000, sample_customers=5_000)
    assert len(nb.unusual_days(sampled(nb, large))) <= 1


def test_the_page_finds_them_and_says_why(nb, sample_settings):
    with closing(nb.connect(sample_settings.database)) as connection:
        page = nb.read_page(connection, nb.everything(connection))
    odd, _ = planted(nb, sample_settings)
    found = page.unusual_days.set_index("day")
    assert odd <= set(found.index)
    revenue = page.daily_revenue.set_index("day")["revenue"]
    assert (found["revenue"] == revenue[found.index]).all()
    assert np.allclose(found["times"], found["revenue"] / found["expected"])
    for day, row in found.iterrows():
        size = f"{row.times:.1f} times" if row.times > 1 else "nothing of"
        assert row.reason == f"{size} what is expected of a {pd.Timestamp(day).day_name()} in these weeks"
    marks = nb.page_figures(page, "<$>", nb.category_colours(nb.CATEGORIES))["daily_revenue"].data[2]
    assert list(marks.x) == list(found.index)
    assert list(marks.y) == found["revenue"].tolist()
    outage = marks.customdata[list(marks.y).index(0.0)]
    assert re.fullmatch(r"nothing of the &lt;\$&gt;[\d,]+\.\d\d expected of a \w+day in these weeks", outage)


def test_the_metabase_shop_has_few(nb, metabase_settings):
    """Nobody planted anything there: a shop that grows from nothing in four years."""
    with closing(nb.connect(metabase_settings.database)) as connection:
        whole = nb.everything(connection)
        for regions in (whole.regions, whole.regions[:1]):
            found = nb.read_page(connection, replace(whole, regions=regions)).unusual_days
            assert len(found) <= 3


def test_narrow_selections_are_no_row_of_alarms(nb, sample_settings):
    with closing(nb.connect(sample_settings.database)) as connection:
        whole = nb.everything(connection)
        counts = [
            len(nb.read_page(connection, replace(whole, regions=(region,), categories=(category,))).unusual_days)
            for region in whole.regions[::2]
            for category in whole.categories[::3]
        ]
    assert sum(counts) <= len(counts) / 2


def test_an_expected_revenue_by_hand(nb):
    """Weekends sell four times as much, and nothing else happens: that is what is expected, and no day is unusual."""
    week = np.array([100.0, 100.0, 100.0, 100.0, 100.0, 400.0, 400.0])
    daily = frame(np.tile(week, 20))
    assert len(nb.unusual_days(daily)) == 0
    daily.loc[75, "revenue"] = 1_200.0  # a Saturday, three times a Saturday
    daily.loc[80, "revenue"] = 0.0  # a Thursday
    daily.loc[89, "revenue"] = 100.0  # a Saturday that sells like a Monday
    daily.loc[138, "revenue"] = 0.0  # a Saturday in the last week, which may not be complete
    found = nb.unusual_days(daily)
    assert found["day"].tolist() == [daily["day"][n] for n in (75, 80, 89)]
    assert found["expected"].tolist() == pytest.approx([400.0, 100.0, 400.0])
    assert found["reason"].tolist() == [
        "3.0 times what is expected of a Saturday in these weeks",
        "nothing of what is expected of a Thursday in these weeks",
        "25% of what is expected of a Saturday in these weeks",
    ]


def test_growth_and_a_step_are_no_unusual_days(nb):
    rng = np.random.default_rng(5)
    noise = rng.lognormal(0, 0.1, 400)
    assert len(nb.unusual_days(frame(100 * 1.01 ** np.arange(400) * noise))) == 0
    assert len(nb.unusual_days(frame(np.repeat([1_000.0, 3_000.0], 200) * noise))) == 0


def test_too_few_days_to_know(nb):
    revenue = np.full(56, 100.0)
    revenue[20] = 900.0
    assert nb.unusual_days(frame(revenue))["day"].tolist() == ["2024-01-21"]
    few = nb.unusual_days(frame(revenue[:55]))
    assert len(few) == 0
    assert list(few.columns) == ["day", "revenue", "expected", "times", "reason"]
    assert len(nb.unusual_days(frame([]))) == 0


REVENUES = st.lists(st.floats(0.0, 1e6, width=32), min_size=56, max_size=130)


@hypothesis_settings(max_examples=60)
@given(revenue=REVENUES, weekday=st.integers(0, 6), power=st.integers(-5, 8))
def test_scaling_all_revenue_changes_no_day(nb, revenue, weekday, power):
    first = MONDAY + timedelta(days=weekday)
    found = nb.unusual_days(frame(revenue, first))
    scaled = nb.unusual_days(frame(np.array(revenue) * 4.0**power, first))  # a power of four has an exact root
    assert scaled["day"].tolist() == found["day"].tolist()
    assert scaled["reason"].tolist() == found["reason"].tolist()
    assert len(found) <= MARKED
    assert found["day"].is_monotonic_increasing
    assert ((found["times"] >= 2) | (found["times"] <= 0.5)).all()
    assert (found.loc[found["day"] > frame(revenue, first)["day"].iloc[-8], "times"] > 1).all()


@hypothesis_settings(max_examples=30)
@given(value=st.floats(0.0, 1e7), days=st.integers(1, 400), gap=st.integers(1, 9))
def test_equal_days_and_days_without_a_sale_are_none(nb, value, days, gap):
    assert len(nb.unusual_days(frame([value] * days))) == 0
    sparse = np.zeros(days)
    sparse[::gap] = value
    assert len(nb.unusual_days(frame(sparse))) <= MARKED


# --- the lines of the tiles


def test_lines_are_sums_of_the_base_rows(nb, shop):
    """By an independent route: the rows themselves, cut into the steps that end with the last day."""
    rows = shop.orders.assign(day=pd.to_datetime(shop.orders["order_date"]))
    start, end = date.fromisoformat(shop.whole.start), date.fromisoformat(shop.whole.end)
    third = (end - start) // 3
    middle = {"start": (start + third).isoformat(), "end": (end - third).isoformat()}
    for filters in (
        shop.whole,
        replace(shop.whole, regions=shop.whole.regions[1:3], categories=shop.whole.categories[:2], **middle),
    ):
        trends = nb.read_page(shop.connection, filters).trends
        length = (pd.Timestamp(filters.end) - pd.Timestamp(filters.start)).days + 1
        starts = pd.to_datetime(pd.Series(trends.index))
        (step,) = set(starts.diff().dropna().dt.days)
        assert step % 7 == 0
        assert len(trends) == length // step <= 26
        assert starts.iloc[-1] + pd.Timedelta(days=step - 1) == pd.Timestamp(filters.end)
        chosen = rows[
            rows["region"].isin(filters.regions)
            & rows["category"].isin(filters.categories)
            & (rows["day"] >= starts.iloc[0])
            & (rows["day"] <= filters.end)
        ]
        number = (chosen["day"] - starts.iloc[0]).dt.days // step
        done = chosen[chosen["status"] == "Completed"].assign(number=number)
        steps = range(len(trends))
        revenue = done.groupby("number")["total_amount"].sum().reindex(steps, fill_value=0.0).to_numpy()
        orders = done.groupby("number")["order_number"].nunique().reindex(steps, fill_value=0).to_numpy()
        units = done.groupby("number")["quantity"].sum().reindex(steps, fill_value=0).to_numpy()
        cancelled = (chosen["status"] == "Cancelled").groupby(number).mean().reindex(steps).to_numpy()
        returned = (chosen["status"] == "Returned").groupby(number).mean().reindex(steps).to_numpy()
        assert np.allclose(trends["revenue"], revenue)
        assert trends["orders"].tolist() == orders.tolist()
        assert trends["units"].tolist() == units.tolist()
        with np.errstate(invalid="ignore"):
            assert np.allclose(trends["average_order_value"], revenue / orders, equal_nan=True)
        assert np.allclose(trends["cancelled_share"], cancelled, equal_nan=True)
        assert np.allclose(trends["returned_share"], returned, equal_nan=True)


def test_orders_by_day_follow_what_is_written(nb, build, tmp_path):
    """Checkouts of several customers, and lines written since the columns were packed, count where they belong."""
    settings = build(tmp_path, sample_orders=1_500, sample_customers=60, sample_products=80, sample_reviews=50, days=90)
    with closing(nb.connect(settings.database)) as connection:
        whole = nb.everything(connection)
        selections = [whole, replace(whole, regions=whole.regions[1:3], categories=whole.categories[2:4])]
        nb.daily_orders(connection, whole)  # what is kept from here on must not go stale
        with closing(nb.connect(settings.database, "rw")) as writer, writer:
            writer.execute("UPDATE orders SET status = 'Cancelled' WHERE order_number % 7 = 0")
            writer.execute("UPDATE orders SET customer_id = 1 + order_id % 60 WHERE order_number % 5 = 0")
            writer.execute("UPDATE orders SET status = 'Completed' WHERE order_number % 3 = 0")
        nb.catch_up(settings)
        (mixed,) = connection.execute("SELECT COUNT(*) FROM mixed_checkouts").fetchone()
        (waiting,) = connection.execute(
            "SELECT COUNT(*) FROM packed_changes WHERE summary = 'checkout_days'"
        ).fetchone()
        assert mixed and waiting
        for filters in selections:
            asked = nb.read_query(
                connection,
                """
                SELECT order_date, COUNT(DISTINCT order_number) AS orders FROM order_lines
                WHERE status = 'Completed'
                    AND region IN (SELECT value FROM JSON_EACH(:regions))
                    AND category IN (SELECT value FROM JSON_EACH(:categories))
                GROUP BY order_date
                """,
                regions=filters.parameters()["regions"],
                categories=filters.parameters()["categories"],
            ).set_index("order_date")["orders"]
            days = pd.date_range(filters.start, filters.end).strftime("%Y-%m-%d")
            found = nb.daily_orders(connection, filters)
            assert found.tolist() == asked.reindex(days, fill_value=0).tolist()
            assert found.sum() == nb.count_orders(connection, filters)


@given(length=st.integers(1, 4_000))
def test_steps_are_whole_weeks_and_few(nb, length):
    daily = frame(np.ones(length)).assign(orders=1, units=2, lines=4, cancelled_lines=1, returned_lines=0)
    trends = nb.tile_trends(daily)
    assert len(trends) <= 26
    assert (len(trends) == 0) == (length < 7)
    assert len(trends) >= min(13, length // 7), "as short as they can be"
    assert set(trends["cancelled_share"]) <= {0.25}


def test_a_line_by_hand(nb):
    points = re.search('points="(.*?)"', nb.trend_line([2.0, math.nan, 4.0, 3.0]))[1]
    assert points == "1.0,15.0 42.3,1.0 63.0,8.0"
    assert 'points="1.0,8.0 63.0,8.0"' in nb.trend_line([5.0, 5.0])
    assert nb.trend_line([]) == nb.trend_line([1.0]) == nb.trend_line([1.0, math.nan]) == ""


def test_tiles_have_their_lines(nb, shop):
    page = nb.read_page(shop.connection, shop.whole)
    html = nb.tiles_html(page, "$")
    found = re.findall(r'data-measure="(\w+)"(?:(?!shop-tile").)*?<svg class="shop-trend"', html)
    shares = ["cancelled_share", "returned_share"] if shop.states_statuses else []
    assert found == ["revenue", "orders", "average_order_value", "units", *shares]
    assert html.count("<svg") == html.count('aria-hidden="true"') == len(found)
    week = replace(shop.whole, start=(date.fromisoformat(shop.whole.end) - timedelta(days=6)).isoformat())
    assert "<svg" not in nb.tiles_html(nb.read_page(shop.connection, week), "$"), "one week has no course"
