"""The part of the form that asks what has to be known before anything can be counted."""

from collections.abc import Callable

import ipywidgets as widgets

from shopboard.importing.meaning import Question
from shopboard.importing.parts import answer_list, named_box, show_answers


class QuestionsPart:
    """Questions with lists of their answers; `answer` is called with a question's key and the value, None if it is open again."""

    def __init__(self, answer: Callable[[str, str | None], None]) -> None:
        self.answer = answer
        self.answers: dict[str, widgets.Dropdown] = {}
        self.widget = named_box(widgets.VBox(), "shop-questions")

    def show(self, questions: dict[str, Question]) -> None:
        """Show each question with its answers; controls stay while their question does, so that none loses the focus."""
        before = self.answers
        self.answers = {
            key: before.get(key) or answer_list(key, question.text, self.answer) for key, question in questions.items()
        }
        for key, control in self.answers.items():
            show_answers(control, questions[key])
        if list(self.answers) != list(before):
            boxes = (widgets.VBox([control]) for control in self.answers.values())
            self.widget.children = [named_box(box, "shop-said-above") for box in boxes]
