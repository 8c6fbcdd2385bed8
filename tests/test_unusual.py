"""Unusual days: what was planted is found, and chance is not taken for it."""

from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shopboard import sample as generator

MARKED = 12  # at most
MONDAY = date(2024, 1, 1)


def frame(revenue, first=MONDAY):
    """Return days without gaps with their revenue, as the page's query does."""
    days = [(first + timedelta(days=n)).isoformat() for n in range(len(revenue))]
    return pd.DataFrame({"day": days, "revenue": np.asarray(revenue, dtype=float)})


def sampled(story, settings):
    """Return the sample's revenue per day without building its database."""
    rng = np.random.default_rng(settings.seed)
    last_day, days = date.fromisoformat(settings.end_date), settings.days
    people = generator.sample_people(rng, settings, story.PLANTED, last_day)
    products = generator.sample_assortment(rng, settings, story.PLANTED)
    lines = generator.sample_lines(rng, people, products, settings, story.PLANTED)
    done = lines["status"] == generator.COMPLETED
    return frame(
        np.bincount(lines["day"][done], lines["amount"][done], days), last_day - timedelta(days=settings.days - 1)
    )


def planted(story, settings):
    """Return the days on which something was planted."""
    last = date.fromisoformat(settings.end_date)
    odd = {last - timedelta(days=n) for n in (story.PLANTED.outage_day, story.PLANTED.bulk_day)}
    days = (last - timedelta(days=n) for n in range(settings.days))
    sales = {day for day in days if day.isoformat()[5:] == story.PLANTED.sale_day[0]}
    return {day.isoformat() for day in odd}, {day.isoformat() for day in sales}


@pytest.fixture
def nothing_planted(story, monkeypatch):
    """The sample without any day that was made unusual."""
    never = replace(story.PLANTED, sale_day=(story.PLANTED.sale_day[0], 1.0), outage_day=-1, bulk_day=-1)
    monkeypatch.setattr(story, "PLANTED", never)


def test_what_was_planted_is_found(story, make_settings):
    settings = make_settings()
    found = set(story.unusual_days(sampled(story, settings))["day"])
    odd, sales = planted(story, settings)
    assert odd <= found, "the outage and the bulk day"
    assert found & sales, "at least one of the sales"
    assert len(found - odd - sales) <= 1


def test_a_larger_shop_shows_all_that_was_planted_and_nothing_else(story, make_settings):
    settings = make_settings(sample_orders=100_000, sample_customers=5_000)
    found = set(story.unusual_days(sampled(story, settings))["day"])
    odd, sales = planted(story, settings)
    assert len(sales) == 2
    assert found == odd | sales


@pytest.mark.parametrize("level", ["seasons", "no seasons"])
def test_no_wolf_is_cried_where_nothing_was_planted(story, make_settings, nothing_planted, monkeypatch, level):
    if level == "no seasons":
        monkeypatch.setattr(story, "PLANTED", replace(story.PLANTED, weekday=(1.0,) * 7, month=(1.0,) * 12))
    counts = [len(story.unusual_days(sampled(story, make_settings(seed=seed)))) for seed in range(10)]
    assert sum(counts) <= 10
    assert max(counts) <= 4
    large = make_settings(sample_orders=100_000, sample_customers=5_000)
    assert len(story.unusual_days(sampled(story, large))) <= 1


def test_the_question_finds_them_and_says_why(story, sample_settings, open_shop):
    with closing(open_shop(sample_settings)) as shop:
        daily = shop.ask(story.DAILY_REVENUE)
    odd, _ = planted(story, sample_settings)
    found = story.unusual_days(daily).set_index("day")
    assert odd <= set(found.index)
    assert (found["revenue"] == daily.set_index("day")["revenue"][found.index]).all()
    assert np.allclose(found["times"], found["revenue"] / found["expected"])
    for day, row in found.iterrows():
        size = f"{row.times:.1f} times" if row.times > 1 else "nothing of"
        assert row.reason == f"{size} what is expected of a {pd.Timestamp(day).day_name()} in these weeks"
    german = story.unusual_days(daily, look=story.Look(number_format="1.234,56")).set_index("day")
    assert german["reason"].tolist() == [reason.replace(".", ",") for reason in found["reason"]]


def test_the_metabase_shop_has_few(story, metabase_settings, open_shop):
    """Nobody planted anything there: a shop that grows from nothing in four years."""
    with closing(open_shop(metabase_settings)) as shop:
        whole = shop.everything()
        for regions in (whole.regions, whole.regions[:1]):
            found = story.unusual_days(shop.ask(story.DAILY_REVENUE, replace(whole, regions=regions)))
            assert len(found) <= 3


def test_narrow_selections_are_no_row_of_alarms(story, sample_settings, open_shop):
    with closing(open_shop(sample_settings)) as shop:
        whole = shop.everything()
        narrow = [
            replace(whole, regions=(region,), categories=(category,))
            for region in whole.regions[::2]
            for category in whole.categories[::3]
        ]
        counts = [len(story.unusual_days(shop.ask(story.DAILY_REVENUE, selection))) for selection in narrow]
    assert sum(counts) <= len(counts) / 2


def test_an_expected_revenue_by_hand(story):
    """Weekends sell four times as much, and nothing else happens: that is what is expected, and no day is unusual."""
    week = np.array([100.0, 100.0, 100.0, 100.0, 100.0, 400.0, 400.0])
    daily = frame(np.tile(week, 20))
    assert len(story.unusual_days(daily)) == 0
    daily.loc[75, "revenue"] = 1_200.0  # a Saturday, three times a Saturday
    daily.loc[80, "revenue"] = 0.0  # a Thursday
    daily.loc[89, "revenue"] = 100.0  # a Saturday that sells like a Monday
    daily.loc[138, "revenue"] = 0.0  # a Saturday in the last week, which may not be complete
    found = story.unusual_days(daily)
    assert found["day"].tolist() == [daily["day"][n] for n in (75, 80, 89)]
    assert found["expected"].tolist() == pytest.approx([400.0, 100.0, 400.0])
    assert found["reason"].tolist() == [
        "3.0 times what is expected of a Saturday in these weeks",
        "nothing of what is expected of a Thursday in these weeks",
        "25% of what is expected of a Saturday in these weeks",
    ]


def test_growth_and_a_step_are_no_unusual_days(story):
    rng = np.random.default_rng(5)
    noise = rng.lognormal(0, 0.1, 400)
    assert len(story.unusual_days(frame(100 * 1.01 ** np.arange(400) * noise))) == 0
    assert len(story.unusual_days(frame(np.repeat([1_000.0, 3_000.0], 200) * noise))) == 0


def test_too_few_days_to_know(story):
    revenue = np.full(56, 100.0)
    revenue[20] = 900.0
    assert story.unusual_days(frame(revenue))["day"].tolist() == ["2024-01-21"]
    few = story.unusual_days(frame(revenue[:55]))
    assert len(few) == 0
    assert list(few.columns) == ["day", "revenue", "expected", "times", "reason"]
    assert len(story.unusual_days(frame([]))) == 0


@pytest.mark.parametrize(("place", "amount", "found"), [(-8, 10.0, 1), (-7, 10.0, 0), (-1, 10.0, 0), (-1, 900.0, 1)])
def test_the_last_week_is_never_called_low(story, place, amount, found):
    revenue = np.full(70, 100.0)
    revenue[place] = amount
    assert len(story.unusual_days(frame(revenue))) == found


REVENUES = st.lists(st.floats(0.0, 1e6, width=32), min_size=56, max_size=130)


@hypothesis_settings(max_examples=60)
@given(revenue=REVENUES, weekday=st.integers(0, 6), power=st.integers(-5, 8))
def test_scaling_all_revenue_changes_no_day(story, revenue, weekday, power):
    first = MONDAY + timedelta(days=weekday)
    found = story.unusual_days(frame(revenue, first))
    scaled = story.unusual_days(frame(np.array(revenue) * 4.0**power, first))  # a power of four has an exact root
    assert scaled["day"].tolist() == found["day"].tolist()
    assert scaled["reason"].tolist() == found["reason"].tolist()
    assert len(found) <= MARKED
    assert found["day"].is_monotonic_increasing
    assert ((found["times"] >= 2) | (found["times"] <= 0.5)).all()
    assert (found.loc[found["day"] > frame(revenue, first)["day"].iloc[-8], "times"] > 1).all()


@hypothesis_settings(max_examples=30)
@given(value=st.floats(0.0, 1e7), days=st.integers(1, 400), gap=st.integers(1, 9))
def test_equal_days_and_days_without_a_sale_are_none(story, value, days, gap):
    assert len(story.unusual_days(frame([value] * days))) == 0
    sparse = np.zeros(days)
    sparse[::gap] = value
    assert len(story.unusual_days(frame(sparse))) <= MARKED
