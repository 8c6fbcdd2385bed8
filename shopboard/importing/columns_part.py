"""The part of the form that shows which column is taken for each field, and lets another be chosen."""

from collections.abc import Callable

import ipywidgets as widgets

from shopboard.importing.links import base_of, columns_within
from shopboard.importing.meaning import Column, Proposal
from shopboard.importing.parts import OF_WHAT, match_html, named_box, on_change, show_value
from shopboard.importing.words import FIELDS

NO_COLUMN = ("— none —", "")


class ColumnsPart:
    """A list of columns for each field, with what is told of the one taken; `choose` is called with table, field and column."""

    def __init__(self, choose: Callable[[str, str, Column | None], None]) -> None:
        self.choose = choose
        self.columns: dict[tuple[str, str], tuple[widgets.Dropdown, widgets.HTML]] = {}
        self.widget = widgets.VBox()

    def show(self, proposal: Proposal | None) -> None:
        """Show, for each field of the four tables, the column that is taken for it, and why."""
        matches = proposal.matches if proposal else {}
        if list(self.columns) != list(matches):
            self.columns = {key: self._row(*key) for key in matches}
            self.widget.children = self._sections(list(matches))
        offers = {table: offered(proposal, table) for table in {table for table, _ in matches}} if proposal else {}
        for (table, name), match in matches.items():
            control, told = self.columns[table, name]
            options = offers[table]
            if match.column and match.column not in dict(options).values():
                options = (*options, (match.column.name, match.column))
            show_value(control, match.column or "", options)
            told.value = match_html(match, FIELDS[table][name].means)

    def _row(self, table: str, name: str) -> tuple[widgets.Dropdown, widgets.HTML]:
        """Return the controls of a field: its columns, and what is told of the one that is taken."""
        control = widgets.Dropdown(description=FIELDS[table][name].label, layout={"width": "auto"})
        on_change(control, lambda column: self.choose(table, name, column or None))
        return control, widgets.HTML()

    def _sections(self, keys: list[tuple[str, str]]) -> list[widgets.Widget]:
        """Return the four tables, one below the other, each with its heading and its rows."""
        parts: list[widgets.Widget] = []
        for table, words in OF_WHAT.items():
            rows = [named_box(widgets.Box(self.columns[key]), "shop-match") for key in keys if key[0] == table]
            none = "" if rows else "<div>The source has none, as far as its names tell.</div>"
            parts += [widgets.HTML(f'<div class="shop-label shop-section">{words}</div>{none}'), *rows] if keys else []
        return parts


def offered(proposal: Proposal, table: str) -> tuple[tuple[str, Column | str], ...]:
    """Return the columns that may be chosen for the fields of a table, as they are called in the list."""
    base = {"orders": proposal.lines, "reviews": proposal.reviews}.get(table) or base_of(proposal, table)
    columns = columns_within(proposal, base)
    several = len({column.table for column in columns}) > 1
    named = ((f"{column.table}.{column.name}" if several else column.name, column) for column in columns)
    return (NO_COLUMN, *named)
