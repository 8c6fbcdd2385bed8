"""Problems that the user can mend: each is one sentence that says what is wrong, where, and how to mend it."""

import html
import os
import sqlite3
from contextlib import ExitStack

from IPython.display import HTML, display

ALERT_STYLE = "border-left:4px solid #b3261e;background:#fdf1f0;padding:10px 14px;font:15px sans-serif"


class ShopProblem(Exception):
    """Something that the user can mend; its message is a sentence that says what, where and how."""

    displayed = False

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone; IPython asks for this instead of printing a traceback."""
        if in_voila() and not self.displayed:  # Voilà hides what an error says, but not what is displayed
            self.displayed = True
            display(HTML(f'<p role="alert" style="{ALERT_STYLE}">{html.escape(str(self))}</p>'))
        return [f"\x1b[1;31m{self}\x1b[0m"]


class MappingProblem(ShopProblem):
    """Something about a source that SELECTs of its own, the setting `mapping`, would mend."""

    opened: tuple[ExitStack, sqlite3.Connection] | None = None  # the source, for the form to go on with


def unforeseen(error: Exception, public: bool) -> str:
    """Return in words an error that nobody has foreseen; what it quotes may not be for visitors."""
    return type(error).__name__ if public else f"{type(error).__name__}: {error}"


def in_voila() -> bool:
    """Say whether this kernel serves a Voilà page."""
    software = os.environ.get("SERVER_SOFTWARE", "")  # so it says itself before it runs the first cell
    return "VOILA_KERNEL_ID" in os.environ or "VOILA_PREHEAT" in os.environ or software.startswith("voila/")
