"""The package as a whole: arrows that go one way, modules that stay small, and a notebook that carries what the files are."""

import ast
import re

import pytest

import build
from build import MAGIC, PACKAGE, data_files, imported, is_module, module_cell, package_files
from notebook_module import ROOT, read_notebook

LONGEST = 400  # lines of a module
FILES = sorted((ROOT / PACKAGE).rglob("*.py"))
MODULES = [path for path in FILES if path.name != "__init__.py"]


def order():
    """Return the parts of the package in the order of its map: each may import from those above it."""
    text = ast.get_docstring(ast.parse((ROOT / PACKAGE / "__init__.py").read_text(encoding="utf-8")))
    return re.findall(r"^(\w+) {2,}\S", text, re.MULTILINE)


def part_of(path):
    """Return the name in the map under which a file stands."""
    return path.relative_to(ROOT / PACKAGE).parts[0].removesuffix(".py")


def test_the_map_names_every_module():
    parts = {part_of(path) for path in MODULES}
    assert sorted(order()) == sorted(parts)


def test_imports_go_one_way():
    rank = {name: n for n, name in enumerate(order())}
    for path in MODULES:
        for other in imported(path) - {path}:
            if other.name != "__init__.py" and part_of(other) != part_of(path):
                assert rank[part_of(other)] < rank[part_of(path)], f"{path.name} imports {other.name}"


def test_no_modules_import_each_other():
    """Within `importing`, too, which the map names as one part."""
    done = []
    for path in package_files():
        if path.suffix == ".py" and path.name != "__init__.py":
            later = [other.name for other in imported(path) - {path, *done} if other.name != "__init__.py"]
            assert later == [], path.name
            done.append(path)


def test_the_package_is_imported_where_modules_begin():
    """What a function imports by itself is no arrow that anybody sees."""
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inner = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node not in tree.body]
        assert [node.module for node in inner if (node.module or "").startswith(PACKAGE)] == [], path.name
        assert [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level] == [], path.name


@pytest.mark.parametrize(
    "path", [p for p in (ROOT / PACKAGE).rglob("*") if p.suffix in (".py", ".js", ".css")], ids=lambda p: p.name
)
def test_modules_stay_small(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_each_module_says_what_it_is_for():
    for path in FILES:
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert text, path
        assert len(text.splitlines()[0]) <= 120, path


def test_data_are_read_as_a_lone_notebook_can():
    """By pkgutil: in a notebook that is alone, there is no file to open."""
    for path in MODULES:
        assert not re.search(r"Path\(__file__|resources", path.read_text(encoding="utf-8")), path.name
    data = {path for path in (ROOT / PACKAGE).rglob("*") if path.suffix in (".js", ".css", ".txt", ".sql")}
    assert data == set().union(*(data_files(path) for path in MODULES))
    for path in (*FILES, *data):
        text = path.read_text(encoding="utf-8")
        assert not text or (text.endswith("\n") and not text.endswith("\n\n")), path


def test_the_story_imports_from_modules_and_hides_none_of_their_names():
    """A name stands for one thing in the whole story."""
    names = {}
    for cell in read_notebook().cells:
        if cell.cell_type == "code" and cell.id != "install" and not is_module(cell):
            for name in top_names(ast.parse(cell.source)):
                names.setdefault(name, set()).add(cell.id)
    assert {name: cells for name, cells in names.items() if len(cells) > 1} == {}


def top_names(tree):
    """Return the names that a cell gives the notebook."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
        else:
            stored = [n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
            inner = [n for scope in ast.walk(node) if isinstance(scope, SCOPES) for n in ast.walk(scope)]
            yield from {n.id for n in stored if n not in inner}


SCOPES = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)


def test_the_readme_shows_the_map():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in order():
        assert f"`{name}`" in readme, name


# The notebook carries the package


def carried():
    return [cell for cell in read_notebook().cells if is_module(cell)]


def test_the_module_cells_are_the_files():
    files = package_files()
    assert [cell.id for cell in carried()] == [module_cell(path).id for path in files]
    for cell, path in zip(carried(), files, strict=True):
        assert cell.source == module_cell(path).source, path.name


def test_all_files_are_carried_and_nothing_else():
    known = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / PACKAGE).rglob("*") if "__pycache__" not in path.parts
    }
    files = {
        name for name in known if (ROOT / name).is_file() and not any(part.startswith(".") for part in name.split("/"))
    }
    assert {cell.source.splitlines()[0].removeprefix(MAGIC) for cell in carried()} == files


def test_building_again_changes_nothing_and_a_changed_file_is_seen(tmp_path, monkeypatch, capsys):
    copy = tmp_path / "ecommerce_dashboard.ipynb"
    copy.write_text(build.as_text(read_notebook()), encoding="utf-8")
    monkeypatch.setattr(build, "NOTEBOOK", copy)
    before = copy.read_bytes()
    assert build.main(["--check"]) == 0
    assert build.main([]) == 0
    assert copy.read_bytes() == before
    copy.write_text(
        copy.read_text(encoding="utf-8").replace("class ShopProblem", "class Shopproblem"), encoding="utf-8"
    )
    assert build.main(["--check"]) == 1
    assert "tools/build.py" in capsys.readouterr().out
    assert build.main([]) == 0
    assert copy.read_bytes() == before


def test_data_come_before_the_modules_that_read_them():
    """A module that is run again reads what is there by then."""
    files = package_files()
    for path in MODULES:
        for other in data_files(path):
            assert files.index(other) < files.index(path), other.name
