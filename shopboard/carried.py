"""What a lone notebook does with a file of this package that was changed in its cell: it takes effect at once."""

import importlib
import sys
from collections.abc import Iterable
from types import ModuleType


def run_again(file: str, files: Iterable[str], names: dict[str, object]) -> None:
    """Run anew, in place, the module of a changed file and all that build on it.

    `files` is the order in which they were taken in: each stands after those that it imports, so the changed one and
    all after it are run again. What the notebook imported from them, among its `names`, becomes what it is now.
    Objects made before keep their class: whatever made them has to be run again, too.
    """
    order = list(files)
    for later in order[order.index(file) :]:
        for module in [known for known in sys.modules.values() if getattr(known, "__file__", None) == later]:
            if module.__name__ != __name__:
                reload_in_place(module, names)


def reload_in_place(module: ModuleType, names: dict[str, object]) -> None:
    """Run a module anew, and give a notebook's names that were the module's own their new values."""
    before = dict(vars(module))
    importlib.reload(module)
    now = vars(module)
    names.update({name: now[name] for name in before.keys() & names.keys() if names[name] is before[name]})
