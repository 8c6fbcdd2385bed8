"""What drawings on paper are put together from, as `marks` does for the page: days, bars and cells in Matplotlib."""

from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter

from shopboard.style import ACCENT, ODD, QUIET, Look, compact


def draw_days(axes: Axes, amounts: pd.DataFrame, marked: pd.Series, look: Look) -> None:
    """Draw amounts of money by day: the first column as an area, the second as a line, and dots.

    `amounts` has one row per day, `marked` has the amounts of those days that get a dot; days are the index, ISO.
    """
    days, (area, line) = pd.to_datetime(amounts.index), amounts.columns
    axes.fill_between(days, amounts[area], step="mid", color=QUIET, alpha=0.7, linewidth=0, label=area)
    axes.plot(days, amounts[line].astype(float), color=ACCENT, linewidth=1.5, label=line)
    if len(marked):
        axes.plot(pd.to_datetime(marked.index), marked, "o", color=ODD, markersize=3.5, label=marked.name)
    axes.legend(loc="upper left", ncols=3)
    axes.margins(x=0.01)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{look.currency}{compact(value, look)}")
    axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator()))


def draw_cells(axes: Axes, cells: pd.DataFrame, look: Look, shown: int = 12) -> None:
    """Draw a table of amounts as coloured cells, the largest rows and columns of it."""
    table = cells.loc[cells.sum(axis=1).nlargest(shown).index, cells.sum().nlargest(shown).index]
    table = table.rename(index=lambda name: name[:18], columns=lambda name: name[:14])
    words = table.map(lambda value: compact(value, look) if value else "–")
    scale: Mapping[str, object] = {"cmap": "Blues", "vmin": 0, "cbar": False, "linewidths": 1}
    sns.heatmap(table, ax=axes, annot=words, fmt="", annot_kws={"size": 6.5}, **scale)
    axes.set(xlabel="", ylabel="")
    axes.tick_params(axis="x", rotation=30, length=0)
    axes.tick_params(axis="y", rotation=0, length=0)


def draw_bars(axes: Axes, names: Sequence, values: pd.Series, texts: Sequence[str], colours: Sequence[str]) -> None:
    """Draw one bar a row, the first on top, with its text beside it; what is unknown has a text and no length."""
    places, lengths = range(len(names)), values.astype(float).fillna(0.0)
    axes.bar_label(axes.barh(places, lengths, color=list(colours)), list(texts), padding=3, fontsize=6.5)
    axes.set_yticks(places, [str(name)[:24] for name in names])
    axes.set_xlim(0, 1.2 * max(lengths.max(), 1e-9))
    axes.set_ylim(max(len(names), 6) - 0.5, -0.5)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
