"""The parts of the form: what is asked, what was matched, the four SELECTs, and what would be counted."""

import html
import sqlite3
from collections.abc import Callable
from functools import partial

import ipywidgets as widgets
import pandas as pd

from shopboard.importing.extras import SIGNS
from shopboard.importing.links import base_of, columns_within
from shopboard.importing.meaning import Column, Match, Proposal, Question
from shopboard.importing.parts import OF_WHAT, SURE, alert, described_by, named_box, on_change, show_value, table_html
from shopboard.importing.preview import Preview, explained
from shopboard.importing.receipt import figures_html, first_rows, headline, money, named_rows
from shopboard.importing.staging import select_for
from shopboard.importing.visitors import asked
from shopboard.importing.words import FIELDS
from shopboard.problems import ShopProblem
from shopboard.style import Look, integer

OPEN = ("Please choose", "(open)")  # another value than that of an answer "none"


def answer_list(key: str, label: str, answer: Callable[[str, str | None], None]) -> widgets.Dropdown:
    """Return a list for the answers to a question; `answer` is called with its key and the value, None if it is open again."""
    control = widgets.Dropdown(options=[OPEN], layout={"width": "auto"}, **described_by(label))
    on_change(control, lambda value: answer(key, None if value == OPEN[1] else value))
    return control


def show_answers(control: widgets.Dropdown, question: Question) -> None:
    """Show a question's answers, and the one that is taken."""
    taken = OPEN[1] if question.taken is None else question.taken
    show_value(control, taken, (OPEN, *question.answers.items()))


def match_html(match: Match, meaning: str) -> str:
    """Return what is told of a match for a field as HTML: what the field means, three values, how sure it is, and why."""
    means = f'<span class="shop-meaning">{meaning}</span>'
    if match.column is None:
        return f'<div class="shop-told">{means}<span>{html.escape(match.why)}</span></div>'
    _, word, colour = next(level for level in SURE if match.sure >= level[0])
    samples = " · ".join(sample if len(sample) <= 28 else f"{sample[:27]}…" for sample in match.column.samples[:3])
    why = f'<b class="{colour}">{word}</b>: {html.escape(match.why)}'
    return f'<div class="shop-told"><span>{means}<br><span class="shop-samples">{html.escape(samples)}</span></span><span>{why}</span></div>'


class QuestionsPart:
    """Questions with lists of their answers; `answer` is called with a question's key and the value, None if it is open again."""

    def __init__(self, answer: Callable[[str, str | None], None]) -> None:
        self.answer = answer
        self.answers: dict[str, widgets.Dropdown] = {}
        self.widget = named_box(widgets.VBox(), "shop-questions")

    def show(self, questions: dict[str, Question]) -> None:
        """Show each question with its answers; controls stay while their question does, so that none loses the focus."""
        before = self.answers
        self.answers = {key: before.get(key) or answer_list(key, questions[key].text, self.answer) for key in questions}
        for key, control in self.answers.items():
            show_answers(control, questions[key])
        if list(self.answers) != list(before):
            boxes = (widgets.VBox([control]) for control in self.answers.values())
            self.widget.children = [named_box(box, "shop-said-above") for box in boxes]


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


HEADINGS = {
    "status": "What the shop's words for a status count as",
    "money": "Money that is not counted",
    "region": "Regions",
    "lost": "Lines to decide about",
}

LOST = {
    "lost product_id": "Unknown products",
    "lost customer_id": "Unknown customers",
    "lost product": "No product",
    "lost quantity": "No pieces",
    "lost parts": "Parts of a piece",
    "lost discount": "Discounts",
    "lost stars": "Stars",
}


class PreviewPart:
    """What would be counted, with the choices that change it; `widget` is to be shown, `answer` is called with a question's key and value."""

    def __init__(self, look: Look, answer: Callable[[str, str | None], None]) -> None:
        self.look, self.answer = look, answer
        self.shown: Preview | None = None
        self.controls: dict[str, tuple[widgets.Dropdown, widgets.HTML]] = {}
        self.figures, self.rest, self.told = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.choices = widgets.VBox()
        self.known = widgets.Text(placeholder="such as 1234.56", layout={"width": "auto"})
        self.known.description = "A revenue that you know"
        self.month = widgets.Dropdown(description="of", layout={"width": "auto"})
        known = named_box(widgets.Box([self.known, self.month]), "shop-known")
        hidden = {"width": "auto", "display": "none"}
        self.again = widgets.Button(description="Count again", button_style="primary", layout=hidden)
        self.box = widgets.VBox([self.again, self.figures, self.choices, self.rest, known, self.told])
        self.widget = named_box(self.box, "shop-preview")
        for control in (self.known, self.month):
            control.observe(lambda _: self._compare(), "value")

    def show(self, shown: Preview | None, questions: dict[str, Question]) -> None:
        """Show a preview and the questions that it holds the answers to; nothing where there is no preview."""
        self.shown = shown
        self.widget.layout.display = "" if shown else "none"
        if shown is None:
            return
        self.figures.value = (alert(shown.problem) if shown.problem else "") + figures_html(shown, self.look)
        self.rest.value = rest_html(shown, self.look)
        months = [("all days", ""), *((str(month), str(month)) for month in shown.months["month"])]
        if self.month.options != tuple(months):
            self.month.options, self.month.value = months, ""
        moot = () if shown.region_lines else ("region",)  # the order's and the customer's are the same on every line
        placed = {key: question for key, question in questions.items() if question.place and key not in moot}
        self._show_choices(shown, placed)
        self._compare()

    def say_stale(self, stale: bool) -> None:
        """Pale the figures that are of before a change, and offer to count again."""
        self.again.layout.display = "" if stale else "none"
        (self.figures.add_class if stale else self.figures.remove_class)("shop-stale")

    def _show_choices(self, shown: Preview, questions: dict[str, Question]) -> None:
        """Show the list of each choice, with its lines and money; a control stays while its question does, to keep the focus."""
        told = told_of_choices(shown, self.look)
        controls = {key: self.controls.get(key) or self._control(key, question) for key, question in questions.items()}
        for key, (control, beside) in controls.items():
            show_answers(control, questions[key])
            said = (
                f'<span class="shop-told">{html.escape(questions[key].text)}</span>'
                if questions[key].place == "lost"
                else ""
            )
            beside.value = told.get(key, said)
        if list(controls) != list(self.controls):
            rows: list[widgets.Widget] = []
            for place, heading in HEADINGS.items():
                here = [key for key in controls if questions[key].place == place]
                rows += [widgets.HTML(f'<div class="shop-label shop-section">{heading}</div>')] if here else []
                rows += [named_box(widgets.Box(controls[key]), "shop-choice") for key in here]
            self.choices.children = rows
        self.controls = controls

    def _control(self, key: str, question: Question) -> tuple[widgets.Dropdown, widgets.HTML]:
        """Return the list of a question's answers, and what is told beside it."""
        name = {"region": "Whose"}.get(question.place) or LOST.get(key) or key.split(" ", 1)[-1]
        control = answer_list(key, name, self.answer)
        control.tooltip = question.text
        return control, widgets.HTML()

    def _compare(self) -> None:
        """Say how what the user knows compares with what would be counted."""
        text = self.known.value.strip().replace(" ", "").replace("’", "")
        self.told.value = ""
        if text and self.shown:
            comma = text.rfind(",") > text.rfind(".") and len(text) - text.rfind(",") <= 3
            plain = text.replace(".", "").replace(",", ".") if comma else text.replace(",", "")
            try:
                said = explained(self.shown, float(plain), self.month.value or "")
                self.told.value = f'<div role="status">{html.escape(said)}</div>'
            except ValueError:
                self.told.value = alert(f"“{self.known.value}” is no amount: write it like 1234.56.", "status")


def told_of_choices(shown: Preview, look: Look) -> dict[str, str]:
    """Return, for each question of the preview, its lines and its money as HTML."""
    told = {row.key: f"{integer(row.lines, look)} lines, {money(row.amount, look)}" for row in shown.words.itertuples()}
    for row in shown.money.itertuples():
        told[row.key] = f"{money(row.total, look)} in all"
        if pd.isna(row.effect):
            continue
        without = shown.revenue - SIGNS.get(row.taken or "leave", 0) * row.effect
        ways = {"left out": 0, "taken off or returned": -1, "added": 1}
        revenues = ", ".join(f"{money(without + sign * row.effect, look)} {way}" for way, sign in ways.items())
        told[row.key] += f". Revenue: {revenues}"
    if shown.region_lines:
        told["region"] = f"They differ on {integer(shown.region_lines, look)} lines"
    return {key: f'<span class="shop-told">{html.escape(text)}</span>' for key, text in told.items()}


def rest_html(shown: Preview, look: Look) -> str:
    """Return what would be set aside, and what is not read, as HTML."""
    aside = shown.reasons[["lines", "amount", "examples", "advice"]]
    not_read = table_html(shown.not_read, "Tables that are not read") if len(shown.not_read) else ""
    return named_rows(aside, "Lines that would be set aside", look) + not_read


def as_text(shown: Preview) -> str:
    """Return a preview as plain text, as it is printed where there is no form."""
    tables = {
        "by month": shown.months,
        "by status": shown.statuses,
        "by region": first_rows(shown.regions),
        "by category": first_rows(shown.categories),
        "words of a status": shown.words.drop(columns="key", errors="ignore"),
        "money that is not counted": shown.money.drop(columns=["key", "effect"], errors="ignore"),
        "set aside": shown.reasons[["lines", "amount", "examples"]],
        "not read": shown.not_read,
    }
    facts = f"{shown.orders:,} orders, {shown.customers:,} customers, {shown.units:,} units sold, {shown.first} to {shown.last}"
    parts = [f"{title}:\n{rows.to_string(index=False)}" for title, rows in tables.items() if len(rows)]
    return "\n\n".join([f"{headline(shown)}.\n{facts}.", *parts])
