"""What the page has beside its cards: a shop of one's own, SQL of one's own, named views, and exports."""

import html
import pkgutil
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, cast

import duckdb
import ipywidgets as widgets
import pandas as pd
from IPython.core.getipython import get_ipython

from shopboard.ask import Filters, Shop
from shopboard.board import look_json
from shopboard.console import Console
from shopboard.database import reason
from shopboard.export import save_page
from shopboard.importing.accounts import was_imported
from shopboard.importing.parts import close_whole, form_style, offered
from shopboard.importing.receipt import reconciliation
from shopboard.own_data import OwnData
from shopboard.pages import Page
from shopboard.places import put_in_place, unfinished
from shopboard.problems import ShopProblem, in_voila, unforeseen
from shopboard.report import Report, save_report
from shopboard.saved import keep_views, named_views
from shopboard.selection import Selection, named
from shopboard.settings import Settings
from shopboard.style import Look, dates, integer

VOILA_STYLE = "<style>.jp-Cell:not(:has(.shop-page)), .cell:not(:has(.shop-page)) { display: none !important; }</style>"


class Host(Protocol):
    """What the tools need of the page that they stand on."""

    filters: Selection
    pages: dict[str, Page]
    examples: dict[str, str]
    report: Report | None

    @property
    def shop(self) -> Shop:
        """The shop that is shown."""

    @property
    def parameters(self) -> dict[str, Any]:
        """What controls and clicks have set, by name."""

    def look(self, selection: Filters | None = None) -> Look:
        """Return how numbers are written, and the colours."""

    def saved(self) -> str:
        """Return what is shown as a text."""

    def restore(self, text: str) -> None:
        """Show what a text says; raises ShopProblem."""

    def say(self, sentence: str) -> None:
        """Show a sentence beside the page's state."""

    def progress(self, done: float, text: str = "") -> None:
        """Say how far something is, from 0 to 1."""

    def guarded(self, action: Callable[[], None]) -> None:
        """Do something, and say on the page what went wrong if anything did."""


class Tool(Protocol):
    """A part of the page that is no card: `widget` is shown on the pages that name it."""

    widget: widgets.Widget

    def describe(self) -> None:
        """Follow what is chosen on the page."""

    def close(self) -> None:
        """Let go of what it holds."""


class OwnDataTool:
    """A shop of one's own, and the receipt of one that was loaded."""

    def __init__(self, page: Host) -> None:
        self.own = OwnData(cast(Any, page))  # which needs more of the page than the others
        self.widget: widgets.Widget = named(self.own.widget, "shop-tool")

    def describe(self) -> None:
        """Show the receipt of the shop that is shown."""
        self.own.describe()

    def close(self) -> None:
        """Let go of what was picked, and give the widgets back."""
        self.own.close()
        close_whole(self.widget)


class ConsoleTool:
    """The console, with the page's selection and parameters at hand."""

    def __init__(self, page: Host) -> None:
        self.page = page
        chosen = (lambda: page.filters.value), (lambda: page.parameters)
        self.console = Console(page.shop, page.examples, *chosen, page.look())
        self.widget: widgets.Widget = self.console.widget

    def describe(self) -> None:
        """Take the page's colours and number format."""
        self.console.widget.look = look_json(self.page.look())

    def close(self) -> None:
        """Stop what runs, and give the widget back."""
        self.console.close()
        close_whole(self.widget)


class Views:
    """What is shown, to be named and chosen again; and as a text, to be shared."""

    NONE = "Choose a view"

    def __init__(self, page: Host) -> None:
        self.page, wide = page, {"width": "auto"}
        self.chooser = widgets.Dropdown(description="Named views", options=[self.NONE], layout=wide)
        self.name = widgets.Text(description="Name", placeholder="of what is shown now", layout=wide)
        self.keep = widgets.Button(description="Keep this view", layout=wide)
        self.forget = widgets.Button(description="Forget this name", layout=wide)
        self.text = widgets.Textarea(description="View as a text, to be shared", rows=2, layout=wide)
        self.restore = widgets.Button(description="Show this text", layout=wide)
        naming = [] if page.shop.settings.only_shown else [[self.name, self.keep, self.forget]]
        rows = ([self.chooser], *naming, [self.text, self.restore])
        boxes = [named(widgets.Box(row), "shop-view-row") for row in rows]
        self.widget: widgets.Widget = named(widgets.VBox(boxes), "shop-view", "shop-tool")
        self.keep.on_click(lambda _: page.guarded(self._keep))
        self.forget.on_click(lambda _: page.guarded(self._forget))
        self.restore.on_click(lambda _: page.guarded(lambda: page.restore(self.text.value)))
        self.chooser.observe(lambda _: page.guarded(self._choose), "value")

    def describe(self) -> None:
        """Show what is shown now, and the names that there are."""
        self.text.value = self.page.saved()
        options = (self.NONE, *named_views(self.page.shop.settings))
        if tuple(self.chooser.options) != options:
            self.chooser.options = options

    def _keep(self) -> None:
        self._check_allowed()
        name = self.name.value.strip()
        if not name or name == self.NONE:
            raise ShopProblem("A view needs a name: write one beside the button.")
        settings = self.page.shop.settings
        keep_views(settings, {**named_views(settings), name: self.page.saved()})
        self.describe()
        self.page.say(f"The view is kept as {name}.")

    def _forget(self) -> None:
        self._check_allowed()
        name, settings = self.name.value.strip(), self.page.shop.settings
        views = named_views(settings)
        if name not in views:
            raise ShopProblem(f"No view is called {name or 'nothing'}: write the name of one beside the button.")
        keep_views(settings, {one: text for one, text in views.items() if one != name})
        self.describe()
        self.page.say(f"The view {name} is forgotten.")

    def _check_allowed(self) -> None:
        """Raise ShopProblem where the names are the owner's, and this page is for others."""
        if self.page.shop.settings.only_shown:
            raise ShopProblem("The views of this shop are named by its owner: keep the text of a view instead.")

    def _choose(self) -> None:
        name = self.chooser.value
        if name != self.NONE:
            self.chooser.value = self.NONE  # so that the same can be chosen again
            self.page.restore(named_views(self.page.shop.settings)[name])
            self.name.value = name


def page_style() -> str:
    """Return the style sheets of the page and of the import's form; in Voilà, the page alone is shown."""
    css = (pkgutil.get_data("shopboard", "dashboard.css") or b"").decode()
    return f"{form_style()}<style>{css}</style>{VOILA_STYLE if in_voila() else ''}"


def head_of(shop: Shop, look: Look) -> str:
    """Return the page's heading: the shop's name, how many order lines it has, of which days, and what became of it."""
    lines = shop.ask("SELECT COUNT(*) AS order_lines FROM orders").iloc[0, 0]
    aside, whole = shop.set_aside, shop.everything()
    noted = f" ({integer(aside, look)} set aside)" if aside else ""
    what = f"{integer(lines, look)} order line{'' if lines == 1 else 's'}{noted} · {dates(whole.start, whole.end)}"
    head = f'<div class="shop-head"><h2>{html.escape(shop.settings.name)}</h2><span>{html.escape(what)}</span></div>'
    return head + "".join(alert(sentence, "status") for sentence in shop.notices())


def keep_receipt(shop: Shop) -> None:
    """Write what was set aside of an imported shop, and its receipt, beside the exports."""
    if shop.connection and was_imported(shop.connection):
        reconciliation(shop.connection, shop.settings)


def fault(error: Exception, settings: Settings) -> str:
    """Return, as HTML, that something could not be done, why, and what to do."""
    cause = f"Something unforeseen happened ({unforeseen(error, bool(settings.public))})".rstrip(".")
    missing = isinstance(error, OSError) and error.filename == str(Path(settings.database).resolve())
    if isinstance(error, ShopProblem):
        cause = str(error).rstrip(".")
    elif missing or isinstance(error, sqlite3.Error | duckdb.Error | pd.errors.DatabaseError):
        cause = "The shop cannot be read just now" if settings.public else reason(error, settings.database)
    text = "This could not be done, and the page still shows the earlier selection."
    return alert(f"{text} {cause}. Change a filter or press the button to try again.")


def alert(text: str, role: str = "alert") -> str:
    """Return a sentence that the user should see, as HTML."""
    return f'<div class="shop-alert" role="{role}">{html.escape(text)}</div>'


class Shown(Protocol):
    """What a cell shows: `page` is the widget."""

    page: widgets.Widget

    def close(self) -> None:
        """Give every widget back."""


SHOWN: dict[str, tuple[str, list[Shown]]] = {}  # a cell -> the number of its run, and what it shows since


def in_cell(shown: Shown) -> widgets.Widget:
    """Return the widget to display; what the same cell showed in an earlier run is closed, or Jupyter would keep it."""
    asked: dict[str, Any] = getattr(get_ipython(), "get_parent", dict)()
    cell, run = asked.get("metadata", {}).get("cellId", ""), asked.get("header", {}).get("msg_id", "")
    before, pages = SHOWN.get(cell, (run, []))
    if before != run:
        for page in pages:
            page.close()
        pages = []
    if cell:
        SHOWN[cell] = run, [*pages, shown]
    return shown.page


TOOLS: dict[str, Callable[[Host], Tool]] = {"own data": OwnDataTool, "console": ConsoleTool}


def tools_of(page: Host) -> dict[str, Tool]:
    """Return the tools that the pages name, but for a console that the settings switch off."""
    names = [name for one in page.pages.values() for name in one.tools]
    return {name: TOOLS[name](page) for name in names if name != "console" or page.shop.settings.console}


def page_as_file(page: Host, folder: Path) -> list[Path]:
    """Write all pages of the selection as one file that needs no notebook."""
    path, selection = folder / "dashboard.html", page.filters.value
    shown = (page.shop, list(page.pages.values()), selection, path, page.look(selection))
    page.say(save_page(*shown, page.parameters, page.progress))
    return [path]


def printed_report(page: Host, folder: Path) -> list[Path]:
    """Write the report of the selection as a PDF."""
    if page.report is None:
        raise ShopProblem("There is nothing to print: hand a report to the page.")
    selection = replace(page.filters.value, interval="day")
    shown = (page.shop, page.report, selection, folder, page.look(selection))
    return save_report(*shown, page.parameters, page.progress)[:1]


EXPORTS: dict[str, Callable[[Host, Path], list[Path]]] = {
    "Page as a file": page_as_file,
    "Printed report": printed_report,
}


def links(page: Host, name: str) -> str:
    """Write the files of an export and return links to them: this page's, if others write theirs at the same time."""
    folder = Path(page.shop.settings.exports)
    own = unfinished(folder / "export")
    try:
        files = EXPORTS[name](page, own)
        given = "" if "google.colab" in sys.modules else offered(files)  # Colab reads a file later, and has one visitor
        for file in own.iterdir():
            put_in_place(file, folder / file.name)
        return given or offered([folder / file.name for file in files])
    finally:
        shutil.rmtree(own, ignore_errors=True)
