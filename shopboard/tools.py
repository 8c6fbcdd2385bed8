"""What the page has beside its cards: a shop of one's own, SQL of one's own, what is shown as a text, and exports."""

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast

import ipywidgets as widgets

from shopboard.ask import Filters, Shop
from shopboard.board import look_json
from shopboard.console import Console
from shopboard.database import table_names
from shopboard.export import save_page
from shopboard.importing.accounts import was_imported
from shopboard.importing.receipt import reconciliation
from shopboard.own_data import OwnData
from shopboard.pages import Page
from shopboard.problems import ShopProblem
from shopboard.report import Report, save_report
from shopboard.selection import Selection, named
from shopboard.style import Look


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
        """Let go of what was picked."""
        self.own.close()


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
        """Stop what runs."""
        self.console.close()


class SavedView:
    """A field with what is shown as a text, and a button that shows what another text says."""

    def __init__(self, page: Host) -> None:
        self.page = page
        self.text = widgets.Textarea(description="View", rows=2, layout={"width": "auto"})
        self.restore = widgets.Button(description="Show this view", layout={"width": "auto"})
        said = "Copy this text to come back to what is shown now; paste one here to show its view."
        head = widgets.HTML(f"<h3>Saved view</h3><p>{said}</p>")
        self.restore.layout.align_self = "flex-start"
        self.widget: widgets.Widget = named(widgets.VBox([head, self.text, self.restore]), "shop-view", "shop-tool")
        self.restore.on_click(lambda _: page.guarded(lambda: page.restore(self.text.value)))

    def describe(self) -> None:
        """Show what is shown now."""
        self.text.value = self.page.saved()

    def close(self) -> None:
        """Hold nothing back."""


def lines_set_aside(shop: Shop) -> int:
    """Return how many order lines of an imported shop were set aside."""
    if shop.connection is None or "set_aside" not in table_names(shop.connection):
        return 0
    sql = "SELECT COUNT(*) FROM set_aside WHERE what <> 'value' AND table_name LIKE 'orders%'"
    return int(shop.connection.execute(sql).fetchone()[0])


def keep_receipt(shop: Shop) -> None:
    """Write what was set aside of an imported shop, and its receipt, beside the exports."""
    if shop.connection and was_imported(shop.connection):
        reconciliation(shop.connection, shop.settings)


def alert(text: str, role: str = "alert") -> str:
    """Return a sentence that the user should see, as HTML."""
    return f'<div class="shop-alert" role="{role}">{html.escape(text)}</div>'


TOOLS: dict[str, Callable[[Host], Tool]] = {"own data": OwnDataTool, "console": ConsoleTool, "saved view": SavedView}


def page_as_file(page: Host) -> list[Path]:
    """Write all pages of the selection as one file that needs no notebook."""
    path, selection = Path(page.shop.settings.exports) / "dashboard.html", page.filters.value
    shown = (page.shop, list(page.pages.values()), selection, path, page.look(selection))
    page.say(save_page(*shown, page.parameters, page.progress))
    return [path]


def printed_report(page: Host) -> list[Path]:
    """Write the report of the selection as a PDF."""
    if page.report is None:
        raise ShopProblem("There is nothing to print: hand a report to the page.")
    selection, folder = page.filters.value, page.shop.settings.exports
    shown = (page.shop, page.report, selection, folder, page.look(selection))
    return save_report(*shown, page.parameters, page.progress)[:1]


EXPORTS: dict[str, Callable[[Host], list[Path]]] = {
    "Page as a file": page_as_file,
    "Printed report": printed_report,
}
