"""Forecasts: each method by hand, how they are tried, and what a forecast does to a stock."""

import math
import warnings
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from shopboard.series import best_method

BY_HAND = {  # the units of all days so far -> those of the next seven
    "naive": lambda seen: [seen[-1]] * 7,
    "weekly naive": lambda seen: seen[-7:],
    "mean of four weeks": lambda seen: [sum(seen[-28:]) / len(seen[-28:])] * 7,
    "exponential smoothing": lambda seen: (
        [
            sum(value * 0.5 ** (age / 21) for age, value in enumerate(reversed(seen)))
            / sum(0.5 ** (age / 21) for age in range(len(seen)))
        ]
        * 7
    ),
    "weekly pattern": lambda seen: [
        sum(seen[-28:]) / 28 * (7 * sum(seen[-56 + weekday :: 7]) / sum(seen[-56:]) if sum(seen[-56:]) else 1)
        for weekday in range(7)
    ],
}
TODAY = "2025-12-31"


def errors_by_hand(series):
    """Return method -> root of the mean squared error over twelve origins a week apart, where there is enough past."""
    found = {}
    for name, method in BY_HAND.items():
        squares = []
        for number in range(12):
            end = len(series) - 28 - 7 * number
            if end >= 56:
                forecast = list(method(series[:end])) * 4
                squares += [(one - other) ** 2 for one, other in zip(forecast, series[end : end + 28], strict=True)]
        found[name] = math.sqrt(sum(squares) / len(squares)) if squares else math.nan
    return found


def column(series):
    return np.array(series, dtype=float).reshape(-1, 1)


def demand_of(units):
    """Return a product's units per day, as PRODUCT_DEMAND does."""
    days = pd.date_range(end=TODAY, periods=len(units)).strftime("%Y-%m-%d")
    return pd.DataFrame({"product_id": 1, "product_name": "Hat", "day": days, "units": units})


def day(ahead):
    return (date.fromisoformat(TODAY) + timedelta(days=ahead)).isoformat()


@pytest.mark.parametrize("length", [84, 91, 90, 168, 200])
def test_the_backtest_by_hand(story, length):
    series = np.random.default_rng(length).poisson(2.0, length).astype(float).tolist()
    table = story.backtest(column(series), story.METHODS)
    known = errors_by_hand(series)
    assert table["error"].to_dict() == pytest.approx(known)
    assert table["against_naive"].to_dict() == pytest.approx({name: known[name] / known["naive"] for name in known})
    candidates = {name: known[name] for name in known if "naive" not in name}
    assert best_method(table) == min(candidates, key=candidates.get)


def test_a_pattern_of_the_week_is_seen(story):
    noise = np.random.default_rng(1).poisson(1.0, 168)
    series = np.where(np.arange(168) % 7 < 2, 12, 1) + noise
    table = story.backtest(column(series), story.METHODS)
    assert best_method(table) == "weekly pattern"
    assert table.loc["weekly pattern", "error"] < 0.5 * table.loc["mean of four weeks", "error"]


@pytest.mark.parametrize("seed", range(8))
def test_noise_is_forecast_no_worse_than_naively(story, seed):
    table = story.backtest(column(np.random.default_rng(seed).poisson(0.5 + seed, 168)), story.METHODS)
    assert table.loc[best_method(table), "against_naive"] < 1


@pytest.mark.parametrize("length", [1, 6, 27, 55, 56, 83])
@pytest.mark.parametrize("value", [0, 3])
def test_too_short_a_past_is_not_judged(story, length, value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = story.backtest(column([value] * length), story.METHODS)
    assert table["error"].isna().all()
    assert best_method(table) == "mean of four weeks"


def test_nothing_sold_is_forecast_as_nothing(story):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = story.backtest(column([0] * 168), story.METHODS)
    assert table["error"].tolist() == [0] * 5
    assert best_method(table) == "mean of four weeks"


def test_the_forecast_of_products_by_hand(story, shop):
    sold = shop.orders[shop.orders["status"] == "Completed"]
    inventory = shop.ask(story.INVENTORY, **story.planning())
    last = sold["order_date"].max()
    calendar = pd.date_range(end=shop.orders["order_date"].max(), periods=168).strftime("%Y-%m-%d")
    assert last <= calendar[-1]
    for key in inventory["product_id"].iloc[[0, 3, len(inventory) // 2, -1]].tolist():
        demand = shop.ask(story.PRODUCT_DEMAND, product=key)
        stock = float(inventory.set_index("product_id")["stock"][key])
        found = story.forecast_demand(demand, story.METHODS, stock)
        units = sold[sold["product_id"] == key].groupby("order_date")["quantity"].sum()
        series = units.reindex(calendar, fill_value=0).astype(float).tolist()
        assert found.history["day"].tolist() == calendar.tolist()
        assert found.history["units"].tolist() == series
        assert found.tried["error"].to_dict() == pytest.approx(errors_by_hand(series))
        week = list(BY_HAND[found.method](series))
        assert found.forecast["units"].tolist() == pytest.approx(week * 26)
        today = date.fromisoformat(calendar[-1])
        assert found.forecast["day"].iloc[0] == (today + timedelta(days=1)).isoformat()
        left, gone = stock, None
        for after, expected in enumerate(week * 26, start=1):
            left -= expected
            if gone is None and left <= 1e-9:
                gone = (today + timedelta(days=after)).isoformat()
        assert found.run_out() == gone


def test_the_forecast_of_a_young_shop(story):
    found = story.forecast_demand(demand_of([3, 0, 0]), story.METHODS, stock=5.0)
    assert found.method == "mean of four weeks"
    assert found.history["units"].tolist() == [3, 0, 0]
    assert set(found.forecast["units"]) == {1.0}
    assert found.run_out() == day(5)
    never = story.forecast_demand(demand_of([0, 0, 0]), story.METHODS, stock=5.0)
    assert set(never.forecast["units"]) == {0.0}
    assert never.run_out() is None


@pytest.mark.parametrize("days", range(1, 60, 7))
def test_any_past_has_a_forecast(story, days):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = story.forecast_demand(demand_of([1] * days), story.METHODS, stock=0.0)
    assert found.forecast["units"].tolist() == pytest.approx([1.0] * 182)
    assert found.run_out() == day(1)
    assert story.forecast_demand(demand_of([1] * days), story.METHODS).run_out() is None, (
        "an unknown stock does not run out"
    )


def test_the_sample_is_tried_as_the_text_says(story, sample_settings, open_shop):
    sold = open_shop(sample_settings).ask(story.UNITS_BY_DAY)
    table = sold.pivot(index="day_number", columns="product_id", values="units")
    units = table.reindex(range(table.index.min(), table.index.max() + 1)).fillna(0).to_numpy(float)
    assert len(units) == 168
    each, together = (
        story.backtest(units, story.METHODS),
        story.backtest(units.sum(axis=1, keepdims=True), story.METHODS),
    )
    assert each["against_naive"].drop(["naive", "weekly naive"]).round(2).between(0.76, 0.78).all()
    assert best_method(together) == "weekly pattern"
