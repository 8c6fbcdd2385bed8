"""The notebook as a whole: its form, and that it runs from top to bottom as its prose says, with the package beside it or alone."""

import ast
import contextlib
import copy
import json
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import METABASE, METABASE_MAPPING
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from build import is_module
from notebook_module import NOTEBOOK, ROOT, read_notebook, settings_changed

CELLS, LINES, MEDIAN = 114, 2_000, 5


def client(folder, notebook):
    """Return what runs a notebook in a folder, where its file lies, too."""
    (Path(folder) / NOTEBOOK.name).write_text(nbformat.writes(notebook), encoding="utf-8")
    resources = {"metadata": {"path": str(folder)}}
    options = {"record_timing": False, "coalesce_streams": True, "store_widget_state": False}
    return NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources, **options)


def run(folder, notebook=None):
    """Run a notebook from top to bottom in a folder, as a checkout has it, and return it with its outputs."""
    if not (Path(folder) / "shopboard").exists():
        (Path(folder) / "shopboard").symlink_to(ROOT / "shopboard")
    return client(folder, notebook or read_notebook()).execute()


def code_cells(notebook=None):
    """Return the cells of code that tell the story; those that carry the package are tested by themselves."""
    return [c for c in (notebook or read_notebook()).cells if c.cell_type == "code" and not is_module(c)]


def errors(notebook):
    """Return what went wrong, by cell, warnings included."""
    wrong = lambda output: output.output_type == "error" or output.get("name") == "stderr"  # noqa: E731
    return {
        cell.id: list(filter(wrong, cell.outputs)) for cell in code_cells(notebook) if any(map(wrong, cell.outputs))
    }


def texts(cell):
    """Return what a cell's outputs say, as plain text."""
    said = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            said.append(output.text)
        elif "text/plain" in output.get("data", {}) and "image/png" not in output.data:
            said.append(output.data["text/plain"])
    return "\n".join(said)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """What has run the notebook as committed, alone in an empty folder, and can go on; its outputs; the folder."""
    folder, notebook = tmp_path_factory.mktemp("alone"), read_notebook()
    runner = client(folder, notebook)
    runner.reset_execution_trackers()
    with runner.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            runner.execute_cell(cell, index)
        yield runner, copy.deepcopy(notebook), folder


@pytest.fixture(scope="module")
def executed(running):
    """The notebook as committed, run alone in an empty folder."""
    return running[1:]


@pytest.fixture(scope="module")
def checkout(executed, tmp_path_factory):
    """The notebook as committed, run again with the package beside it; and the database of before and after."""
    folder = tmp_path_factory.mktemp("checkout")
    path = Path(shutil.copy(executed[1] / "ecommerce.db", folder))
    before = path.read_bytes()
    return run(folder), before, path


# It runs


def test_it_runs_alone_in_an_empty_folder(executed):
    notebook, folder = executed
    assert errors(notebook) == {}
    assert {path.name for path in folder.iterdir()} == {"ecommerce.db", NOTEBOOK.name}


def test_it_runs_in_a_checkout_and_gives_the_same(executed, checkout):
    alone, _ = executed
    notebook, *_ = checkout
    assert errors(notebook) == {}
    for one, other in zip(code_cells(alone), code_cells(notebook), strict=True):
        if one.id != "shop-design":  # says what it made, if anything
            assert numbers(texts(one)) == numbers(texts(other)), one.id


def test_running_again_opens_what_is_there(checkout):
    _, before, path = checkout
    assert path.read_bytes() == before
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM orders").fetchone() == (10_000,)


ANSWERS = """
page = Dashboard(shop, PAGES, EXAMPLES)
for name in page.pages:
    page.navigation.value = name
    bad = {card["id"]: card.get("message") for card in page.board.cards if card["state"] not in ("ready", "empty")}
    print(name, len(page.board.cards), bad)
page.close()
"""


def test_each_cell_run_again_leaves_the_page_answering(running):
    """No cell's variable hides a name that another cell needs."""
    runner, *_ = running
    notebook = runner.nb
    notebook.cells.append(nbformat.v4.new_code_cell(ANSWERS, id="answers"))
    last = len(notebook.cells) - 1
    runner.execute_cell(notebook.cells[last], last)
    first = texts(notebook.cells[last])
    for index, cell in enumerate(notebook.cells):
        runner.execute_cell(cell, index)  # again, each
    assert errors(notebook) == {}
    assert texts(notebook.cells[-1]) == first
    assert len(first.splitlines()) >= 5
    assert all(line.endswith("{}") for line in first.splitlines()), first


# The package that it carries


SETUP = ("install", "carried")
PROBE = """
import inspect
from shopboard.problems import ShopProblem
import shopboard.settings as settings_module
print(inspect.getsource(ShopProblem).splitlines()[0])
print(inspect.getsource(settings_module.is_shop_database).splitlines()[0])
print(settings_module.__file__.replace("\\\\", "/").split("/")[-2:])
"""
BROKEN = "from shopboard.database import quoted\nquoted(7)"


def part(*more):
    """Return a notebook of the cells that carry the package, and more cells of code."""
    notebook = read_notebook()
    notebook.cells = [cell for cell in notebook.cells if cell.id in SETUP or is_module(cell)]
    notebook.cells += [nbformat.v4.new_code_cell(source, id=f"more-{n}") for n, source in enumerate(more)]
    return notebook


def test_sources_of_a_lone_notebook_can_be_read(tmp_path):
    notebook = client(tmp_path, part(PROBE)).execute()
    class_line, function_line, file = texts(notebook.cells[-1]).splitlines()
    assert class_line == "class ShopProblem(Exception):"
    assert function_line.startswith("def is_shop_database(")
    assert file == "['shopboard', 'settings.py']"


APART = """
import pkgutil, sqlite3
from shopboard.limits import run_apart
sqlite3.connect("made.sqlite").execute("CREATE TABLE shop (x)").connection.close()
values = pkgutil.get_data("shopboard.importing", "values.py").decode()
print(run_apart("made.sqlite", "SELECT NUMBER('1.234,5', ',') AS x", 60, functions=values, rows=1)["rows"])
"""


def test_a_lone_notebook_runs_statements_in_a_process_of_their_own(tmp_path):
    """Which is handed the text of the cells, as there is no file."""
    assert texts(client(tmp_path, part(APART)).execute().cells[-1]).strip() == "[[1234.5]]"


def test_tracebacks_of_a_lone_notebook_show_the_line(tmp_path):
    notebook = part(BROKEN)
    with pytest.raises(CellExecutionError):
        client(tmp_path, notebook).execute()
    shown = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(notebook.cells[-1].outputs[0].traceback))
    assert "database.py" in shown
    assert """return '"' + name.replace('"', '""') + '"'""" in shown


def test_an_edited_module_cell_takes_effect(tmp_path):
    """Also in a module that imports from it, and for the names that the notebook itself has imported."""
    source = (ROOT / "shopboard" / "problems.py").read_text(encoding="utf-8")
    changed = source.replace(
        'return "VOILA_KERNEL_ID" in os.environ', 'return "edited" or "VOILA_KERNEL_ID" in os.environ'
    )
    assert changed != source
    names = "from shopboard.problems import ShopProblem, in_voila\nimport shopboard.settings"
    edited = f"%%module shopboard/problems.py\n{changed}"
    after = "print(in_voila(), shopboard.settings.ShopProblem is ShopProblem)"
    notebook = client(tmp_path, part(names, edited, after)).execute()
    assert texts(notebook.cells[-1]).strip() == "edited True"


def test_an_edited_module_cell_that_cannot_run_says_where(tmp_path):
    broken = part("import shopboard.problems", "%%module shopboard/problems.py\nimport os\nif if")
    with pytest.raises(CellExecutionError, match="SyntaxError"):
        client(tmp_path, broken).execute()


def test_a_notebook_that_cannot_find_its_file_says_what_to_do(tmp_path):
    notebook = part()
    runner = client(tmp_path, notebook)
    (tmp_path / NOTEBOOK.name).unlink()
    with pytest.raises(CellExecutionError, match="run the cells under Machinery"):
        runner.execute()


def test_it_finds_its_cells_under_another_name(tmp_path):
    runner = client(tmp_path, part("from shopboard.settings import Settings\nprint(Settings.__name__)"))
    (tmp_path / NOTEBOOK.name).rename(tmp_path / "dashboard (1).ipynb")
    assert texts(runner.execute().cells[-1]).strip() == "Settings"


COLAB = """
import json, sys, types
answer = lambda request, timeout_sec: {"ipynb": json.load(open("page.json"))} if request == "get_ipynb" else None
colab = types.ModuleType("google.colab")
colab._message = types.SimpleNamespace(blocking_request=answer)
sys.modules.update({"google": types.ModuleType("google"), "google.colab": colab})
"""


def test_in_colab_the_page_hands_over_the_cells(tmp_path):
    notebook = part("from shopboard.settings import Settings\nprint(Settings.__name__)")
    notebook.cells.insert(0, nbformat.v4.new_code_cell(COLAB, id="colab"))
    runner = client(tmp_path, notebook)
    (tmp_path / NOTEBOOK.name).rename(tmp_path / "page.json")
    assert texts(runner.execute().cells[-1]).strip() == "Settings"


# What it says is what it gives


def numbers(text):
    """Return the numbers in a text; names may change with the library that invents them."""
    return re.findall(r"(?<![\w.@-])-?\d[\d,]*(?:\.\d+)?%?", text)


def is_drawn(cell):
    """Say whether a cell's committed output is a picture."""
    return any("image/png" in output.get("data", {}) for output in cell.outputs)


def test_the_committed_outputs_are_those_of_a_run(executed):
    notebook, _ = executed
    compared = 0
    for now, committed in zip(code_cells(notebook), code_cells(), strict=True):
        assert now.id == committed.id
        if not is_drawn(committed):
            assert numbers(texts(committed)) == numbers(texts(now)), now.id
            compared += bool(texts(now))
    assert compared > 20


def test_every_chart_and_the_page_are_committed_as_pictures(executed):
    notebook, _ = executed
    drawn = {"application/vnd.plotly.v1+json", "application/vnd.jupyter.widget-view+json", "image/png"}
    shown = {c.id for c in code_cells(notebook) if any(drawn & set(o.get("data", {})) for o in c.outputs)}
    assert len(shown) > 10
    assert {cell.id for cell in code_cells() if is_drawn(cell)} == shown


def test_the_story_stays_with_the_sample(executed, tmp_path):
    """Another source feeds the dashboard; the answers that the prose reads stay what they are."""
    if not METABASE.exists():
        pytest.skip("the Metabase sample is not beside this project")
    source = str(METABASE / "metabase_sample.sqlite")
    notebook = run(tmp_path, settings_changed(source=source, mapping=METABASE_MAPPING, shop_name="Widgets & Co"))
    assert errors(notebook) == {}
    for one, other in zip(code_cells(executed[0]), code_cells(notebook), strict=True):
        if one.id.startswith("answer-"):
            assert numbers(texts(one)) == numbers(texts(other)), one.id
    assert len((tmp_path / "set_aside.csv").read_text().splitlines()) == 69
    with contextlib.closing(sqlite3.connect(tmp_path / "ecommerce.db")) as connection:
        assert connection.execute("SELECT ROUND(SUM(total_amount), 2) FROM orders").fetchone() == (
            1_589_313.14,
        )  # without the 67 lines of no quantity


TINY = ("1,1,1,2025-01-01,10", "1,,1,2025-01-01,0\n2,,1,2025-01-01,0", "1,1,1,1999-12-31,1e12\n2,1,1,2025-01-01,1e12")


def test_a_tiny_shop_runs_from_top_to_bottom(tmp_path):
    """One line, one day, no review, no region, no category, no name: nothing divides by zero or trips.

    The story stays with the sample, so of the second and third shop only that is run which shows them.
    """
    sources = [tmp_path / f"shop{number}" for number in range(len(TINY))]
    for source, orders in zip(sources, TINY, strict=True):
        source.mkdir()
        (source / "customers.csv").write_text("customer_id\n1\n")
        (source / "products.csv").write_text("product_id\n1\n")
        (source / "orders.csv").write_text(f"order_id,customer_id,product_id,order_date,total_amount\n{orders}\n")
    notebook = settings_changed(source=str(sources[0]))
    shown = {cell.id: cell.source for cell in notebook.cells}
    added = [ANSWERS]
    for source in sources[1:]:
        changed = f"settings = replace(settings, source={str(source)!r}, database={source.name + '.db'!r})"
        added.append("\n".join((changed, shown["pages-in-order"], ANSWERS)))
    notebook.cells += [nbformat.v4.new_code_cell(code, id=f"added-{n}") for n, code in enumerate(added)]
    notebook = run(tmp_path, notebook)
    assert errors(notebook) == {}
    for cell in notebook.cells[-len(added) :]:
        said = [line for line in texts(cell).splitlines() if "{" in line]
        assert len(said) >= 5
        assert all(line.endswith("{}") for line in said), said


def test_a_wrong_setting_is_one_sentence(tmp_path):
    notebook = settings_changed(days=5)
    with pytest.raises(CellExecutionError):
        run(tmp_path, notebook)
    (error,) = [o for cell in code_cells(notebook) for o in cell.outputs if o.output_type == "error"]
    shown = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(error.traceback))
    assert shown == "The setting `days` is 5; choose a whole number from 60 to 3,650."
    assert {path.name for path in tmp_path.iterdir()} == {NOTEBOOK.name, "shopboard"}


# Its form


def test_cells_are_named_by_hand_and_hold_no_widget_state():
    notebook = read_notebook()
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", cell.id) for cell in notebook.cells if not is_module(cell)), ids
    assert "widgets" not in notebook.metadata
    nbformat.validate(notebook)
    assert NOTEBOOK.stat().st_size < 2_000_000
    times = [c.id for c in code_cells() if c.execution_count or "execution" in c.metadata]
    assert times == []


def test_the_story_stays_small():
    lines = [len(cell.source.splitlines()) for cell in code_cells()]
    assert len(lines) <= CELLS
    assert sum(lines) <= LINES
    assert statistics.median(lines) <= MEDIAN


def test_the_last_cell_shows_the_page_in_one_line():
    last = read_notebook().cells[-1]
    assert last.cell_type == "code"
    assert re.fullmatch(r"display\(Dashboard\(.+\)\)", last.source)


def test_define_cells_only_define():
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.ClassDef)
    for cell in code_cells():
        if "define" in cell.metadata.get("tags", []):
            others = [node for node in ast.parse(cell.source).body if not isinstance(node, allowed)]
            assert others == [], cell.id


def test_running_cells_are_short():
    for cell in code_cells():
        if "define" not in cell.metadata.get("tags", []) and cell.id not in (
            "parameters",
            "carried",
            "display",
        ):
            assert len(cell.source.splitlines()) <= 8, cell.id


def test_long_cells_are_folded_and_titled():
    for cell in code_cells():
        if len(cell.source.splitlines()) > 70:
            assert cell.metadata.get("jupyter", {}).get("source_hidden"), cell.id
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            assert cell.metadata["cellView"] == "form"
            assert cell.source.startswith("# @title "), cell.id


def test_headings():
    markdown = [cell.source for cell in read_notebook().cells if cell.cell_type == "markdown"]
    prose = re.sub(r"^```.*?^```", "", "\n".join(markdown), flags=re.MULTILINE | re.DOTALL)
    headings = [line for line in prose.splitlines() if re.match(r"#+ ", line)]
    levels = [len(line.split()[0]) for line in headings]
    assert levels.count(1) == 1
    assert max(levels) == 3
    sections = [line[3:] for line in headings if line.startswith("## ")]
    contents = re.findall(r"^\d+\. \[(.+?)\]\(#(.+?)\)", read_notebook().cells[0].source, re.MULTILINE)
    assert [name for name, _ in contents] == sections
    assert [anchor for _, anchor in contents] == [name.replace(" ", "-") for name in sections]
    anchors = {line.split(" ", 1)[1].replace(" ", "-") for line in headings}
    assert set(re.findall(r"\]\(#(.+?)\)", "\n".join(markdown))) <= anchors


def test_every_function_says_what_it_does():
    for cell in code_cells():
        if cell.id != "install":
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                    assert ast.get_docstring(node), f"{cell.id}: {node.name}"


def test_it_says_boldly_that_patterns_were_planted():
    prose = "\n".join(cell.source for cell in read_notebook().cells if cell.cell_type == "markdown")
    assert re.search(r"\*\*[^*]*planted[^*]*\*\*", prose)


def imported():
    """Return the top-level names that notebook and package import and Python does not bring."""
    sources = [cell.source for cell in code_cells() if cell.id != "install"]
    sources += [path.read_text(encoding="utf-8") for path in (ROOT / "shopboard").rglob("*.py")]
    found = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"google", "IPython", "traitlets", "shopboard"}


def test_requirements_are_what_is_imported():
    """IPython and traitlets come with Jupyter, `google.colab` with Colab, and Jupyter shows the notebook."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    listed = {line.split(">=")[0].replace("-", "_") for line in lines if not line.startswith("#")}
    on_demand = {"python_calamine"}  # imported when a source is a workbook
    assert listed == (imported() - {"sqlalchemy"}) | {"jupyter"} | on_demand  # who has a server installs that one
    (install,) = [cell for cell in code_cells() if cell.id == "install"]
    names = re.search(r'needed = "(.+)"', install.source).group(1)
    assert set(names.split()) == listed - {"jupyter"}


def test_all_imports_stand_in_one_cell():
    for cell in code_cells():
        if cell.id not in ("imports", *SETUP):
            top = [node for node in ast.parse(cell.source).body if isinstance(node, ast.Import | ast.ImportFrom)]
            assert top == [], cell.id


def test_the_project_speaks_of_itself_alone():
    """No path of a machine in any file."""
    words = re.compile(r"/root/|/home/\w+/|/Users/|/work/", re.IGNORECASE)
    places = [ROOT, *(ROOT / name for name in ("tests", "benchmarks", "tools", ".ci"))]
    files = [path for place in places for path in place.iterdir() if path.is_file()]
    files = [path for path in files if path.name != ".git"]  # which is a file in a worktree, and git's own
    files += [path for path in (ROOT / "shopboard").rglob("*") if path.suffix in (".py", ".js", ".css", ".txt", ".sql")]
    for path in files:
        if path != Path(__file__) and path.suffix != ".db":
            assert not words.search(path.read_text(encoding="utf-8", errors="ignore")), path


def tool(name):
    """Return the path of a tool beside this Python, or of the system's."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


@pytest.mark.parametrize("command", ["ruff check --no-cache .", "ruff format --check --no-cache .", "mypy"])
def test_the_tools_find_nothing(command):
    name, *arguments = command.split()
    if tool(name) is None:
        pytest.skip(f"{name} is not installed here")
    done = subprocess.run([tool(name), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_metadata_folds_the_package_everywhere():
    notebook = read_notebook()
    (heading,) = [cell for cell in notebook.cells if cell.id == "machinery"]
    assert heading.metadata["jp-MarkdownHeadingCollapsed"] is True  # JupyterLab and Notebook 7
    assert heading.metadata["id"] in notebook.metadata["colab"]["collapsed_sections"]
    assert all(cell.metadata["jupyter"]["source_hidden"] for cell in notebook.cells if is_module(cell))
    assert json.loads(NOTEBOOK.read_text(encoding="utf-8"))["nbformat_minor"] >= 5  # cells have ids
