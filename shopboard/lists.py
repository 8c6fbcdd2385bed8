"""Lists with checkboxes, a search and "only", and chips that say what is chosen; the browser draws both."""

import pkgutil
from collections.abc import Callable, Sequence
from typing import TypedDict

import anywidget
import traitlets


class Names(TypedDict):
    """One list: the name by which it is known, its heading, what it offers, and what is said below."""

    name: str
    label: str
    options: Sequence[str]
    note: str


class Chip(TypedDict):
    """What is said of one choice; `key` comes back when it is removed."""

    key: list[str]
    kind: str
    label: str


SCRIPT = (pkgutil.get_data("shopboard", "lists.js") or b"").decode()


class Lists(anywidget.AnyWidget):
    """Lists of names, of which any may be chosen; `chosen` is name of the list -> names, or None for all."""

    _esm = SCRIPT
    kind = traitlets.Unicode("lists").tag(sync=True)
    lists = traitlets.List(traitlets.Dict()).tag(sync=True)
    chosen = traitlets.Dict().tag(sync=True)


class Chips(anywidget.AnyWidget):
    """What is chosen, each with a button that removes it."""

    _esm = SCRIPT
    kind = traitlets.Unicode("chips").tag(sync=True)
    chips = traitlets.List(traitlets.Dict()).tag(sync=True)

    def on_remove(self, callback: Callable[[list[str]], None]) -> None:
        """Call a function with the key of each chip that is removed."""
        self.on_msg(lambda _widget, content, _buffers: callback(list(map(str, content.get("remove", [])))))
