"""A shop of the user's own on the page: picked, looked at, loaded, with its receipt."""

import base64
import html
import pkgutil
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, redirect_stdout, suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import anywidget
import ipywidgets as widgets
import pandas as pd
import traitlets

from shopboard.building import open_or_build
from shopboard.database import ShopDesign, connect
from shopboard.importing.accounts import was_imported
from shopboard.importing.corrections import load_corrections
from shopboard.importing.form import ImportForm
from shopboard.importing.parts import LastLine, alert, close_whole, labelled, named_box, offered, table_html
from shopboard.importing.receipt import (
    figures,
    figures_html,
    reconciliation,
    reconciliation_file,
    reconciliation_tables,
    spelled,
)
from shopboard.importing.visitors import without_programs
from shopboard.places import need_room, scratch_folder
from shopboard.problems import ShopProblem, unforeseen
from shopboard.settings import Settings, is_shop_database, private_folder
from shopboard.style import Look, integer

HEAD = (
    "<h3>Your own data</h3>CSV, Excel, Parquet, JSON lines, SQLite or DuckDB; "
    "several files, or a zip of them. Everything stays in this notebook's own process. If that runs on another "
    "machine, the files are sent there."
)
PUBLIC_HEAD = (
    "<h3>Your own data</h3>CSV, Excel, Parquet, JSON lines or SQLite; several files, "
    "or a zip of them. They are sent to the machine that serves this page. You alone see what you load, and it is "
    "deleted when you leave; load the page anew to see the first shop again."
)


class Picker(anywidget.AnyWidget):
    """A button that picks files of any size.

    The files come in pieces, each after the one before was written: Jupyter ends a connection on which more than 10 MB
    come at once, so FileUpload loses larger files without a word.
    """

    _esm = (pkgutil.get_data("shopboard", "own_data.js") or b"").decode("utf-8")
    description = traitlets.Unicode("Choose files").tag(sync=True)
    piece = traitlets.Dict({}).tag(sync=True, echo_update=False)
    written = traitlets.Int(0).tag(sync=True)  # the number of the last piece that was written


class ShownShop(Protocol):
    """What this part needs of the shop that is shown."""

    settings: Settings
    design: ShopDesign
    connection: sqlite3.Connection
    version: object


class ShownPage(Protocol):
    """What this part needs of the page that it stands on."""

    shop: ShownShop
    lock: AbstractContextManager

    def become(self, settings: Settings) -> "ShownPage":
        """Show another shop in this one's place, and end; return the page of the other."""

    def refresh(self) -> None:
        """Take in what was written to the shop, and show its figures."""

    def say(self, sentence: str) -> None:
        """Show a sentence beside the page's state."""


class OwnData:
    """The part of the page that loads a shop of the user's own and shows its receipt; `widget` is to be shown."""

    def __init__(self, page: ShownPage) -> None:
        self.page, self.settings = page, page.shop.settings
        self.form: ImportForm | None = None
        self.version: object = None  # of the data that the receipt shows
        self.public = bool(self.settings.public)
        self.folder: tempfile.TemporaryDirectory | None = None  # where what was picked lies until it is loaded
        wide = {"width": "auto"}
        self.files = Picker()
        self.path = widgets.Text(
            placeholder="/content/drive/MyDrive/orders.csv"
            if "google.colab" in sys.modules
            else "orders.csv, a folder, or an address of a database",
            layout=wide,
        )
        self.name = widgets.Text(placeholder="the file's", layout=wide)
        self.look = widgets.Button(description="Preview", button_style="primary", layout=wide)
        self.said, self.receipt, self.links = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.place = widgets.VBox()
        self.corrected = widgets.FileUpload(description="Load corrected lines", accept=".csv", layout=wide)
        self.download = widgets.Button(description="Download the receipt", layout=wide)
        path = named_box(labelled("or write a path or an address", self.path), "shop-wide")
        written = [] if self.public else [path]
        row = [self.files, *written, labelled("Shop's name", self.name), *([self.look] if written else [])]
        self.known = known_shops(self.settings)
        self.shops = widgets.Dropdown(options=list(self.known), layout=wide)
        self.shops.value = next(
            (name for name, known in self.known.items() if is_same_file(known, self.settings)), None
        )
        row.append(labelled("Shown shop", self.shops))
        self.shops.layout.display = row[-1].layout.display = "" if len(self.known) > 1 else "none"
        self.receipt_row = named_box(widgets.Box([self.download, self.corrected, self.links]), "shop-row")
        whole = widgets.VBox(
            [
                widgets.HTML(PUBLIC_HEAD if self.public else HEAD),
                named_box(widgets.Box(row), "shop-row"),
                self.said,
                self.place,
                self.receipt,
                self.receipt_row,
            ]
        )
        self.widget = named_box(whole, "shop-own")
        self.files.observe(lambda change: self._try(lambda: self._receive(change.new)), "piece")
        self.look.on_click(lambda _: self._try(self._look_at_path))
        self.shops.observe(lambda change: self._try(lambda: self._show_shop(self.known[change.new])), "value")
        self.corrected.observe(lambda _: self._try(self._correct), "value")
        self.download.on_click(lambda _: self._try(self._offer))

    def describe(self) -> None:
        """Show the receipt of a shop of one's own."""
        connection, version = self.page.shop.connection, self.page.shop.version
        imported = was_imported(connection) and not self.settings.only_shown
        self.receipt_row.layout.display = "" if imported else "none"
        if imported and version != self.version:
            self.receipt.value, self.version = receipt_html(connection, self.settings), version

    def close(self) -> None:
        """Let go of what was picked."""
        self.place.children = []
        if self.form:
            self.form.close()
            close_whole(self.form.widget)
        if self.folder:
            self.folder.cleanup()
        self.form = self.folder = None

    def _try(self, action: Callable[[], None]) -> None:
        """Do something, with its progress on the page; say there what went wrong if anything did."""
        with self.page.lock:
            try:
                with redirect_stdout(LastLine(self.said)):
                    action()
            except ShopProblem as problem:
                self.said.value = alert(str(problem))
            except Exception as error:  # whatever it is, the page must go on
                self.said.value = alert(f"This could not be done ({unforeseen(error, self.public)}).")

    def _look_at_path(self) -> None:
        """Show the form for the path that was written."""
        if self.public:
            raise ShopProblem("This page is for others, too, and reads no paths: choose files.")
        self.close()
        path = self.path.value.strip()
        if not path:
            raise ShopProblem("Choose files, or write a path, first.")
        self._look(path, Path(path).stem)

    def _look(self, source: str, name: str) -> None:
        """Show the form for a source."""
        self.said.value = '<span role="status">Reading …</span>'
        name = self.name.value.strip() or name
        kept = str(free_database(self.settings, name))
        own = replace(self.settings, source=source, mapping={}, warehouse=None, shop_name=name)
        if is_shop_database(source) and not self.public:
            place = shutil.copy(source, kept) if self.folder else source
            self._show_shop(replace(own, source=place, database=place))
            return
        self.form = ImportForm(replace(own, database=kept), self._load)
        self.place.children = [self.form.widget]
        kept = html.escape(Path(kept).name)
        self.said.value = "" if self.public else f"It will be kept in {kept}."

    def _receive(self, piece: dict) -> None:
        """Write a piece of the picked files into a private folder; show the form after the last one."""
        if piece["first"]:
            self.close()
            self.folder = scratch_folder()
            need_room(self.folder.name, piece["all"], "What was chosen")  # raises before the browser sends more
        if self.folder is None or self.form:  # what comes when the form stands was in nobody's choice
            return
        folder = Path(self.folder.name)
        try:
            with (folder / Path(piece["name"]).name).open("ab") as file:
                file.write(base64.b64decode(piece["content"]))
        finally:
            self.files.written = piece["number"]
        million = 1_000_000
        self.said.value = (
            f'<span role="status">{piece["came"] / million:,.1f} of {piece["all"] / million:,.1f} MB received</span>'
        )
        if piece["last"]:
            if self.public:
                without_programs(folder)
            files = sorted(folder.iterdir())
            single = len(files) == 1
            self._look(str(files[0]) if single else str(folder), files[0].stem if single else "My shop")

    def _load(self, settings: Settings) -> str:
        """Load the shop, and show it in this page's place."""
        open_or_build(settings, self.page.shop.design)
        self._show_shop(replace(settings, source=settings.database, mapping={}))
        return "It is shown on this page."

    def _show_shop(self, settings: Settings) -> None:
        """Show a shop that is kept in a database of this notebook's."""
        open_or_build(settings, self.page.shop.design)
        self.close()
        other = self.page.become(settings)
        if was_imported(other.shop.connection):
            loaded, read = other.shop.connection.execute(
                "SELECT rows_loaded, rows_read FROM reconciliation WHERE table_name = 'orders'"
            ).fetchone()
            look = Look(settings.currency, settings.number_format)
            loaded, read = (integer(count, look) for count in (loaded, read))
            other.say(f"{loaded} of {read} order lines were loaded; the receipt stands below.")

    def _correct(self) -> None:
        """Load the corrected lines that were picked, and show what that made of the shop."""
        self._check_owned()
        for content in uploaded(self.corrected).values():
            said, self.version = load_corrections(self.settings, content), None
            self.page.refresh()
            self.said.value = f'<div role="status">{html.escape(said)}</div>'

    def _check_owned(self) -> None:
        """Raise ShopProblem where the shop is its owner's, and this page is for others."""
        if self.settings.only_shown:
            raise ShopProblem("This shop is its owner's: load one of your own first.")

    def _offer(self) -> None:
        """Offer the receipt, and the lines that were set aside, as files."""
        self._check_owned()
        reconciliation(self.page.shop.connection, self.settings)  # writes what was set aside
        files = [
            reconciliation_file(self.page.shop.connection, self.settings),
            Path(self.settings.exports) / "set_aside.csv",
        ]
        self.links.value = offered([file for file in files if file.exists()])


def uploaded(picker: widgets.FileUpload) -> dict[str, bytes]:
    """Return the content of the files that were picked, by their names."""
    value = picker.value
    files = value if isinstance(value, tuple | list) else ({"name": name, **file} for name, file in value.items())
    return {file["name"]: bytes(file["content"]) for file in files}


def known_shops(settings: Settings) -> dict[str, Settings]:
    """Return, by its name, the settings that show each shop whose database stands beside the one that is shown.

    On a page for others there is no choice: the owner's other shops are not shown, and those of visitors are theirs.
    """
    if settings.public:
        return {}
    shown, found = Path(settings.database).resolve(), {}
    for path in sorted(shown.parent.glob("*.db")):
        if is_shop_database(path):
            with suppress(sqlite3.Error), closing(connect(path)) as connection:
                own = was_imported(connection)
                name = (settings.name if path == shown else path.stem.replace("_", " ")) if own else "Sample shop"
                source = str(path) if own else "sample"
                found[name] = replace(
                    settings,
                    source=source,
                    mapping={},
                    warehouse=None,
                    database=str(path),
                    shop_name=name if own else "",
                )
    return found


def is_same_file(one: Settings, other: Settings) -> bool:
    """Say whether two settings are of the same database."""
    return Path(one.database).resolve() == Path(other.database).resolve()


def free_database(settings: Settings, name: str) -> Path:
    """Return where a shop loaded on the page is kept, under its name: beside the database, or where a visitor's are."""
    shown = Path(settings.database).resolve()
    folder = Path(private_folder()).resolve() if settings.public else shown.parent
    stem = re.sub(r"[^\w.-]+", "_", name).strip("._")[:60] or "shop"
    paths = (folder / f"{stem}{f'-{number}' if number > 1 else ''}.db" for number in range(1, 10_000))
    return next(path for path in paths if path != shown and (not path.exists() or is_shop_database(path)))


def receipt_html(connection: sqlite3.Connection, settings: Settings) -> str:
    """Return the receipt of a shop as HTML: what was read, loaded and set aside, why, and what was assumed."""
    path = Path(settings.database).resolve()
    place = html.escape(path.name if path.parent == Path.cwd() else str(path))
    kept = (
        f"<p>This shop is kept in <code>{place}</code>; <code>source = &quot;{place}&quot;</code> opens it at the next "
        "run.</p>"
    )
    parts = [
        "" if settings.public else kept,
        figures_html(figures(connection), Look(settings.currency, settings.number_format)),
    ]
    for title, rows in reconciliation_tables(connection).items():
        if title == "Assumptions":
            sentences = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in rows["assumption"])
            parts.append(
                f'<div class="shop-label">{title}</div><ul class="shop-assumed">{sentences}</ul>' if len(rows) else ""
            )
        elif len(rows):
            parts.append(table_html(in_words(rows, Look(settings.currency, settings.number_format)), title))
    return "".join(parts)


def in_words(rows: pd.DataFrame, look: Look) -> pd.DataFrame:
    """Return a receipt's table as the page writes it: headings in words, numbers to the right."""
    rows = spelled(rows.drop(columns="first_row", errors="ignore"), look)
    right = [name.replace("_", " ") for name in rows.attrs["right"]]
    rows = rows.rename(columns=lambda name: name.replace("_", " "))
    rows.attrs["right"] = right
    return rows
