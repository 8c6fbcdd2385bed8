"""Answers of every engine in the same plain types: whole numbers, floats, and texts, of which days are ISO texts."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd

WHOLE = ("HUGEINT", "INTEGER", "BIGINT", "UHUGEINT")  # whole numbers that an engine may hand over as floats


def in_plain_types(rows: pd.DataFrame) -> pd.DataFrame:
    """Return an answer with days as ISO texts, whole numbers as int64 and others as float64, NULL as NaN or None."""
    return pd.DataFrame({name: plain(rows.iloc[:, n]) for n, name in enumerate(rows.columns)}, index=rows.index)


def from_arrays(columns: Mapping[str, np.ndarray], kinds: list[str]) -> pd.DataFrame:
    """Return the same of columns as arrays, in which what is NULL may be masked; `kinds` are the engine's types."""
    found = {
        name: plain_array(values, kind.upper()) for (name, values), kind in zip(columns.items(), kinds, strict=True)
    }
    return pd.DataFrame(found, copy=False)


def plain_array(values: np.ndarray, kind: str) -> np.ndarray | pd.Series:
    """Return one column in a plain type; numbers take a fraction of what pandas would take to look at them."""
    masked = isinstance(values, np.ma.MaskedArray) and bool(values.mask.any())
    if values.dtype.kind in "iuf" and not masked and not kind.startswith(WHOLE):
        return np.asarray(values, dtype="int64" if values.dtype.kind in "iu" else "float64")
    if values.dtype.kind in "iuf":
        numbers = np.ma.filled(values.astype("float64"), np.nan)
        exact = bool((np.abs(numbers) < 2**53).all())  # nor is any unknown
        return np.asarray(values, dtype="int64") if exact or (values.dtype.kind != "f" and not masked) else numbers
    if masked:
        missing, values = np.ma.getmaskarray(values), np.array(values, dtype=object)
        values[missing] = None
    if kind == "VARCHAR" and not pd.isna(values).all():
        return pd.Series(values, dtype=object).infer_objects()
    return plain(pd.Series(values))


def plain(values: pd.Series) -> pd.Series:
    """Return one column in a plain type."""
    if values.dtype.name in {"int64", "float64", "str"}:
        return values
    if pd.api.types.is_datetime64_any_dtype(values):
        texts = np.datetime_as_string(values.to_numpy().astype("datetime64[D]")).astype(object)
        return pd.Series(np.where(values.isna(), None, texts), index=values.index).infer_objects()
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_integer_dtype(values):
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
