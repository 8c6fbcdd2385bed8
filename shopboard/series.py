"""Rows of days: what is expected of each, and what may follow the last, by methods that are tried on the past."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

Method = Callable[[np.ndarray], np.ndarray]  # the units of all days so far (days x products) -> those of the next week

HORIZON = 28  # days that are forecast where a method is tried
ORIGINS = 12  # points in the past from which a method is tried, a week apart
SEEN_AT_LEAST = 56  # days before the first of them
FOLLOWED = 182  # days over which a stock is followed


def with_expected(daily: pd.DataFrame, around: int) -> pd.DataFrame:
    """Return `day` and `revenue` of days with what is expected of each, how many `times` that, and how far off it is.

    `daily` has one row per calendar day, without gaps. A day's level is the median of the `around` days on both sides,
    and itself; what is expected is that, times what its weekday usually sells. `deviations` are robust standard
    deviations of the square roots; where nothing is expected they are NaN, and `times` is 1.
    """
    revenue = daily["revenue"].to_numpy(float)
    first = date.fromisoformat(daily["day"].iloc[0]).weekday() if len(daily) else 0
    roots = np.sqrt(np.maximum(revenue, 0.0))
    expected = expected_roots(roots, (first + np.arange(len(roots))) % 7, around)
    known = expected > 0
    times = np.divide(revenue, expected**2, out=np.ones(len(roots)), where=known)
    deviations = np.where(known, robust_deviations(roots - expected, known), np.nan)
    found = {"day": daily["day"].to_numpy(), "revenue": revenue, "expected": expected**2}
    return pd.DataFrame({**found, "times": times, "deviations": deviations})


def expected_roots(roots: np.ndarray, weekday: np.ndarray, around: int) -> np.ndarray:
    """Return the root of the revenue that is expected of each day: the level of its weeks times its weekday's share."""
    week = np.ones(7)
    for _ in range(2):  # the second time, the level no longer depends on which weekdays its weeks hold
        share = week[weekday]
        even = np.divide(roots, share, out=np.full(len(roots), np.nan), where=share > 0)
        level = pd.Series(even).rolling(2 * around + 1, center=True, min_periods=1).median().to_numpy()
        shares = np.divide(roots, level, out=np.full(len(roots), np.nan), where=level > 0)
        known = [shares[(weekday == number) & ~np.isnan(shares)] for number in range(7)]
        week = np.array([np.median(values) if len(values) else 0.0 for values in known])
    return np.nan_to_num(level) * week[weekday]


def robust_deviations(off: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """Return each day's distance in standard deviations, one of which is 1.4826 medians where chance is normal."""
    scale = 1.4826 * np.median(np.abs(off[judged])) if judged.any() else 0.0
    return np.divide(off, scale, out=np.where(off == 0, 0.0, np.copysign(np.inf, off)), where=scale > 0)


# --- forecasts


def backtest(units: np.ndarray, methods: Mapping[str, Method]) -> pd.DataFrame:
    """Try every method on the past of `units` (days x products); return one row per method, its error in units a day.

    The error is the root of the mean squared difference, also as a part of that of the first method, the naive one.
    Where fewer than `SEEN_AT_LEAST` days lie before an origin it is left out; without any origin the errors are NaN.
    """
    ends = [len(units) - HORIZON - 7 * number for number in range(ORIGINS)]
    ends = [end for end in ends if end >= SEEN_AT_LEAST]
    errors = {}
    for name, method in methods.items():
        squares = [(np.tile(method(units[:end]), (HORIZON // 7, 1)) - units[end : end + HORIZON]) ** 2 for end in ends]
        errors[name] = math.sqrt(np.mean(squares)) if squares else math.nan
    table = pd.DataFrame({"error": errors}).rename_axis("method")
    return table.assign(against_naive=table["error"] / table["error"].iloc[0])


def best_method(tried: pd.DataFrame) -> str:
    """Return the method with the smallest error, but no naive one; if none could be tried, the first that is not."""
    errors = tried["error"][["naive" not in name for name in tried.index]].round(9)
    return str(errors.index[0] if errors.isna().all() else errors.idxmin())


@dataclass(frozen=True)
class DemandForecast:
    """One product's demand and stock: `history` and `forecast` have one row per day, `tried` one per method."""

    history: pd.DataFrame  # day, units
    forecast: pd.DataFrame  # day, units, stock at the day's end
    tried: pd.DataFrame
    method: str

    def run_out(self) -> str | None:
        """Return the first day at whose end nothing is left; None if it is not within the forecast."""
        gone = self.forecast[self.forecast["stock"] <= 1e-9]
        return gone["day"].iloc[0] if len(gone) else None


def forecast_demand(demand: pd.DataFrame, methods: Mapping[str, Method], stock: float = math.nan) -> DemandForecast:
    """Forecast one product's units per day by the method that its own backtest favours, and let its stock fall by them.

    `demand` has one row per calendar day, without gaps, up to today.
    """
    units = demand["units"].to_numpy(float).reshape(-1, 1)
    tried = backtest(units, methods)
    method = best_method(tried)
    expected = np.tile(methods[method](units)[:, 0], FOLLOWED // 7)
    today = date.fromisoformat(demand["day"].iloc[-1])
    days = [(today + timedelta(days=n)).isoformat() for n in range(1, len(expected) + 1)]
    left = np.maximum(stock - expected.cumsum(), 0.0)
    forecast = pd.DataFrame({"day": days, "units": expected, "stock": left})
    return DemandForecast(demand[["day", "units"]], forecast, tried, method)
