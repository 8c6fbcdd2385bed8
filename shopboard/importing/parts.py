"""Parts of the form and the page: tables and messages as HTML, boxes with names."""

import base64
import html
import importlib
import io
import re
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pandas as pd

from shopboard.database import table_names
from shopboard.importing import counted, text_of


def named_box(box: widgets.Box, name: str) -> widgets.Box:
    """Give a box the CSS class by which the page's style finds it."""
    box.add_class(name)
    return box


def close_whole(widget: widgets.Widget) -> None:
    """Close a widget with all that it is made of; Jupyter keeps for ever what nobody closes."""
    held = [*getattr(widget, "children", ()), getattr(widget, "layout", None), getattr(widget, "style", None)]
    for part in held:
        if isinstance(part, widgets.Widget):
            close_whole(part)
    widget.close()


def on_change(control: Any, action: Callable[[Any], None]) -> None:
    """Call `action` with each value that the user gives a control; `show_value` calls nobody."""
    control.observe(lambda change: None if getattr(control, "is_shown", False) else action(change.new), "value")


def show_value(control: Any, value: object, options: tuple | None = None) -> None:
    """Show a value in a control, of other options if some are given."""
    control.is_shown = True
    try:
        if options is not None and control.options != options:
            control.options = options
        control.value = value
    finally:
        control.is_shown = False


def labelled(label: str, *controls: widgets.Widget) -> widgets.VBox:
    """Put a label above some controls; a screen reader calls them by it."""
    return named_box(widgets.VBox([widgets.HTML(f'<span class="shop-label">{label}</span>'), *controls]), "shop-group")


def table_html(rows: pd.DataFrame, title: str = "") -> str:
    """Return rows as an HTML table. Numbers stand to the right; `rows.attrs` may name other columns that do, and bold rows."""
    kinds, right = zip(rows, rows.dtypes, strict=True), rows.attrs.get("right", ())  # two columns may bear one name
    numeric = [pd.api.types.is_numeric_dtype(kind) or name in right for name, kind in kinds]

    def cells(row: tuple, tag: str) -> str:
        return "".join(
            f"<{tag}{' class=number' if right else ''}>{html.escape('' if pd.isna(value) else str(value))}</{tag}>"
            for value, right in zip(row, numeric, strict=True)
        )

    bold = set(rows.attrs.get("bold", ()))
    body = "".join(
        f"<tr{' class=sum' if number in bold else ''}>{cells(row, 'td')}</tr>"
        for number, row in enumerate(rows.itertuples(index=False, name=None))
    )
    head = f"<thead><tr>{cells(tuple(rows), 'th')}</tr></thead>"
    label = f'<div class="shop-label">{html.escape(title)}</div>' if title else ""
    return f'{label}<div class="shop-scroll" tabindex="0"><table class="shop-rows">{head}<tbody>{body}</tbody></table></div>'


OF_WHAT = {"orders": "Lines of orders", "customers": "Customers", "products": "Products", "reviews": "Reviews"}


def alert(text: str, role: str = "alert") -> str:
    """Return a problem as HTML."""
    return f'<div class="shop-alert" role="{role}">{html.escape(text)}</div>'


def described_by(text: str) -> dict[str, Any]:
    """Return the arguments by which a control has a text of the shop as its label: no HTML, and no mathematics in it."""
    label = f'<span class="tex2jax_ignore mathjax_ignore">{html.escape(text)}</span>'
    return {"description": label, **({} if widgets.__version__ < "8" else {"description_allow_html": True})}


class LastLine(io.StringIO):
    """A file whose last line is shown in a widget: progress is written so."""

    def __init__(self, widget: widgets.HTML) -> None:
        super().__init__()
        self.widget = widget

    def write(self, text: str) -> int:
        """Show a text."""
        if line := re.split(r"[\r\n]", text.strip())[-1].strip():
            self.widget.value = f'<span role="status">Loading … {html.escape(line)}</span>'
        return len(text)


def form_style() -> str:
    """Return the form's CSS as a <style> element."""
    return f"<style>{text_of('form.css')}</style>"


def offered(files: list[Path]) -> str:
    """Start the download of files in Colab; return links to them elsewhere."""
    if "google.colab" in sys.modules:
        colab = importlib.import_module("google.colab.files")
        for file in files:
            colab.download(str(file))
        return f"Downloaded: {html.escape(', '.join(file.name for file in files))}"
    return "<br>".join(download_link(file) for file in files)


def download_link(file: Path) -> str:
    """Return a link that carries the file in itself, so that it works wherever the page is shown."""
    content = base64.b64encode(file.read_bytes()).decode()
    name = html.escape(file.name)
    return f'<a download="{name}" href="data:application/octet-stream;base64,{content}">{name}</a>'


SURE = ((0.85, "sure", "good"), (0.6, "likely", "soft"), (0.0, "guess", "bad"))  # from how much on, in words, colour


FILES_NAMED = 6  # more are only counted


def files_in_words(connection: sqlite3.Connection) -> list[str]:
    """Return one line per file that was read: its form, encoding and number of lines, and what is to be known of it."""
    lines = []
    for file, form, encoding, lines_read, note in connection.execute(
        "SELECT file, form, encoding, SUM(lines), GROUP_CONCAT(DISTINCT NULLIF(note, '')) FROM files_read GROUP BY file ORDER BY MIN(rowid)"
    ):
        parts = [form, encoding, counted(lines_read or 0, "line"), note]
        lines.append(f"{file}: {', '.join(part for part in parts if part)}")
    if len(lines) > FILES_NAMED:
        (count,) = connection.execute("SELECT SUM(lines) FROM files_read").fetchone()
        lines = [f"{len(lines):,} files with {count or 0:,} lines, such as {lines[0]}"]
    if "unreadable_files" in table_names(connection):
        lines += [f"Left out: {reason}" for (reason,) in connection.execute("SELECT reason FROM unreadable_files")]
    return lines
