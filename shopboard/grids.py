"""Tables of cells with their totals: what is largest has a row or a column of its own, all else is added up."""

from itertools import product
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from shopboard.headings import headings
from shopboard.marks import Trace, cells, chart, hovers, name_axis
from shopboard.style import GRID, Columns, Look, compact, plain

TOTAL = "\N{WORD JOINER}Total"  # never the name of a row or a column of the shop's


def with_totals(values: pd.DataFrame, row: str, column: str, shown: tuple[int, int]) -> pd.DataFrame:
    """Return cells with their totals: one row per pair of `row` and `column`, and for each of them and for all a TOTAL.

    All other columns are added up. Of more rows and columns than are `shown`, the smallest become "n others".
    """
    for part, most in zip((row, column), shown, strict=True):
        values = folded(values, part, most).groupby([row, column], as_index=False).sum(numeric_only=True)
    sums = [values.groupby(part, as_index=False).sum(numeric_only=True) for part in (row, column)]
    whole = values.sum(numeric_only=True).to_frame().T
    found = pd.concat([values, *sums, whole], ignore_index=True)
    return found.assign(**{part: found[part].fillna(TOTAL) for part in (row, column)})


def folded(values: pd.DataFrame, part: str, shown: int) -> pd.DataFrame:
    """Return rows in which all but the largest of a column's names are called "n others"."""
    sizes = values.groupby(part).sum(numeric_only=True).iloc[:, 0].sort_values(ascending=False, kind="stable")
    if len(sizes) <= shown:
        return values
    kept = set(sizes.index[: shown - 1])
    others = f"{len(sizes) - len(kept)} others"
    return values.assign(**{part: [name if name in kept else others for name in values[part]]})


def totals_last(name: str) -> tuple[bool, bool, str]:
    """Return what names are sorted by: the others come last, and then the total."""
    return name == TOTAL, is_sum(name), name


def is_sum(name: str) -> bool:
    """Say whether a name is that of a total or of the others, and so of no single thing."""
    return name == TOTAL or name.removesuffix(" others").isdigit()


def grid(  # noqa: PLR0913, PLR0917, what is in a cell, and how many there are
    values: pd.DataFrame, row: str, column: str, told: Columns | str, look: Look, shown: tuple[int, int]
) -> go.Figure:
    """Return a heatmap of the first measure of those `told`, per pair of `row` and `column`, with totals.

    `values` has one row per pair. A cell says all that is `told`, and hands its names to a click; a sum hands on "".
    """
    known = with_totals(values, row, column, shown).set_index([row, column])
    heads = [", ".join(map(plain, pair)) for pair in known.index]
    said = dict(zip(known.index, hovers(heads, known, told, look), strict=True))
    down, across = (
        {name: plain(name) for name in sorted(set(names), key=totals_last)} for names in zip(*known.index, strict=True)
    )
    keys = [[["" if is_sum(name) else name for name in pair] for pair in product([one], across)] for one in down]
    measured = known[next(iter(headings(told)))].to_dict()

    def part(of_totals: bool, **scale: Any) -> Trace:
        """Return the cells of pairs, or those of totals, which have no colours."""
        chosen = {pair: value for pair, value in measured.items() if (TOTAL in pair) == of_totals}
        drawn = {pair: (value, compact(value, look) if value else "–", said[pair]) for pair, value in chosen.items()}
        return cells(down, across, drawn, customdata=keys, **scale)

    most = max(value for (one, other), value in measured.items() if not is_sum(one) and other != TOTAL)
    return chart(
        part(False, zmax=most or 1.0),
        part(True, colorscale=((0, GRID), (1, GRID))),
        xaxis=name_axis(across, tickangle=-35),
        yaxis=name_axis(down, autorange="reversed"),
    )
