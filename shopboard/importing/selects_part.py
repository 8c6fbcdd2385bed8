"""The part of the form that shows the four SELECTs, and lets them be written by hand."""

import sqlite3
from collections.abc import Callable
from functools import partial

import ipywidgets as widgets
import pandas as pd

from shopboard.importing.parts import OF_WHAT, alert, named_box, on_change, show_value, table_html
from shopboard.importing.staging import select_for
from shopboard.importing.visitors import asked
from shopboard.problems import ShopProblem

NOTE = (
    "What you write here counts instead of the choices above; a SELECT that you leave alone goes on following them. "
    "<code>DAY(text, 'dmy')</code> reads a date and <code>NUMBER(text, ',')</code> a number. They can be kept as the setting "
    "<code>mapping</code>."
)


class SelectsPart:
    """The texts of the SELECTs; `edit` is called with a table and what was written for it."""

    def __init__(self, edit: Callable[[str, str], None]) -> None:
        wide = {"width": "auto"}
        self.texts = {
            table: widgets.Textarea(description=words, rows=9, layout=wide, continuous_update=False)
            for table, words in OF_WHAT.items()
        }
        self.check = widgets.Button(description="Check: the first three rows of each", layout=wide)
        self.undo = widgets.Button(description="Back to the choices above", layout=wide)
        self.checked = widgets.HTML()
        written = [named_box(widgets.VBox([text]), "shop-said-above") for text in self.texts.values()]
        buttons = named_box(widgets.Box([self.check, self.undo]), "shop-row")
        self.widget = widgets.VBox([widgets.HTML(NOTE), *written, buttons, self.checked])
        for table, text in self.texts.items():
            on_change(text, partial(edit, table))

    def show(self, selects: dict[str, str], edited: dict[str, str]) -> None:
        """Show the SELECTs, those that the user wrote as they were written."""
        for table, text in self.texts.items():
            show_value(text, edited.get(table, selects.get(table, "")))
            text.rows = min(max(text.value.count("\n") + 2, 3), 24)
        self.undo.layout.display = "" if edited else "none"

    def show_rows(self, connection: sqlite3.Connection, selects: dict[str, str], apart: bool) -> None:
        """Show the first three rows of each SELECT, or what is wrong with it."""
        shown = []
        for table in [table for table in OF_WHAT if table in selects]:
            try:
                select, _ = select_for(connection, table, selects, apart)
                names, first = asked(connection, f"SELECT * FROM (\n{select}\n) LIMIT 3", apart)
                rows = pd.DataFrame(first, columns=names, dtype=object)
                shown.append(table_html(rows, OF_WHAT[table]))
            except (ShopProblem, sqlite3.Error) as problem:
                shown.append(f'<div class="shop-label">{OF_WHAT[table]}</div>{alert(str(problem))}')
        self.checked.value = "".join(shown) or "There is no SELECT yet: answer what is asked above, or write them."
