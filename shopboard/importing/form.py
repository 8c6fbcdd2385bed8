"""The form that shows what a source is taken to mean, to be corrected and accepted."""

import html
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from dataclasses import replace

import ipywidgets as widgets

from shopboard.database import table_names
from shopboard.importing.columns_part import ColumnsPart
from shopboard.importing.meaning import Column, Proposal, Question
from shopboard.importing.named import named_selects
from shopboard.importing.parts import (
    OF_WHAT,
    SURE,
    LastLine,
    alert,
    files_in_words,
    named_box,
)
from shopboard.importing.preview import Preview, forget_trial, preview
from shopboard.importing.preview_part import PreviewPart
from shopboard.importing.proposal import (
    PLACES,
    answer_question,
    choose_column,
    other_proposals,
    propose,
    proposed_selects,
    what_is_lacking,
)
from shopboard.importing.questions_part import QuestionsPart
from shopboard.importing.raw import source_name, unreadable
from shopboard.importing.selects_part import SelectsPart
from shopboard.importing.source import opened_source
from shopboard.importing.staging import ASSUMED, OPEN_SOURCES, source_key
from shopboard.places import scratch_folder
from shopboard.problems import ShopProblem, unforeseen
from shopboard.settings import Settings
from shopboard.style import Look

PATIENCE = 3.0  # seconds that counting may take at each change


STALE = "These figures are of before your last change: press Count again, and compare them."


class ImportForm:
    """What a source is taken to mean, to be corrected and accepted; `widget` is to be shown.

    Nothing is loaded before that is accepted: then `load_shop` is called with the settings, the accepted mapping among them, and
    what it returns is said in the form. The source stays open until then, or until `close`.
    """

    def __init__(self, settings: Settings, load_shop: Callable[[Settings], str]) -> None:
        self.settings, self.load_shop = settings, load_shop
        self.lock = threading.RLock()  # Jupyter may bring two changes in two threads
        self.encodings: dict[str, str] = {}  # file -> codec, as the user said
        self.key = ""  # of the source in OPEN_SOURCES
        self.doubts: dict[str, Question] = {}  # file -> what only the user can say of its encoding
        self.edited: dict[str, str] = {}  # table -> SELECT written by the user
        self.named: tuple[str, dict[str, str]] | None = None
        self.proposal: Proposal | None = None
        self._listening = False
        self.folder = scratch_folder()  # of what is loaded on trial
        self.took, self.stale = 0.0, False  # how many seconds counting took; whether the figures are of before a change
        self.preview: Preview | None = None
        self.previewed, self.cannot = "", ""  # what the preview shows, and why there is none
        self._make()
        self._read()

    def problem(self) -> str:
        """Return what keeps the source from being loaded, in a sentence; empty if nothing."""
        unanswered = [question.text for question in self.doubts.values() if question.taken is None]
        if unanswered:
            return f"Please answer: {unanswered[0]}"
        if self.named or {"customers", "products", "orders"} <= set(self.edited):
            return ""
        return what_is_lacking(self.proposal)

    def sure(self) -> bool:
        """Say whether every column was matched, and surely."""
        if self.problem() or self.edited or any(not question.place for question in self.questions().values()):
            return False
        matches = self.proposal.matches.values() if self.proposal else ()
        return all(match.sure >= SURE[0][0] for match in matches if match.column)

    def questions(self) -> dict[str, Question]:
        """Return what only the user can say, by a key: of encodings first, since all else is read by them."""
        of_files = {f"encoding {file}": question for file, question in self.doubts.items()}
        if not self.proposal:
            return of_files
        of_others = {
            f"{other.lines}: {key}": replace(question, text=f"{other.lines}: {question.text}")
            for other in other_proposals(self.proposal)
            for key, question in other.questions.items()
        }
        return {**of_files, **self.proposal.questions, **of_others}

    def answer(self, key: str, value: str | None) -> None:
        """Take an answer to a question; by one about an encoding the source is read anew."""
        kind, _, file = key.partition(" ")
        if kind == "encoding":
            self.doubts[file] = replace(self.doubts[file], taken=value)
            self.encodings = {name: codec for name, codec in {**self.encodings, file: value}.items() if codec}
            self._read()
        else:
            table = next((table for table in self.proposal.more if key.startswith(f"{table}: ")), None)
            proposal = self.proposal if table is None else self.proposal.more[table]
            answer_question(proposal, key if table is None else key.removeprefix(f"{table}: "), value)
            self._show()

    def selects(self) -> dict[str, str]:
        """Return the four SELECTs as they stand: what the user wrote, else what follows from the choices."""
        lacking = not self.named and what_is_lacking(self.proposal, PLACES)
        proposed = self.named[1] if self.named else {} if lacking else proposed_selects(self.proposal)
        return {table: text for table, text in {**proposed, **self.edited}.items() if text.strip()}

    def preview_now(self) -> Preview | None:
        """Return what would be counted as the form stands; None while something is open without which nothing can be."""
        selects = self.selects()
        doubtful = any(question.taken is None for question in self.doubts.values())
        if doubtful or not {"customers", "products", "orders"} <= set(selects):
            return None
        encodings = {"encodings": self.encodings} if self.encodings else {}
        return preview(self.proposal, self.settings, {**selects, **encodings}, self.folder.name)

    def assumed(self) -> list[str]:
        """Return what the SELECTs take for granted, in words."""
        texts = [text for table, text in self.selects().items() if table not in self.edited]
        lines = "\n".join(texts).splitlines()
        return [line.removeprefix(ASSUMED) for line in lines if line.startswith(ASSUMED)]

    def accept(self) -> str:
        """Load the shop as the form says; raises ShopProblem where something is open or cannot be loaded."""
        if problem := self.problem():
            raise ShopProblem(problem)
        encodings = {"encodings": self.encodings} if self.encodings else {}
        return self.load_shop(replace(self.settings, mapping={**self.selects(), **encodings}))

    def close(self) -> None:
        """Let go of the source, and of what was loaded of it on trial."""
        forget_trial(self.folder.name)
        opened, _ = OPEN_SOURCES.pop(self.key, (ExitStack(), None))
        opened.close()

    # The widgets

    def _make(self) -> None:
        wide = {"width": "auto"}
        self.headline, self.verdict, self.said = (widgets.HTML() for _ in range(3))
        self.lines = widgets.Dropdown(description="Lines of orders are in", layout=wide)
        self.own_way = widgets.Button(description="Match the columns myself", layout=wide)
        self.asked = QuestionsPart(lambda key, value: self._try(lambda: self.answer(key, value)))
        self.accepted = widgets.Button(description="Load", button_style="primary", layout=wide)
        self.look = widgets.ToggleButton(description="What was matched", layout=wide)
        self.show_selects = widgets.ToggleButton(description="The four SELECTs", layout=wide)
        self.matched = ColumnsPart(lambda *chosen: self._try(lambda: self._choose(*chosen)))
        self.written = SelectsPart(lambda *written: self._try(lambda: self._edit(*written)))
        self.details = widgets.VBox([named_box(widgets.VBox([self.lines]), "shop-said-above"), self.matched.widget])
        row = named_box(widgets.Box([self.accepted, self.own_way, self.look, self.show_selects]), "shop-row")
        look = Look(self.settings.currency, self.settings.number_format)
        self.counted = PreviewPart(look, lambda key, value: self._try(lambda: self.answer(key, value)))
        self.counted.again.on_click(lambda _: self._try(self._count_again))
        parts = [
            self.headline,
            self.asked.widget,
            self.counted.widget,
            self.verdict,
            row,
            self.said,
            self.details,
            self.written.widget,
        ]
        self.widget = named_box(widgets.VBox(parts), "shop-form")
        self.accepted.on_click(lambda _: self._load())
        self.own_way.on_click(lambda _: self._try(self._match_anew))
        self.written.check.on_click(
            lambda _: self._try(
                lambda: self.written.show_rows(self.connection, self.selects(), self.settings.is_visitors)
            )
        )
        self.written.undo.on_click(lambda _: self._try(self._forget_edits))
        self.lines.observe(lambda change: self._when_heard(lambda: self._match_anew(change.new)), "value")
        for control in (self.look, self.show_selects):
            control.observe(lambda _: self._fold(), "value")

    def _when_heard(self, action: Callable[[], None]) -> None:
        """Do something that the user asked for by a control, rather than the form by setting it."""
        if self._listening:
            self._try(action)

    def _try(self, action: Callable[[], None]) -> None:
        """Do something; say in the form, in plain words, what went wrong if anything did."""
        with self.lock:
            self.said.value = ""
            try:
                action()
            except ShopProblem as problem:
                self.said.value = alert(str(problem))
            except Exception as error:  # whatever it is, the form must go on
                self.said.value = alert(f"This could not be done ({unforeseen(error, bool(self.settings.public))}).")

    # What it does

    def _read(self) -> None:
        """Read the source, and propose anew what it means."""
        self.close()
        self.key = source_key(self.settings.source, self.encodings)
        if self.key not in OPEN_SOURCES:
            opened = ExitStack()
            OPEN_SOURCES[self.key] = opened, opened.enter_context(opened_source(self.settings.source, self.encodings))
        _, self.connection = OPEN_SOURCES[self.key]
        told = set(table_names(self.connection))
        doubts = self.connection.execute("SELECT file, question, options FROM doubts") if "doubts" in told else ()
        for file, question, options in doubts:
            self.doubts.setdefault(file, Question(question, json.loads(options), None))
        self.files = files_in_words(self.connection) if "files_read" in told else []
        try:
            self.named = named_selects(self.connection)
            self.proposal = None if self.named else propose(self.connection)
        except sqlite3.DatabaseError as error:
            raise ShopProblem(
                f"The setting `source` is {source_name(self.settings.source)}, {unreadable(error)}."
            ) from None
        self.look.value = not self.sure()
        self._show()

    def _match_anew(self, lines: str | None = None) -> None:
        """Propose columns, for the lines of orders in another table if one is given."""
        self.named, self.proposal = None, propose(self.connection, lines)
        self.look.value = True
        self._show()

    def _choose(self, table: str, name: str, column: Column | None) -> None:
        choose_column(self.proposal, table, name, column)
        self._show()

    def _edit(self, table: str, text: str) -> None:
        """Take the user's SELECT for a table; one that is as it was proposed goes on following the choices."""
        self.edited.pop(table, None)
        if text != self.selects().get(table, ""):
            self.edited[table] = text
        self._show()

    def _forget_edits(self) -> None:
        self.edited.clear()
        self._show()

    def _load(self) -> None:
        """Load what is accepted, and say how it went; after a problem the form stands as it stood."""

        def load() -> None:
            """Load, with the progress in the form."""
            self.accepted.disabled = True
            self.said.value = '<span role="status">Loading …</span>'
            try:
                with redirect_stdout(LastLine(self.said)):
                    done = self.accept()
            except BaseException:
                self.accepted.disabled = False
                raise
            self.close()
            self.widget.children = [self.said]
            self.said.value = f'<div role="status"><b>{html.escape(done)}</b></div>'

        self._try(load)

    # What it shows

    def _show(self) -> None:
        """Show everything as it stands now."""
        self._listening = False
        try:
            files = "".join(f"<div>{html.escape(line)}</div>" for line in self.files)
            self.headline.value = f'<div class="shop-label">{html.escape(self.settings.name)}</div>{files}'
            self.asked.show({key: question for key, question in self.questions().items() if not question.place})
            if self.proposal:
                self.lines.options = self.proposal.possible
                self.lines.value = self.proposal.lines or None
            self.lines.layout.display = "" if self.proposal and len(self.proposal.possible) > 1 else "none"
            self.own_way.layout.display = "" if self.named else "none"
            self.look.layout.display = "none" if self.named else ""
            self.matched.show(self.proposal)
            self.written.show(self.selects(), self.edited)
            self._show_preview()
            self._show_verdict()
            self._fold()
        finally:
            self._listening = True

    def _count_again(self) -> None:
        """Count anew what would be loaded, however long that takes."""
        self.took = 0.0
        self._show()

    def _show_preview(self) -> None:
        """Show what would be counted, anew if the SELECTs have changed; where that takes long, when the user asks for it."""
        placed = sorted(key for key, question in self.questions().items() if question.place)
        state = repr((self.selects(), self.encodings, placed))
        self.stale = state != self.previewed and self.took > PATIENCE
        if state != self.previewed and not self.stale:
            begun = time.monotonic()
            try:
                self.preview, self.cannot = self.preview_now(), ""
            except (ShopProblem, sqlite3.Error) as problem:
                self.preview, self.cannot = None, str(problem)
            self.previewed, self.took = state, time.monotonic() - begun
        self.counted.say_stale(self.stale)
        self.counted.show(self.preview, self.questions())

    def _show_verdict(self) -> None:
        """Say whether it can be loaded, and what to do first if not."""
        problem = self.problem() or (STALE if self.stale else "")
        self.accepted.disabled = bool(problem)
        name = self.named[0] if self.named else ""
        self.verdict.value = verdict_html(
            problem or self.cannot, name, [] if problem else self.assumed(), list(self.edited)
        )

    def _fold(self) -> None:
        """Show what is to be seen, and hide the rest."""
        self.details.layout.display = "" if self.look.value else "none"
        self.written.widget.layout.display = "" if self.show_selects.value else "none"


def verdict_html(problem: str, export: str, assumed: list[str], edited: list[str]) -> str:
    """Return, as HTML, whether a source can be loaded or what to do first, and what is taken for granted."""
    if problem:
        words = alert(problem, "note")
    else:
        found = f"This is an export of {export}. " if export else ""
        words = f'<div role="status">{html.escape(found)}Compare these figures with what you know of the shop, then press Load.</div>'
    if assumed:
        words += f'<div>Assumed:</div><ul class="shop-assumed">{"".join(f"<li>{html.escape(line)}</li>" for line in assumed)}</ul>'
    if edited:
        names = ", ".join(OF_WHAT[table].lower() for table in edited)
        words += f'<div role="status">Written by you: {names}. That counts instead of the choices.</div>'
    return words
