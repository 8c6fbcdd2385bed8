"""The form that shows what a source is taken to mean, to be corrected and accepted."""

import html
import threading
from collections.abc import Callable
from contextlib import redirect_stdout

import ipywidgets as widgets

from shopboard.importing.draft import Draft
from shopboard.importing.form_parts import ColumnsPart, PreviewPart, QuestionsPart, SelectsPart
from shopboard.importing.parts import OF_WHAT, LastLine, alert, named_box, on_change, show_value
from shopboard.problems import ShopProblem, unforeseen
from shopboard.settings import Settings
from shopboard.style import Look

STALE = "These figures are of before your last change: press Count again, and compare them."


class ImportForm(Draft):
    """What a source is taken to mean, to be corrected and accepted; `widget` is to be shown.

    Nothing is loaded before that is accepted: then `load_shop` is called with the settings, the accepted mapping among them, and
    what it returns is said in the form. The source stays open until then, or until `close`.
    """

    def __init__(self, settings: Settings, load_shop: Callable[[Settings], str]) -> None:
        self.load_shop = load_shop
        self.lock = threading.RLock()  # Jupyter may bring two changes in two threads
        super().__init__(settings)
        self._make()
        self.look.value = not self.sure()
        self._show()

    def answer(self, key: str, value: str | None) -> None:
        """Take an answer to a question, and show what follows."""
        super().answer(key, value)
        if key.startswith("encoding "):
            self.look.value = not self.sure()
        self._show()

    def accept(self) -> str:
        """Load the shop as the form says; raises ShopProblem where something is open or cannot be loaded."""
        return self.load_shop(self.accepted_settings())

    # The widgets

    def _make(self) -> None:
        wide = {"width": "auto"}
        self.headline, self.verdict, self.said = (widgets.HTML() for _ in range(3))
        self.lines = widgets.Dropdown(description="Lines of orders are in", layout=wide)
        self.own_way = widgets.Button(description="Match the columns myself", layout=wide)
        self.asked = QuestionsPart(lambda *told: self._try(lambda: self.answer(*told)))
        self.accepted = widgets.Button(description="Load", button_style="primary", layout=wide)
        self.look = widgets.ToggleButton(description="What was matched", layout=wide)
        self.show_selects = widgets.ToggleButton(description="The four SELECTs", layout=wide)
        self.matched = ColumnsPart(lambda *chosen: self._change(self.choose, *chosen))
        self.written = SelectsPart(lambda *written: self._change(self.edit, *written))
        self.details = widgets.VBox([named_box(widgets.VBox([self.lines]), "shop-said-above"), self.matched.widget])
        row = named_box(widgets.Box([self.accepted, self.own_way, self.look, self.show_selects]), "shop-row")
        look = Look(self.settings.currency, self.settings.number_format)
        self.counted = PreviewPart(look, lambda *told: self._try(lambda: self.answer(*told)))
        self.counted.again.on_click(lambda _: self._change(self._count_again))
        above = [self.headline, self.asked.widget, self.counted.widget, self.verdict]
        self.widget = named_box(widgets.VBox([*above, row, self.said, self.details, self.written.widget]), "shop-form")
        self.accepted.on_click(lambda _: self._load())
        self.own_way.on_click(lambda _: self._change(self._match))
        self.written.check.on_click(
            lambda _: self._try(
                lambda: self.written.show_rows(self.connection, self.selects(), self.settings.is_visitors)
            )
        )
        self.written.undo.on_click(lambda _: self._change(self.edited.clear))
        on_change(self.lines, lambda lines: self._change(self._match, lines))
        for control in (self.look, self.show_selects):
            control.observe(lambda _: self._fold(), "value")

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

    def _change(self, action: Callable[..., None], *given: object) -> None:
        """Do what the user asked for, and show what follows."""

        def change() -> None:
            action(*given)
            self._show()

        self._try(change)

    def _match(self, lines: str | None = None) -> None:
        self.match_anew(lines)
        self.look.value = True

    def _count_again(self) -> None:
        """Count anew what would be loaded, however long that takes."""
        self.took = 0.0

    def _load(self) -> None:
        """Load what is accepted, and say how it went; after a problem the form stands as it stood."""

        def load() -> None:
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
        files = "".join(f"<div>{html.escape(line)}</div>" for line in self.files)
        self.headline.value = f'<div class="shop-label">{html.escape(self.settings.name)}</div>{files}'
        self.asked.show({key: question for key, question in self.questions().items() if not question.place})
        if self.proposal:
            show_value(self.lines, self.proposal.lines or None, tuple(self.proposal.possible))
        self.lines.layout.display = "" if self.proposal and len(self.proposal.possible) > 1 else "none"
        self.own_way.layout.display = "" if self.named else "none"
        self.look.layout.display = "none" if self.named else ""
        self.matched.show(self.proposal)
        self.written.show(self.selects(), self.edited)
        self.count()
        self.counted.say_stale(self.stale)
        self.counted.show(self.preview, self.questions())
        problem = self.problem() or (STALE if self.stale else "")
        self.accepted.disabled = bool(problem)
        name = self.named[0] if self.named else ""
        assumed = [] if problem else self.assumed()
        self.verdict.value = verdict_html(problem or self.cannot, name, assumed, list(self.edited))
        self._fold()

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
