"""Where a click on a mark, a cell or a row leads: to another selection, or to a page that opens one thing."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from shopboard.filters import Filters
from shopboard.pages import Go

Click = Callable[[dict[str, Any], Filters], Filters | Go | None]


def chooses(*kinds: str, column: str = "customdata") -> Click:
    """Return a click that chooses, for each field of `Filters` that is named, what was clicked; "" chooses nothing.

    A mark has one key, and a cell a key for its row and one for its column. Of a table's row, `column` has it.
    """

    def choose(point: dict[str, Any], selection: Filters) -> Filters:
        keys = point[column] if isinstance(point[column], list | tuple) else [point[column]]
        chosen: dict[str, Any] = {kind: (key,) for kind, key in zip(kinds, keys, strict=True) if key != ""}
        return replace(selection, **chosen)

    return choose


def opens(page: str = "", **numbers: str | int | Callable[[Any], int | None]) -> Click:
    """Return a click that sets parameters of a page, of the same one if none is named.

    Each is the number that a mark has as its key, or a row in the column of that name; what a function makes of the
    key, where None leads nowhere; or a number, always.
    """

    def open_one(point: dict[str, Any], _: Filters) -> Go | None:
        found: dict[str, Any] = {}
        for name, number in numbers.items():
            if isinstance(number, str):
                found[name] = int(point.get(number) or point["customdata"])
            else:
                found[name] = number(point["customdata"]) if callable(number) else number
        return None if None in found.values() else Go(page, parameters=found)

    return open_one


def month_number(key: Sequence[str]) -> int | None:
    """Return the number of the month, as the calendar counts, that is the row of a cell; None where it is none."""
    year, _, month = key[0].partition("-")
    return 12 * int(year) + int(month) - 1 if month else None


def choose_days(point: dict[str, Any], selection: Filters) -> Filters:
    """Choose the day that was clicked, or the days of the week or month, which are then shown one by one."""
    first, last = point.get("customdata") or [point["x"][:10]] * 2
    return replace(selection, start=first, end=last, interval="day")


def choose_month(point: dict[str, Any], selection: Filters) -> Filters:
    """Choose the selected days of the month, such as "2025-01", that is the key of what was clicked."""
    first = date.fromisoformat(f"{point['customdata']}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    start, end = max(first.isoformat(), selection.start), min(last.isoformat(), selection.end)
    return replace(selection, start=start, end=end)
