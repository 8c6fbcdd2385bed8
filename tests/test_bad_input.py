"""Bad input: one sentence that names the setting or file and the way out, and nothing half-made left behind."""

import contextlib
import os
import shutil
import sqlite3

import pytest


def problem(nb, action, *mentioned):
    """Return the sentence that an action's problem gives; it must mention each of the given words."""
    with pytest.raises(nb.ShopProblem) as raised:
        action()
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    for word in mentioned:
        assert word in sentence, sentence
    return sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", -1),
        ("seed", "42"),
        ("seed", True),
        ("days", 59),
        ("days", 3_651),
        ("days", 730.0),
        ("sample_customers", 49),
        ("sample_products", 0),
        ("sample_orders", 499),
        ("sample_orders", 100_000_001),
        ("sample_reviews", -1),
        ("sample_reviews", 5_001),
        ("end_date", "31.12.2025"),
        ("end_date", "2025-02-30"),
        ("end_date", None),
        ("end_date", "0001-01-01"),
        ("charts", "pretty"),
        ("mapping", ["orders"]),
        ("mapping", {"sales": "SELECT 1"}),
        ("mapping", {"orders": "SELECT 1"}),
        ("source", ""),
        ("source", None),
        ("database", ""),
        ("exports", 5),
        ("currency", None),
        ("shop_name", 3),
    ],
)
def test_a_setting_out_of_range(nb, make_settings, name, value):
    problem(nb, lambda: make_settings(**{name: value}), f"`{name}`")


def test_too_many_reviews_for_the_orders(nb, make_settings, tmp_path):
    settings = make_settings(
        database=str(tmp_path / "e.db"), sample_orders=500, sample_reviews=250, sample_customers=50
    )
    with contextlib.suppress(nb.ShopProblem):  # whether 250 fit depends on the draw; what is left must be whole
        nb.open_or_build(settings)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["e.db"])


@pytest.fixture
def attempt(nb, make_settings, tmp_path):
    """A function that tries to build from a source and checks that nothing is left behind."""

    def attempt(source, *mentioned, **changed):
        out = tmp_path / "out"
        out.mkdir(exist_ok=True)
        before = sorted((path.name, path.read_bytes()) for path in out.iterdir() if path.is_file())
        settings = make_settings(source=str(source), database=str(out / "ecommerce.db"), **changed)
        sentence = problem(nb, lambda: nb.open_or_build(settings), *mentioned)
        assert sorted((path.name, path.read_bytes()) for path in out.iterdir() if path.is_file()) == before
        return sentence

    return attempt


def test_a_source_that_is_missing(attempt, tmp_path):
    attempt(tmp_path / "nowhere.sqlite", "`source`", "nowhere.sqlite", "correct the path")


def test_a_folder_without_csv(attempt, tmp_path):
    (tmp_path / "empty").mkdir()
    attempt(tmp_path / "empty", "`source`", "no CSV file")


@pytest.mark.parametrize("content", [b"not a database at all, only some text", b"SQLite format 3\0" + b"\1" * 200])
def test_a_file_that_is_no_database(attempt, tmp_path, content):
    (tmp_path / "shop.sqlite").write_bytes(content)
    attempt(tmp_path / "shop.sqlite", "`source`", "shop.sqlite", "cannot be read")


def test_an_empty_database(attempt, tmp_path):
    (tmp_path / "shop.sqlite").write_bytes(b"")
    attempt(tmp_path / "shop.sqlite", "shop.sqlite", "no table")


CSV = {
    "customers.csv": "customer_id,name\n1,Ann\n",
    "products.csv": "product_id,product_name\n1,Lamp\n",
    "orders.csv": "order_id,customer_id,product_id,order_date,total_amount\n1,1,1,2025-01-01,10\n",
}


@pytest.fixture
def folder(tmp_path):
    """A folder of CSV files that is a shop."""
    folder = tmp_path / "source"
    folder.mkdir()
    for name, text in CSV.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("table", ["customers", "products", "orders"])
def test_a_table_that_is_needed(attempt, folder, table):
    (folder / f"{table}.csv").unlink()
    attempt(folder, f"`{table}`", "mapping")


@pytest.mark.parametrize(
    ("table", "column"),
    [("customers", "customer_id"), ("products", "product_id"), ("orders", "order_date"), ("orders", "total_amount")],
)
def test_a_column_that_is_needed(attempt, folder, table, column):
    file = folder / f"{table}.csv"
    file.write_text(file.read_text().replace(column, "something_else"))
    attempt(folder, f"`{table}`", f"`{column}`", f"AS {column}")


@pytest.mark.parametrize(
    ("select", "said"),
    [
        ("SELECT", "cannot be run"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELECT 1; SELECT 2", "cannot be run"),
        ("DROP TABLE orders", "cannot be run"),
        (5, "cannot be run"),
    ],
)
def test_a_select_that_cannot_be_run(attempt, folder, select, said):
    attempt(folder, "`orders`", said, mapping={"orders": select})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "first line"),
        (b"order_id,order_id\n1,2\n", "first line"),
        ("order_id,x\n1,\xe4\n".encode("latin-1"), "UTF-8"),
        ("order_id,x\n".encode("utf-16"), "UTF-8"),
        (b'order_id,x\n1,"a"b\n', "line 2"),
    ],
)
def test_a_csv_file_that_cannot_be_read(attempt, folder, content, said):
    (folder / "orders.csv").write_bytes(content)
    attempt(folder, "orders.csv", said)


def test_no_row_that_can_be_loaded(attempt, folder):
    (folder / "orders.csv").write_text(CSV["orders.csv"].replace("2025-01-01", "soon"))
    attempt(folder, "None of", "1 order rows", "'soon'")


def test_no_order_at_all(attempt, folder):
    (folder / "orders.csv").write_text(CSV["orders.csv"].splitlines()[0] + "\n")
    attempt(folder, "0 order rows", "empty")


# The database


def test_a_database_that_something_else_made(attempt, folder, tmp_path):
    (tmp_path / "out").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "out" / "ecommerce.db")) as other:
        other.execute("CREATE TABLE precious (x)")
    attempt(folder, "ecommerce.db", "was not made by this notebook", "`database`")


@pytest.mark.parametrize("content", [b"some text, precious to somebody", b"\0" * 5_000])
def test_a_file_that_is_no_database_is_not_overwritten(attempt, folder, tmp_path, content):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "ecommerce.db").write_bytes(content)
    attempt(folder, "ecommerce.db", "`database`")


@pytest.fixture
def built(build, tmp_path):
    """The settings of a sample that stands in the folder `out`."""
    (tmp_path / "out").mkdir()
    return build(tmp_path / "out")


def test_a_truncated_database(nb, built, tmp_path):
    path = tmp_path / "out" / "ecommerce.db"
    path.write_bytes(path.read_bytes()[:-4_096])
    before = path.read_bytes()
    problem(nb, lambda: nb.open_or_build(built), "ecommerce.db", "damaged")
    assert path.read_bytes() == before


def test_a_damaged_database(nb, built, tmp_path):
    path = tmp_path / "out" / "ecommerce.db"
    content = bytearray(path.read_bytes())
    content[8_192:40_960] = b"\x5a" * 32_768
    path.write_bytes(content)
    problem(nb, lambda: nb.open_or_build(built), "ecommerce.db", "damaged")
    assert path.read_bytes() == bytes(content)


def test_a_locked_database(nb, attempt, folder, built, tmp_path):
    path = tmp_path / "out" / "ecommerce.db"
    before = path.read_bytes()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        attempt(folder, "ecommerce.db", "in use", "`database`")
        other.execute("ROLLBACK")
    assert path.read_bytes() == before


def test_summaries_that_cannot_be_written(nb, build, tmp_path):
    settings = build(tmp_path)
    with contextlib.closing(sqlite3.connect(settings.database, isolation_level=None)) as other:
        other.execute("DROP TABLE summary_info")
        other.execute("BEGIN IMMEDIATE")
        problem(nb, lambda: nb.summarise(settings.database), "ecommerce.db", "close other programs")
        other.execute("ROLLBACK")
    assert nb.summarise(settings.database) == "The summaries were made."


def test_a_database_in_a_folder_that_is_not_there(nb, make_settings, tmp_path):
    settings = make_settings(database=str(tmp_path / "nowhere" / "ecommerce.db"))
    problem(nb, lambda: nb.open_or_build(settings), "`database`", "nowhere")
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_a_folder(nb, make_settings, tmp_path):
    (tmp_path / "ecommerce.db").mkdir()
    settings = make_settings(database=str(tmp_path / "ecommerce.db"))
    problem(nb, lambda: nb.open_or_build(settings), "`database`")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder in which nobody can write")
def test_folders_that_cannot_be_written(nb, make_settings, built, tmp_path):
    problem(
        nb, lambda: nb.open_or_build(make_settings(database="/proc/ecommerce.db")), "/proc/ecommerce.db", "`database`"
    )
    settings = make_settings(database=built.database, exports="/proc/nowhere")
    with contextlib.closing(nb.connect(built.database)) as connection:
        whole = nb.everything(connection)
        problem(nb, lambda: nb.save_report(connection, whole, whole, settings), "/proc/nowhere", "`exports`")


def test_a_full_disk_leaves_the_earlier_database(nb, built, tmp_path, monkeypatch):
    """SQLite itself says that there is no room: a limit of pages stands for the disk."""
    path = tmp_path / "out" / "ecommerce.db"
    before = path.read_bytes()
    monkeypatch.setattr(nb, "SCHEMA", "PRAGMA max_page_count = 40;" + nb.SCHEMA)
    problem(nb, lambda: nb.open_or_build(built), "ecommerce.db", "full", "`database`")
    assert path.read_bytes() == before
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["ecommerce.db"]


def test_a_report_of_nothing(nb, built):
    with contextlib.closing(nb.connect(built.database)) as connection:
        whole = nb.everything(connection)
        nothing = nb.Filters((), whole.categories, whole.start, whole.end)
        problem(nb, lambda: nb.save_report(connection, nothing, whole, built), "Choose at least one region")


def test_a_problem_is_shown_without_a_traceback(nb):
    (shown,) = nb.ShopProblem("Mend <this>.")._render_traceback_()
    assert "Mend <this>." in shown
    assert "Traceback" not in shown


def test_spaces_and_quotes_in_paths(build, tmp_path):
    odd = tmp_path / "a b's %20 #1?é"
    odd.mkdir()
    settings = build(odd)
    assert [path.name for path in odd.iterdir()] == ["ecommerce.db"]
    shutil.rmtree(odd)
    assert settings.database.startswith(str(odd))
