"""The notebook as a whole: its form, and that it runs from top to bottom as its prose says."""

import ast
import contextlib
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import METABASE, METABASE_MAPPING
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from notebook_module import NOTEBOOK, ROOT, read_notebook, settings_changed


def run(folder, notebook=None):
    """Run a notebook from top to bottom in a folder and return it with its outputs."""
    notebook = notebook or read_notebook()
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        coalesce_streams=True,
    )
    return client.execute()


def code_cells(notebook=None):
    return [cell for cell in (notebook or read_notebook()).cells if cell.cell_type == "code"]


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
def executed(tmp_path_factory):
    """The notebook as committed, run in an empty folder."""
    folder = tmp_path_factory.mktemp("run")
    return run(folder), folder


def test_it_runs_from_top_to_bottom(executed):
    notebook, folder = executed
    assert [output for cell in code_cells(notebook) for output in cell.outputs if output.output_type == "error"] == []
    warnings = [o.text for cell in code_cells(notebook) for o in cell.outputs if o.get("name") == "stderr"]
    assert warnings == []
    assert {path.name for path in folder.iterdir()} == {"ecommerce.db", "report.pdf", "report.png"}


def test_running_twice_gives_the_same_database(executed):
    _, folder = executed
    before = (folder / "ecommerce.db").read_bytes()
    run(folder)
    assert (folder / "ecommerce.db").read_bytes() == before
    with contextlib.closing(sqlite3.connect(folder / "ecommerce.db")) as connection:
        assert connection.execute("SELECT COUNT(*) FROM orders").fetchone() == (10_000,)


def numbers(text):
    """Return the numbers in a text; names may change with the library that invents them."""
    return re.findall(r"(?<![\w.@-])-?\d[\d,]*(?:\.\d+)?%?", text)


def test_the_committed_outputs_are_those_of_a_run(executed):
    notebook, _ = executed
    compared = 0
    for now, committed in zip(code_cells(notebook), code_cells(), strict=True):
        assert now.id == committed.id
        if "dashboard-shown" in now.id or "figure-" in now.id:
            continue
        assert numbers(texts(committed)) == numbers(texts(now)), now.id
        compared += bool(texts(now))
    assert compared > 20


def test_every_chart_and_the_page_are_committed_as_pictures():
    shown = [cell for cell in code_cells() if cell.id.startswith("figure-") and cell.id.endswith("-shown")]
    page = [cell for cell in code_cells() if cell.id in ("dashboard-shown", "report-saved")]
    assert (len(shown), len(page)) == (18, 2)
    for cell in shown + page:
        assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.id


def test_a_metabase_shop_runs_from_top_to_bottom(tmp_path):
    if not METABASE.exists():
        pytest.skip("the Metabase sample is not beside this project")
    source = str(METABASE / "metabase_sample.sqlite")
    notebook = run(tmp_path, settings_changed(source=source, mapping=METABASE_MAPPING, shop_name="Widgets & Co"))
    receipt = next(texts(cell) for cell in code_cells(notebook) if cell.id == "reconciliation-shown")
    assert "1,595,328.13" in receipt
    assert "18760" in receipt
    assert len((tmp_path / "set_aside.csv").read_text().splitlines()) == 69


@pytest.mark.parametrize(
    "orders",
    ["1,1,1,2025-01-01,10", "1,,1,2025-01-01,0\n2,,1,2025-01-01,0", "1,1,1,1999-12-31,1e12\n2,1,1,2025-01-01,1e12"],
)
def test_a_tiny_shop_runs_from_top_to_bottom(tmp_path, orders):
    """One line, one day, no review, no region, no category, no name: nothing divides by zero or trips."""
    source = tmp_path / "shop"
    source.mkdir()
    (source / "customers.csv").write_text("customer_id\n1\n")
    (source / "products.csv").write_text("product_id\n1\n")
    (source / "orders.csv").write_text(f"order_id,customer_id,product_id,order_date,total_amount\n{orders}\n")
    notebook = run(tmp_path, settings_changed(source=str(source)))
    assert [o for cell in code_cells(notebook) for o in cell.outputs if o.output_type == "error"] == []


def test_a_wrong_setting_is_one_sentence(tmp_path):
    notebook = settings_changed(days=5)
    with pytest.raises(CellExecutionError):
        run(tmp_path, notebook)
    (error,) = [o for cell in code_cells(notebook) for o in cell.outputs if o.output_type == "error"]
    shown = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(error.traceback))
    assert shown == "The setting `days` is 5; choose a whole number from 60 to 3,650."
    assert list(tmp_path.iterdir()) == []


# Its form


def test_cells_are_named_by_hand_and_hold_no_widget_state():
    notebook = read_notebook()
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in ids), ids
    assert "widgets" not in notebook.metadata
    nbformat.validate(notebook)
    assert NOTEBOOK.stat().st_size < 2_000_000


def test_define_cells_only_define():
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.ClassDef)
    for cell in code_cells():
        if "define" in cell.metadata.get("tags", []):
            others = [node for node in ast.parse(cell.source).body if not isinstance(node, allowed)]
            assert others == [], cell.id


def test_running_cells_are_short():
    for cell in code_cells():
        if "define" not in cell.metadata.get("tags", []) and cell.id not in ("build", "parameters"):
            assert len(cell.source.splitlines()) <= 6, cell.id


def test_long_cells_are_folded_and_titled():
    for cell in code_cells():
        if len(cell.source.splitlines()) > 60:
            assert cell.metadata.get("jupyter", {}).get("source_hidden"), cell.id
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            assert cell.metadata["cellView"] == "form"
            assert cell.source.startswith("# @title "), cell.id


def test_headings():
    headings = [
        line for cell in read_notebook().cells if cell.cell_type == "markdown" for line in cell.source.splitlines()
    ]
    levels = [len(line.split()[0]) for line in headings if re.match(r"#+ ", line)]
    assert levels.count(1) == 1
    assert max(levels) == 3
    sections = [line[3:] for line in headings if line.startswith("## ")]
    contents = re.findall(r"^\d+\. \[(.+?)\]\(#(.+?)\)", read_notebook().cells[0].source, re.MULTILINE)
    assert [name for name, _ in contents] == sections
    assert [anchor for _, anchor in contents] == [name.replace(" ", "-") for name in sections]


def test_every_function_says_what_it_does():
    for cell in code_cells():
        if "define" in cell.metadata.get("tags", []):
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                    assert ast.get_docstring(node), f"{cell.id}: {node.name}"


def imported():
    """Return the top-level names that the notebook imports and Python does not bring."""
    found = set()
    for cell in code_cells():
        if cell.id != "install":
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Import):
                    found |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"google", "IPython", "traitlets"}


def test_requirements_are_what_is_imported():
    """IPython and traitlets come with Jupyter, `google.colab` with Colab, and Jupyter shows the notebook."""
    listed = {line.split(">=")[0].replace("-", "_") for line in (ROOT / "requirements.txt").read_text().splitlines()}
    on_demand = {"duckdb", "python_calamine"}  # imported when a source needs them
    assert listed == imported() | {"jupyter"} | on_demand
    (install,) = [cell for cell in code_cells() if cell.id == "install"]
    names = re.search(r'needed = "(.+)"\.split', install.source).group(1)
    assert set(names.split()) == listed - {"jupyter", "duckdb"}  # Colab has DuckDB


def test_all_imports_stand_in_one_cell():
    for cell in code_cells():
        if cell.id not in ("imports", "install"):
            top = [node for node in ast.parse(cell.source).body if isinstance(node, ast.Import | ast.ImportFrom)]
            assert top == [], cell.id


def test_the_project_speaks_of_itself_alone():
    """No path of a machine in any file."""
    words = re.compile(r"/root/|/home/\w+/|/Users/|/work/", re.IGNORECASE)
    for folder in (".", "tests", "benchmarks", ".ci"):
        for path in (ROOT / folder).iterdir():
            if path.is_file() and path != Path(__file__) and path.name != "ecommerce.db":
                assert not words.search(path.read_text(encoding="utf-8", errors="ignore")), path


def test_ruff_finds_nothing():
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [ruff, *command, "--config", ".ci/ruff.toml", "--no-cache", "."],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
