"""The part of the form that asks what has to be known before anything can be counted."""

from collections.abc import Callable

import ipywidgets as widgets

from shopboard.importing.meaning import Question
from shopboard.importing.parts import described_by, named_box
from shopboard.importing.preview_part import OPEN


class QuestionsPart:
    """Questions with lists of their answers; `answer` is called with a question's key and the value, None if it is open again."""

    def __init__(self, answer: Callable[[str, str | None], None]) -> None:
        self.answer, self.listening = answer, False
        self.answers: dict[str, widgets.Dropdown] = {}
        self.widget = named_box(widgets.VBox(), "shop-questions")

    def show(self, questions: dict[str, Question]) -> None:
        """Show each question with its answers; controls stay while their question does, so that none loses the focus."""
        self.listening = False
        answers = {key: self.answers.get(key) or self._control(key, question) for key, question in questions.items()}
        for key, control in answers.items():
            options = (OPEN, *questions[key].answers.items())
            if control.options != options:
                control.options = options
            control.value = OPEN[1] if questions[key].taken is None else questions[key].taken
        if list(answers) != list(self.answers):
            self.widget.children = [
                named_box(widgets.VBox([control]), "shop-said-above") for control in answers.values()
            ]
        self.answers, self.listening = answers, True

    def _control(self, key: str, question: Question) -> widgets.Dropdown:
        """Return the list of a question's answers."""
        options = [OPEN, *question.answers.items()]
        control = widgets.Dropdown(options=options, layout={"width": "auto"}, **described_by(question.text))
        control.observe(
            lambda change: self.answer(key, None if change.new == OPEN[1] else change.new) if self.listening else None,
            "value",
        )
        return control
