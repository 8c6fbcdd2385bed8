"""What is drawn on paper: days, bars and cells in Matplotlib, as `marks` has them for the page; fonts and widths.

Matplotlib is imported where something is drawn: it takes longer than the rest of a notebook's imports.
"""

from __future__ import annotations

import logging
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pandas as pd

from shopboard.style import ACCENT, GRID, INK, LINE, ODD, PALETTE, QUIET, SOFT, Look, compact, number, unknown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL, USUAL, FINE = 7.0, 8.0, 6.5  # points
FONT = "DejaVu Sans"  # which Matplotlib brings along; what it lacks is drawn by others of the machine
CODES = 6  # of letters that no font has, of which a sheet says so many


@contextmanager
def paper_style() -> Iterator[None]:
    """Draw as paper wants it; a dollar in a shop's text is a dollar and begins no formula."""
    import matplotlib as mpl
    from matplotlib.rcsetup import cycler

    style: Any = {
        "font.family": [FONT],
        "font.size": SMALL,
        "text.parse_math": False,
        "text.hinting": "none",  # or letters of a picture are wider than those that were measured
        "text.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": LINE,
        "axes.labelcolor": SOFT,
        "axes.labelsize": SMALL,
        "axes.prop_cycle": cycler(color=PALETTE),
        "axes.axisbelow": True,
        "grid.color": GRID,
        "xtick.color": LINE,
        "ytick.color": LINE,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.labelsize": SMALL,
        "ytick.labelsize": SMALL,
        "legend.frameon": False,
        "legend.fontsize": SMALL,
        "pdf.fonttype": 42,  # text that can be searched and copied, in any alphabet
    }
    log = logging.getLogger("matplotlib.font_manager")
    before = log.level
    log.setLevel(logging.ERROR)  # a font without bold letters is no news
    try:
        with mpl.rc_context(style), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph")  # said on the sheet
            yield
    finally:
        log.setLevel(before)


def use_fonts_for(letters: Iterable[str]) -> bool:
    """Draw letters that the fonts so far lack by others of this machine, as few as may be; say whether any has some."""
    import matplotlib as mpl
    from matplotlib import font_manager

    wanted, faces = set(letters), dict[str, set[str]]()
    for entry in font_manager.fontManager.ttflist:
        if entry.style == "normal" and not entry.name.startswith("Last Resort"):
            with suppress(RuntimeError, OSError):  # a font of coloured pictures has no outlines
                face = font_manager.get_font(entry.fname)
                faces[entry.name] = {letter for letter in wanted if face.get_char_index(ord(letter))}
    before = list(mpl.rcParams["font.family"])
    while wanted and faces:
        best = max(sorted(faces), key=lambda name: (len(faces[name] & wanted), "Sans" in name))
        if not faces[best] & wanted:
            break
        mpl.rcParams["font.family"] = [*mpl.rcParams["font.family"], best]
        wanted -= faces.pop(best)
    return mpl.rcParams["font.family"] != before


def letters_lacking(letters: Iterable[str]) -> str:
    """Return a sentence that says which letters no font of this machine draws; nothing if there are none."""
    lacking = sorted(letters)
    if not lacking:
        return ""
    codes = ", ".join(f"U+{ord(letter):04X}" for letter in lacking[:CODES])
    more = " and others" if len(lacking) > CODES else ""
    alphabets = sorted({unicodedata.name(letter, "unnamed").split()[0] for letter in lacking})
    count = f"{len(lacking)} letters of this sheet are" if len(lacking) > 1 else "1 letter of this sheet is"
    named = f"{', '.join(alphabets)}: {codes}{more}"
    return f"{count} in no font of this machine ({named}); install a Noto font to see them."


def out_of_order(texts: Iterable[str]) -> str:
    """Return a sentence where texts are written from right to left and this Matplotlib cannot; else nothing."""
    from matplotlib import ft2font

    if hasattr(ft2font, "__libraqm_version__"):
        return ""
    from_right = any(unicodedata.bidirectional(letter) in ("R", "AL") for text in texts for letter in text)
    return "Arabic and Hebrew stand in the wrong order: Matplotlib 3.11 writes them right." if from_right else ""


def width_of(text: str, size: float, weight: str = "normal") -> float:
    """Return how wide a text is, in inches, at a size in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font: Any = FontProperties(size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, False)[0] / 72


def fitting(text: object, inches: float, size: float = SMALL, weight: str = "normal") -> str:
    """Return a text on one line, or so much of it as there is room for, and "…"."""
    line = " ".join(str(text).encode("utf-8", "replace").decode().split())
    if width_of(line, size, weight) <= inches:
        return line
    low, high = 0, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        fits = width_of(f"{line[:middle].rstrip()}…", size, weight) <= inches
        low, high = (middle, high) if fits else (low, middle - 1)
    return f"{line[:low].rstrip()}…"


def amount(value: float, look: Look) -> str:
    """Return money without its cents: "$308,612"."""
    return f"{look.currency}{number(value, look)}"


def draw_days(axes: Axes, amounts: pd.DataFrame, marked: pd.Series, look: Look) -> None:
    """Draw amounts of money by day: the first column as an area, the second as a line, and dots.

    `amounts` has one row per day, `marked` has the amounts of those days that get a dot; days are the index, ISO.
    Further columns are drawn as quiet lines, if anything is known of them.
    """
    from matplotlib.dates import ConciseDateFormatter

    days, (area, line, *others) = pd.to_datetime(amounts.index), amounts.columns
    axes.fill_between(days, amounts[area], step="mid", color=QUIET, alpha=0.7, linewidth=0, label=area)
    axes.plot(days, amounts[line].astype(float), color=ACCENT, linewidth=1.5, label=line)
    for other in [name for name in others if amounts[name].notna().any()]:
        axes.plot(days, amounts[other].astype(float), color=SOFT, linewidth=1, linestyle=":", label=other)
    if len(marked):
        axes.plot(pd.to_datetime(marked.index), marked, "o", color=ODD, markersize=3.5, label=marked.name)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, borderaxespad=0.2)
    axes.margins(x=0.01)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
    axes.yaxis.set_major_formatter(lambda value, _: amount(value, look))
    axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator(), show_offset=False))


def cells_of(row: str, column: str, value: str, shown: int = 12) -> Callable[..., None]:
    """Return what draws an answer's amounts by `row` and `column` as coloured cells, the largest of each."""

    def draw(axes: Axes, answer: pd.DataFrame, look: Look) -> None:
        import seaborn as sns

        cells = answer.pivot(index=row, columns=column, values=value)
        table = cells.loc[cells.sum(axis=1).nlargest(shown).index, cells.sum().nlargest(shown).index]
        table = table.rename(index=lambda name: fitting(name, 0.9), columns=lambda name: fitting(name, 0.8))
        write = compact if table.to_numpy(float).max(initial=0) >= 1e6 or table.shape[1] > 8 else number
        words = table.map(lambda value: write(value, look) if value else "–")
        scale: Mapping[str, object] = {"cmap": "Blues", "vmin": 0, "cbar": False, "linewidths": 1}
        sns.heatmap(table, ax=axes, annot=words, fmt="", annot_kws={"size": FINE}, **scale)
        axes.set(xlabel="", ylabel="")
        axes.tick_params(axis="x", rotation=30, length=0)
        axes.tick_params(axis="y", rotation=0, length=0)

    return draw


def bars_of(  # noqa: PLR0913, which bars, and what each shows and says
    name: str,
    value: str,
    write: Callable[[Any, Look], str],
    *,
    part: slice = slice(None),
    named: Callable[[Any], str] = str,
    kind: str = "",
    colour: Callable[[Any, Look], str] = lambda row, look: ACCENT,
) -> Callable[..., None]:
    """Return what draws one bar a row of an answer, or of a `part` of its rows, the first on top.

    It is as long as the row's `value`, which is written beside it; what is unknown has no length. `named` says how its
    `name` is written; where that is unknown, it is called by its `kind` and number: "Customer 7".
    """

    def draw(axes: Axes, answer: pd.DataFrame, look: Look) -> None:
        rows = answer[part]
        keys = rows[f"{kind.lower()}_id"] if kind else rows.index
        names = [f"{kind} {key}" if unknown(one) else named(one) for one, key in zip(rows[name], keys, strict=True)]
        places, lengths = range(len(rows)), rows[value].astype(float).fillna(0.0)
        drawn = axes.barh(places, lengths, color=[colour(row, look) for row in rows.itertuples()])
        axes.bar_label(drawn, [write(one, look) for one in rows[value]], padding=3, fontsize=FINE)
        axes.set_yticks(places, [fitting(text, 1.1) for text in names])
        axes.set_xlim(0, 1.35 * max(lengths.max(), 1e-9))
        axes.set_ylim(max(len(rows), 6) - 0.5, -0.5)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(axis="y", length=0)

    return draw
