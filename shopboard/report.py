"""The page on paper: sheets of A4 as a PDF and as pictures, drawn by Matplotlib from the same questions.

A sheet is a `Page` of the story. Its tiles, tables and texts are those of the dashboard; a `Drawing` stands where that
has a chart, since Plotly's charts need a browser.
"""

from __future__ import annotations

import html
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from shopboard.ask import Filters, Shop
from shopboard.board import Card
from shopboard.cards import answers, called, earlier, fill, given
from shopboard.pages import AnyPart, Page, Parameters, Part, Text
from shopboard.paper import (
    FINE,
    SMALL,
    USUAL,
    fitting,
    letters_lacking,
    out_of_order,
    paper_style,
    use_fonts_for,
    width_of,
)
from shopboard.places import save
from shopboard.problems import ShopProblem
from shopboard.selection import listed
from shopboard.style import ACCENT, BAD, FORMATS, GOOD, LINE, SOFT, UNKNOWN, Look, dates, unknown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAPER = (8.27, 11.69)  # A4, upright, in inches
SIDE, TOP, FOOT, PAD = 0.5, 1.05, 0.5, 0.06  # inches that are kept free, and between parts
ROOM = PAPER[1] - TOP - FOOT
LINE_HEIGHT, TILE_HEIGHT, TILES_A_LINE = 0.19, 0.56, 4
GAP, MOST_SPARE = 0.14, 0.4  # inches between the columns of a table, and more where there is room
DOTS = 110  # of the pictures, per inch


@dataclass(frozen=True)
class Drawing(Part):
    """A chart on paper: `draw(axes, answer, ..., look)` draws the answers to its questions; `height` is in inches.

    If it has an argument `earlier`, it gets that as the figure function of a `Chart` does.
    """

    title: str
    sql: str | tuple[str, ...]
    draw: Callable[..., None]
    subtitle: str = ""
    height: float = field(default=2.4, kw_only=True)
    kind = "drawing"


@dataclass(frozen=True)
class Report:
    """What is printed: a heading, and a sheet of paper for each page; `foot` stands below each."""

    heading: str
    sheets: Sequence[Page]
    foot: str = ""


@dataclass(frozen=True)
class Printing:
    """What a report is printed of, and how."""

    shop: Shop
    report: Report
    selection: Filters
    look: Look
    parameters: Parameters

    def values(self, sheet: Page, part: Drawing) -> dict[str, Any]:
        """Return what the questions of a drawing take."""
        return given(sheet, cast("AnyPart", part), self.parameters)


@dataclass(frozen=True)
class Place:
    """A part in its place on a sheet: what it holds, and how many inches it needs."""

    part: Any
    card: Card | None  # None: a drawing
    height: float

    @property
    def stretches(self) -> bool:
        """Whether more room makes it better."""
        return self.card is None


def save_report(  # noqa: PLR0913, PLR0917, what is printed, of what, where, and how
    shop: Shop,
    report: Report,
    selection: Filters,
    folder: str | Path,
    look: Look,
    parameters: Parameters | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> list[Path]:
    """Write the report of a selection as report.pdf, and each sheet as report.png, report-2.png, …; return the paths.

    Raises ShopProblem where nothing is chosen, or a file cannot be written.
    """
    from matplotlib.text import Text as DrawnText

    if problem := selection.problem():
        raise ShopProblem(problem)
    say = progress or (lambda *_: None)
    printing = Printing(shop, report, selection, look, parameters or {})
    with paper_style():
        sheets, steps = [], 2 * len(report.sheets) + 1
        for number, sheet in enumerate(report.sheets):
            say(number / steps, sheet.name)
            figure = sheet_figure(printing, sheet, number)
            missing = laid_out(figure)
            if missing and use_fonts_for(missing):
                figure = sheet_figure(printing, sheet, number)
                missing = laid_out(figure)
            shown = [text.get_text() for text in figure.findobj(DrawnText)]
            note(figure, f"{letters_lacking(missing)} {out_of_order(shown)}".strip())
            sheets.append(figure)
        paths = [save(folder, "report.pdf", lambda path: write_pdf(path, sheets))]
        for number, figure in enumerate(sheets):
            say((len(sheets) + number + 1) / steps, "picture")
            name = "report.png" if number == 0 else f"report-{number + 1}.png"
            paths.append(save(folder, name, partial(figure.savefig, format="png", dpi=DOTS)))
    return paths


def write_pdf(path: Path, sheets: Sequence[Figure]) -> None:
    """Write sheets as one PDF; the same figures give the same file."""
    from matplotlib.backends.backend_pdf import PdfPages

    whole = BytesIO()  # a disk that is full would stop the PDF's own writing by another error
    with PdfPages(whole, metadata={"CreationDate": None}) as pdf:
        for figure in sheets:
            pdf.savefig(figure)
    path.write_bytes(whole.getvalue())


def sheet_figure(printing: Printing, sheet: Page, number: int) -> Figure:
    """Draw one sheet, stamped with the selection and the data's dates."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    width, height = PAPER
    inside = (SIDE / width, FOOT / height, 1 - 2 * SIDE / width, ROOM / height)
    layout = ConstrainedLayoutEngine(rect=inside, h_pad=PAD, w_pad=PAD, hspace=0, wspace=0)
    figure = Figure(figsize=PAPER, layout=layout)
    head(figure, printing, sheet, number)
    rows = fitted([list(row) for row in placed(printing, sheet)])
    grid = figure.add_gridspec(
        max(len(rows), 1), 1, height_ratios=[max(one.height for one in row) for row in rows] or [1]
    )
    for place_in_grid, row in enumerate(rows):
        widths = [one.part.width for one in row]
        cells = grid[place_in_grid].subgridspec(1, len(row), width_ratios=widths)
        for column, one in enumerate(row):
            axes = figure.add_subplot(cells[column])
            inches = (width - 2 * SIDE) * widths[column] / sum(widths) - 0.1
            if one.card is None:
                draw(axes, one.part, printing, sheet)
            else:
                PRINT[one.card["kind"]](axes, one, inches, printing.look)
    return figure


def head(figure: Figure, printing: Printing, sheet: Page, number: int) -> None:
    """Write a sheet's heading, its stamp, and its foot."""
    width, height = PAPER
    report, selection, whole = printing.report, printing.selection, printing.shop.everything()
    left, right = (SIDE + PAD) / width, 1 - (SIDE + PAD) / width
    regions = listed(selection.regions, whole.regions, "regions")
    categories = listed(selection.categories, whole.categories, "categories")
    chosen = f"{regions[:1].upper()}{regions[1:]} · {categories} · {dates(selection.start, selection.end)}"
    stamp = f"{fitting(chosen, 5.6, USUAL)}\nData from {dates(whole.start, whole.end)}"
    name = fitting(printing.shop.settings.name, 5.2, 16, "bold")
    figure.text(left, 1 - 0.42 / height, name, fontsize=16, weight="bold", va="top")
    figure.text(right, 1 - 0.47 / height, report.heading, fontsize=USUAL, color=SOFT, va="top", ha="right")
    figure.text(left, 1 - 0.70 / height, stamp, fontsize=USUAL, color=SOFT, va="top", linespacing=1.4)
    figure.text(right, 1 - 0.70 / height, sheet.name, fontsize=10, weight="bold", color=ACCENT, va="top", ha="right")
    figure.text(left, 0.40 / height, report.foot, fontsize=FINE, color=SOFT, va="top", linespacing=1.4)
    figure.text(
        right, 0.40 / height, f"{number + 1} / {len(report.sheets)}", fontsize=FINE, color=SOFT, va="top", ha="right"
    )


def note(figure: Figure, text: str) -> None:
    """Write a line at the very end of a sheet."""
    figure.text((SIDE + PAD) / PAPER[0], 0.12 / PAPER[1], text, fontsize=6, color=BAD, va="bottom")


def placed(printing: Printing, sheet: Page) -> Iterator[list[Place]]:
    """Yield the rows of a sheet with what they need; texts that say nothing are left out."""
    for row in sheet.rows:
        places = []
        for part in row:
            if isinstance(part, Drawing):
                places.append(Place(part, None, part.height))
                continue
            alone = Page(sheet.name, [[part]], sheet.controls, sheet.hidden, sheet.parameters)
            cards = fill(alone, printing.shop, printing.selection, printing.look, printing.parameters)
            places += [Place(part, card, needed(card)) for card in cards]
        if places:
            yield places


def needed(card: Card) -> float:
    """Return how many inches a card needs."""
    if card.get("state") in ("empty", "failed"):
        return 3 * LINE_HEIGHT
    if card["kind"] == "tiles":
        return TILE_HEIGHT * -(-len(card["tiles"]) // TILES_A_LINE) + LINE_HEIGHT
    if card["kind"] == "table":
        table = card["table"]
        return LINE_HEIGHT * (min(len(table["rows"]), table.get("page", 20)) + 3)
    return 2.5 * LINE_HEIGHT


def fitted(rows: list[list[Place]]) -> list[list[Place]]:
    """Return rows that fill a sheet: drawings take the room that is left, or give what is missing."""
    taken = sum(max(one.height for one in row) for row in rows)
    drawn = sum(max(one.height for one in row) for row in rows if any(one.stretches for one in row))
    if not drawn:  # tables alone stay as they are, above the free room
        empty = Place(Text("", ""), {"id": "", "kind": "text", "html": ""}, ROOM - taken)
        return [*rows, [empty]] if taken < ROOM else rows
    factor = max(0.4, 1 + (ROOM - taken) / drawn)
    return [
        [Place(one.part, one.card, one.height * factor) for one in row] if any(one.stretches for one in row) else row
        for row in rows
    ]


def titled(axes: Axes, title: str, subtitle: str = "") -> None:
    """Write a part's title, and what it counts, above it."""
    axes.set_title(title, fontsize=USUAL + 0.5, weight="bold", loc="left", pad=12 if subtitle else 5)
    if subtitle:
        axes.annotate(
            subtitle,
            (0, 1),
            (0, 3),
            "axes fraction",
            textcoords="offset points",
            fontsize=FINE,
            color=SOFT,
            va="bottom",
        )


def draw(axes: Axes, part: Drawing, printing: Printing, sheet: Page) -> None:
    """Draw a chart; where nothing is known, say so in its place."""
    values = printing.values(sheet, part)
    asked = cast("AnyPart", part), printing.shop, printing.selection, values
    found = answers(*asked)
    titled(axes, part.title, part.subtitle)
    if not any(map(len, found)):
        say(axes, part.empty or "Nothing in this selection.")
        return
    called(part.draw, cast(Any, (axes, *found)), printing.look, **earlier(part.draw, *asked))


def say(axes: Axes, sentence: str) -> None:
    """Say in a part's place why there is nothing."""
    axes.set_axis_off()
    axes.text(0, 0.98, sentence, transform=axes.transAxes, color=SOFT, fontsize=SMALL + 0.5, va="top")


def print_tiles(axes: Axes, place: Place, inches: float, look: Look) -> None:
    """Print tiles, four to a line, and with which days they are compared."""
    axes.set_axis_off()
    card: Any = place.card
    if card.get("state") != "ready":
        return say(axes, card.get("message", ""))
    tiles = card["tiles"]
    lines = -(-len(tiles) // TILES_A_LINE)
    step, room = TILE_HEIGHT / place.height, inches / TILES_A_LINE
    for number, tile in enumerate(tiles):
        left, top = (number % TILES_A_LINE) / TILES_A_LINE, 1 - (number // TILES_A_LINE) * step
        change = tile.get("change") or {"direction": 0, "text": "", "good": None}
        sign = "▲ " if change["direction"] > 0 else "▼ " if change["direction"] < 0 else ""
        colour = SOFT if change["good"] is None else GOOD if change["good"] else BAD
        exact = fitting(tile.get("exact") or tile["value"], 0.9 * room, 9, "bold")
        size = next((size for size in (13, 11) if width_of(exact, size, "bold") <= 0.9 * room), 9)
        moved = f"{sign}{change['text']}"
        label = fitting(tile["label"], 0.9 * room - width_of(moved, SMALL) - 0.1)
        axes.text(left, top, label, fontsize=SMALL, color=SOFT, va="top")
        axes.text(left, top - 0.27 * step, exact, fontsize=size, weight="bold", va="top")
        axes.text(left + 0.9 / TILES_A_LINE, top, moved, fontsize=SMALL, color=colour, va="top", ha="right")
        aside = fitting(tile.get("note", ""), 0.9 * room, FINE)
        axes.text(left, top - 0.68 * step, aside, fontsize=FINE, color=SOFT, va="top")
    axes.text(0, 1 - lines * step, card.get("subtitle", ""), fontsize=FINE, color=SOFT, va="top")
    return None


def print_table(axes: Axes, place: Place, inches: float, look: Look) -> None:
    """Print a table's first rows; numbers stand right, long texts end in "…", and what is left out is said."""
    card: Any = place.card
    titled(axes, card.get("title", ""), card.get("subtitle", ""))
    if card.get("state") != "ready":
        return say(axes, card.get("message", ""))
    axes.set_axis_off()
    table = card["table"]
    columns, rows = table["columns"], table["rows"][: table.get("page", 20)]
    texts = [[shown(value, column["format"], look) for value, column in zip(row, columns, strict=True)] for row in rows]
    wide = shared_out([[column["label"] for column in columns], *texts], inches)
    step, left = LINE_HEIGHT / place.height, 0.0
    axes.axhline(1 - 0.95 * step, color=LINE, linewidth=0.8)
    for number, column in enumerate(columns):
        right = column["format"] not in ("text", "date", "month")
        x, side = ((left + wide[number] - GAP) / inches, "right") if right else (left / inches, "left")
        left += wide[number]
        label = fitting(column["label"], wide[number] - GAP, FINE)
        axes.text(x, 1, label, fontsize=FINE, color=SOFT, va="top", ha=side)
        for line, row in enumerate(texts, 1):
            text = fitting(row[number], wide[number] - GAP)
            axes.text(x, 1 - (line + 0.55) * step, text, fontsize=SMALL, va="baseline", ha=side)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    if (every := table.get("total", len(rows))) > len(rows):
        said = f"The first {len(rows):,} of {every:,}"
        axes.text(0, 1 - (len(rows) + 1.3) * step, said, fontsize=FINE, color=SOFT, va="top")
    return None


def shared_out(rows: Sequence[Sequence[str]], inches: float) -> list[float]:
    """Return how many inches each column of a table gets: what its texts need, of which the widest give way."""
    wanted = [max(width_of(text, SMALL) for text in column) + GAP for column in zip(*rows, strict=True)]
    most, room = inches, inches
    for left, width in zip(range(len(wanted), 0, -1), sorted(wanted), strict=True):
        if width * left > room:
            most = room / left
            break
        room -= width
    given = [min(width, most) for width in wanted]
    return [width + min((inches - sum(given)) / len(given), MOST_SPARE) for width in given]


def print_text(axes: Axes, place: Place, inches: float, look: Look) -> None:
    """Print a text without its tags."""
    card: Any = place.card
    say(axes, html.unescape(re.sub(r"<[^>]*>", "", card.get("html", ""))))


def shown(value: Any, kind: str, look: Look) -> str:
    """Return a table's value as its column writes it."""
    if unknown(value) or value == "":
        return UNKNOWN
    return FORMATS[kind](value, look) if kind in FORMATS else str(value)


def laid_out(figure: Figure) -> set[str]:
    """Find the place of everything on a sheet, once for all its files; return the letters that no font has."""
    with warnings.catch_warnings(record=True) as said_of_fonts:
        warnings.simplefilter("always")
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:  # what was solved differs in its tenth digit from run to run
        left, low, width, height = (round(part, 6) for part in axes.get_position().bounds)
        axes.set_position((left, low, width, height))
    found = [re.match(r"Glyph (\d+) ", str(warning.message)) for warning in said_of_fonts]
    return {chr(int(glyph[1])) for glyph in found if glyph}


PRINT: Mapping[str, Callable[[Axes, Place, float, Look], None]] = {
    "tiles": print_tiles,
    "table": print_table,
    "text": print_text,
}
