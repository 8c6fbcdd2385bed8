"""Carry the package in the notebook: write each file of `shopboard/` into a folded cell headed `%%module`.

`python tools/build.py` writes the cells anew; with `--check` it only says whether they are what the files are.
"""

import ast
import json
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "ecommerce_dashboard.ipynb"
PACKAGE = "shopboard"
HEADING = "machinery"  # the id of the cell under which the package stands
MAGIC = "%%module "
DATA = (".js", ".css", ".txt", ".sql")  # files of the package that are no modules


def package_files(root: Path = ROOT) -> list[Path]:
    """Return the package's files in the order in which they may be run: each after those that it imports or reads."""
    modules = {path: imported(path, root) for path in sorted((root / PACKAGE).rglob("*.py"))}
    ordered: list[Path] = []

    def add(path: Path) -> None:
        if path not in ordered:
            for other in sorted(modules[path] - {path}):
                add(other)
            if path.name != "__init__.py":
                ordered.extend(sorted(data_files(path) - set(ordered)))
            ordered.append(path)

    for path in modules:
        add(path)
    rest = {path for path in (root / PACKAGE).rglob("*") if path.suffix in DATA} - set(ordered)
    return sorted(rest) + ordered


def imported(path: Path, root: Path = ROOT) -> set[Path]:
    """Return the files of the package that a module imports where it begins."""
    found = {path.parent / "__init__.py"}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.split(".")[0] == PACKAGE]
        else:
            continue
        for name in names:
            file = root / name.replace(".", "/")
            found |= {place for place in (file.with_suffix(".py"), file / "__init__.py") if place.exists()}
    return found


def data_files(path: Path) -> set[Path]:
    """Return the JavaScript, styles, words and SQL that a module reads: those whose name or folder its text names."""
    text = path.read_text(encoding="utf-8")
    beside = [other for other in path.parent.rglob("*") if other.suffix in DATA]
    return {other for other in beside if f"{other.name}" in text or f"{other.parent.name}/" in text}


def module_cell(path: Path, root: Path = ROOT) -> NotebookNode:
    """Return the folded cell that carries one file; its id is made of the file's path."""
    name = path.relative_to(root).as_posix()
    text = path.read_text(encoding="utf-8")
    cell = nbformat.v4.new_code_cell(f"{MAGIC}{name}\n{text}".removesuffix("\n"))
    cell.id = "module-" + re.sub(r"[^a-z0-9]+", "-", name.removeprefix(f"{PACKAGE}/").lower()).strip("-")
    # What runs the notebook as a program, as Voilà does, need not run them: by then they were read from its file.
    cell.metadata = NotebookNode({"jupyter": {"source_hidden": True}, "tags": ["skip-execution"]})
    return cell


def is_module(cell: NotebookNode) -> bool:
    """Say whether a cell carries a file of the package."""
    return cell.cell_type == "code" and cell.source.startswith(MAGIC)


def carry(notebook: NotebookNode, root: Path = ROOT) -> NotebookNode:
    """Return the notebook with the package's files as they are now, under a heading that is collapsed."""
    story = [cell for cell in notebook.cells if not is_module(cell)]
    place = next(n for n, cell in enumerate(story) if cell.id == HEADING)
    heading = story[place]
    # JupyterLab and Notebook 7, the classic Notebook, and Colab, which knows its cells by an id in their metadata.
    heading.metadata |= {"jp-MarkdownHeadingCollapsed": True, "heading_collapsed": True, "id": HEADING}
    notebook.metadata.setdefault("colab", {})["collapsed_sections"] = [HEADING]
    modules = [module_cell(path, root) for path in package_files(root)]
    notebook.cells = [*story[: place + 1], *modules, *story[place + 1 :]]
    return notebook


def as_text(notebook: NotebookNode) -> str:
    """Return the notebook as the text of its file."""
    return nbformat.writes(notebook, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the cells, or check them; return 1 where the notebook is not up to date."""
    before = NOTEBOOK.read_text(encoding="utf-8")
    now = as_text(carry(nbformat.reads(before, as_version=4)))
    if json.loads(now) == json.loads(before):
        return 0
    if "--check" in arguments:
        print("The notebook does not carry the package as it is now: run python tools/build.py.")
        return 1
    NOTEBOOK.write_text(now, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
