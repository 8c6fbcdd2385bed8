"""A lone notebook's package: imported from the texts of its cells, and what is changed in a cell takes effect at once.

The notebook runs this text before it can import anything, so it imports nothing of the package.
"""

import importlib
import importlib.abc
import importlib.util
import linecache
import os
import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec
from types import ModuleType


class Carried(importlib.abc.MetaPathFinder, importlib.abc.ExecutionLoader):
    """Imports modules from texts, file -> text, as if the files lay in a folder that is called as the notebook is."""

    def __init__(self, files: Mapping[str, str], notebook: str) -> None:
        self.files, self.folder = files, os.path.abspath(notebook)

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Find a module, if it is carried."""
        return importlib.util.spec_from_loader(name, self) if self._files_of(name) else None

    def is_package(self, name: str) -> bool:
        """Say whether a module holds others."""
        return self._files_of(name)[0].endswith("/__init__.py")

    def get_filename(self, name: str) -> str:
        """Return the file of a module, as if the notebook were a folder."""
        return os.path.join(self.folder, *self._files_of(name)[0].split("/"))

    def get_source(self, name: str) -> str:
        """Return the text of a module, and let tracebacks know it."""
        file, text = self.get_filename(name), self.files[self._files_of(name)[0]]
        linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
        return text

    def get_data(self, file: str) -> bytes:
        """Return what a file of the folder holds; raises KeyError where there is none."""
        return self.files[os.path.relpath(file, self.folder).replace(os.sep, "/")].encode()

    def _files_of(self, name: str) -> list[str]:
        place = name.replace(".", "/")
        return [file for file in (f"{place}.py", f"{place}/__init__.py") if file in self.files]


def import_from(files: Mapping[str, str], notebook: str) -> None:
    """Let Python import from `files`, file -> text, in the place of those that it was told of before."""
    others = [finder for finder in sys.meta_path if type(finder).__name__ != Carried.__name__]
    sys.meta_path[:] = [Carried(files, notebook), *others]


def run_again(file: str, files: Mapping[str, str], names: dict[str, object]) -> None:
    """Run anew, in place, the module of a changed file and all that build on it.

    `files` is in the order in which they were taken in: each stands after those that it imports, so the changed one and
    all after it are run again. What the notebook imported from them, among its `names`, becomes what it is now.
    Objects made before keep their class: whatever made them has to be run again, too.
    """
    order = list(files)
    for later in order[order.index(file) :]:
        name = later.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if name in sys.modules and name != __name__:
            reload_in_place(sys.modules[name], names)


def reload_in_place(module: ModuleType, names: dict[str, object]) -> None:
    """Run a module anew, and give a notebook's names that were the module's own their new values."""
    before = dict(vars(module))
    importlib.reload(module)
    now = vars(module)
    names.update({name: now[name] for name in before.keys() & names.keys() if names[name] is before[name]})
