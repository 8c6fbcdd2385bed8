"""The notebook's `define` cells as a module, so that each question and figure is tested where it stands."""

import linecache
import sys
import types
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "ecommerce_dashboard.ipynb"


def read_notebook() -> nbformat.NotebookNode:
    """Return the notebook as it is committed."""
    return nbformat.read(NOTEBOOK, as_version=4)


def load() -> types.ModuleType:
    """Execute the `define` cells, in order, as the module `story`; tracebacks show the cell and the line."""
    module = types.ModuleType("story")
    sys.modules["story"] = module
    transform = TransformerManager().transform_cell
    for cell in read_notebook().cells:
        if cell.cell_type == "code" and "define" in cell.metadata.get("tags", []):
            name = f"<cell {cell.id}>"
            source = transform(cell.source)
            linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
            exec(compile(source, name, "exec"), module.__dict__)
    return module


def default_settings() -> dict:
    """Return the settings as the notebook's settings cell states them."""
    values: dict = {}
    (cell,) = [cell for cell in read_notebook().cells if "parameters" in cell.metadata.get("tags", [])]
    exec(cell.source, values)
    values.pop("__builtins__")
    return values


def settings_changed(**changed) -> nbformat.NotebookNode:
    """Return the notebook with some settings changed, as a user would change them."""
    assert set(changed) <= set(default_settings())
    notebook = read_notebook()
    (cell,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    cell.source += "".join(f"\n{name} = {value!r}" for name, value in changed.items())
    return notebook
