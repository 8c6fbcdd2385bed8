"""Answers as CSV that no spreadsheet runs."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from numbers import Integral, Real

import pandas as pd

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the wide ones count in East Asia
DIGITS = 4  # measures are floats of cents' precision; the digits after that are noise
NEEDLESS = re.compile(r'(?:^|,)"[^",\r\n]*"(?=,|[\r\n]|$)')  # a field in quotes that it does not need
PLAIN_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")


def csv_text(frame: pd.DataFrame) -> str:
    """Return a table as CSV with its header: one line per row, unknown values empty, days as ISO text.

    Floats have at most four digits after the point. A text that a spreadsheet would run begins with an apostrophe;
    `undefused` takes that away again, in a table that `is_ours` knows by its header. Texts that no file can hold (half
    an emoji) have a question mark in its place.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    names = [csv_value(str(name)) for name in frame.columns]
    writer.writerows(zip(*map(csv_column, (column for _, column in frame.items())), strict=True))
    body = file.getvalue()
    header = header_line(names, ours="'" in body or any("'" in name for name in names))
    return f"{header}\r\n{body}".encode("utf-8", "replace").decode()


def header_line(names: Sequence[str], ours: bool) -> str:
    """Return names of columns as a line of CSV; `ours`: the first name stands in quotes, even if it needs none."""
    quoted = [bool(re.search('[",\r\n]', name)) or (ours and place == 0) for place, name in enumerate(names)]
    fields = [name.replace('"', '""') for name in names]
    return ",".join(f'"{field}"' if quotes else field for field, quotes in zip(fields, quoted, strict=True))


def is_ours(lines: Sequence[str]) -> bool:
    """Say whether a text of some lines is a table that `csv_text` has written, with apostrophes before formulas.

    Its first name alone stands in quotes that it does not need, and no value does: other programs quote whole columns,
    or everything, or nothing; and all of them read it as it is.
    """
    header, first = (*lines, "", "")[:2]
    return bool(NEEDLESS.match(header)) and not NEEDLESS.search(header, 1) and not NEEDLESS.match(first)


def csv_column(column: pd.Series) -> Iterable[str]:
    """Return the values of a column as CSV writes them."""
    return map(csv_value, column.tolist())


def csv_value(value: object) -> str:
    """Return one value as CSV writes it."""
    if isinstance(value, str):
        return defused(value)
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, bool | Integral):
        return str(value)
    if isinstance(value, Real):
        return csv_number(float(value))
    if isinstance(value, datetime):
        midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return value.date().isoformat() if midnight else value.isoformat()
    return value.isoformat() if isinstance(value, date) else defused(str(value))


def csv_number(value: float) -> str:
    """Return a float with at most four digits after the point, without zeros at its end."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    text = f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def defused(text: str) -> str:
    """Return a text with an apostrophe before it if a spreadsheet would read it as a formula."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_SIGNS) else text


def defused_row(row: Iterable[object]) -> list[object]:
    """Return the values of a row for `csv.writer`: texts defused, but for those that are numbers anyway."""
    return [defused(value) if isinstance(value, str) and not PLAIN_NUMBER.fullmatch(value) else value for value in row]


def undefused(text: str) -> str:
    """Return what `defused` was given."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA_SIGNS) else text
