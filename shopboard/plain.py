"""Answers of every engine in the same plain types: whole numbers, floats, and texts, of which days are ISO texts."""

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd

WHOLE = ("HUGEINT", "INTEGER", "BIGINT", "UHUGEINT")  # types of an engine's that hold whole numbers


def in_plain_types(rows: pd.DataFrame, kinds: list[str] | None = None) -> pd.DataFrame:
    """Return an answer with days as ISO texts, whole numbers as int64 and others as float64, NULL as NaN or None.

    `kinds` are the engine's names of the columns' types, where the DataFrame does not say what it holds.
    """
    named = zip(rows.items(), kinds or [""] * rows.shape[1], strict=True)
    columns = {column: plain(values, kind.upper()) for (column, values), kind in named}
    return pd.DataFrame(columns, index=rows.index)


def plain(values: pd.Series, kind: str = "") -> pd.Series:
    """Return one column in a plain type."""
    name = values.dtype.name
    if name in ("int64", "str") or (name == "float64" and not kind.startswith(WHOLE)):
        return values
    whole = kind.startswith(WHOLE) and bool(values.notna().all())
    if pd.api.types.is_datetime64_any_dtype(values):
        texts = np.datetime_as_string(values.to_numpy().astype("datetime64[D]")).astype(object)
        return pd.Series(np.where(values.isna(), None, texts), index=values.index).infer_objects()
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_integer_dtype(values) or whole:
        return values.astype("int64") if values.notna().all() else values.astype("float64")
    if pd.api.types.is_float_dtype(values) or values.isna().all():
        return values.astype("float64")
    return plain_objects(values)


def plain_objects(values: pd.Series) -> pd.Series:
    """Return a column of Python's values in a plain type."""
    first = next(value for value in values if not pd.isna(value))
    if isinstance(first, date):
        texts = [None if pd.isna(value) else str(value)[:10] for value in values]
        return pd.Series(texts, index=values.index).infer_objects()
    if isinstance(first, Decimal):
        exponents = {value.as_tuple().exponent for value in values if not pd.isna(value)}
        return values.astype("int64" if exponents == {0} and values.notna().all() else "float64")
    if isinstance(first, bool | int | np.number):
        return values.astype("int64" if values.notna().all() and not isinstance(first, np.floating) else "float64")
    if isinstance(first, float):
        return values.astype("float64")
    return values.astype(object).where(values.notna(), None).infer_objects()
