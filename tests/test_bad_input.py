"""Bad input: one sentence that names the setting or file and the way out, and nothing half-made left behind."""

import contextlib
import math
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from shopboard import building
from shopboard.dashboard import Dashboard
from shopboard.database import connect
from shopboard.export import save_page
from shopboard.importing import loading
from shopboard.importing.receipt import reconciliation
from shopboard.problems import ShopProblem
from shopboard.report import save_report
from shopboard.style import Look


def problem(action, *mentioned):
    """Return the sentence that an action's problem gives; it must mention each of the given words."""
    with pytest.raises(ShopProblem) as raised:
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
def test_a_setting_out_of_range(make_settings, name, value):
    problem(lambda: make_settings(**{name: value}), f"`{name}`")


def test_too_many_reviews_for_the_orders(open_or_build, make_settings, tmp_path):
    settings = make_settings(
        database=str(tmp_path / "e.db"), sample_orders=500, sample_reviews=250, sample_customers=50
    )
    with contextlib.suppress(ShopProblem):  # whether 250 fit depends on the draw; what is left must be whole
        open_or_build(settings)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["e.db"])


@pytest.fixture
def attempt(open_or_build, make_settings, tmp_path):
    """A function that tries to build from a source and checks that nothing is left behind."""

    def attempt(source, *mentioned, **changed):
        out = tmp_path / "out"
        out.mkdir(exist_ok=True)
        before = sorted((path.name, path.read_bytes()) for path in out.iterdir() if path.is_file())
        settings = make_settings(source=str(source), database=str(out / "ecommerce.db"), **changed)
        sentence = problem(lambda: open_or_build(settings), *mentioned)
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
        (b"", "is empty"),
        (b"1,2\n3,4\n", "first line"),
        ("order_id;x\n1;\xe4".encode("utf-16")[:-1], "cut off"),
        (b'order_id,x\n1,"a', "line 2"),
        (b"order_id,x\n1,2\n3", "line 3"),
        (b"%PDF-1.7 ...", "PDF"),
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


def assert_moved_aside(said, folder, content):
    """Check that a damaged database is kept, that a new one has its place, and that this is said."""
    assert said.startswith("ecommerce.db is damaged (")
    assert said.endswith("It was moved to ecommerce.db.damaged-1. Made ecommerce.db.")
    assert (folder / "ecommerce.db.damaged-1").read_bytes() == content


def test_a_truncated_database(open_or_build, built, tmp_path):
    path = tmp_path / "out" / "ecommerce.db"
    path.write_bytes(path.read_bytes()[:-4_096])
    before = path.read_bytes()
    assert_moved_aside(open_or_build(built), tmp_path / "out", before)


def test_a_damaged_database(open_or_build, built, tmp_path):
    path = tmp_path / "out" / "ecommerce.db"
    content = bytearray(path.read_bytes())
    content[8_192:40_960] = b"\x5a" * 32_768
    path.write_bytes(content)
    assert_moved_aside(open_or_build(built), tmp_path / "out", bytes(content))


def test_a_locked_database(attempt, folder, built, tmp_path):
    path = tmp_path / "out" / "ecommerce.db"
    before = path.read_bytes()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        attempt(folder, "ecommerce.db", "in use", "`database`")
        other.execute("ROLLBACK")
    assert path.read_bytes() == before


def test_a_database_in_a_folder_that_is_not_there(open_or_build, make_settings, tmp_path):
    settings = make_settings(database=str(tmp_path / "nowhere" / "ecommerce.db"))
    problem(lambda: open_or_build(settings), "`database`", "nowhere")
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_a_folder(open_or_build, make_settings, tmp_path):
    (tmp_path / "ecommerce.db").mkdir()
    settings = make_settings(database=str(tmp_path / "ecommerce.db"))
    problem(lambda: open_or_build(settings), "`database`")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder in which nobody can write")
def test_folders_that_cannot_be_written(open_or_build, open_shop, make_settings, story, pages, built):
    problem(lambda: open_or_build(make_settings(database="/proc/ecommerce.db")), "/proc/ecommerce.db", "`database`")
    with contextlib.closing(open_shop(built)) as shop:
        whole, path = shop.everything(), "/proc/nowhere/page.html"
        one = replace(whole, regions=whole.regions[:1], categories=whole.categories[:1])
        problem(lambda: save_page(shop, pages[:1], one, path, Look()), "/proc/nowhere", "`exports`")
        problem(lambda: save_report(shop, story.REPORT, whole, "/proc/nowhere", Look()), "/proc/nowhere", "`exports`")


def test_a_full_disk_leaves_the_earlier_database(shop_design, built, tmp_path):
    """SQLite itself says that there is no room: a limit of pages stands for the disk."""
    path = tmp_path / "out" / "ecommerce.db"
    before = path.read_bytes()
    design = replace(shop_design, schema="PRAGMA max_page_count = 40;" + shop_design.schema)
    problem(lambda: building.open_or_build(built, design), "ecommerce.db", "full", "`database`")
    assert path.read_bytes() == before
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["ecommerce.db"]


def test_a_file_or_report_of_nothing(open_shop, story, pages, built, tmp_path):
    with contextlib.closing(open_shop(built)) as shop:
        nothing = replace(shop.everything(), regions=())
        problem(lambda: save_page(shop, pages, nothing, tmp_path / "page.html", Look()), "Choose at least one region")
        problem(lambda: save_report(shop, story.REPORT, nothing, tmp_path, Look()), "Choose at least one region")
    assert not (tmp_path / "page.html").exists()


def test_a_problem_is_shown_without_a_traceback():
    (shown,) = ShopProblem("Mend <this>.")._render_traceback_()
    assert "Mend <this>." in shown
    assert "Traceback" not in shown


def test_spaces_and_quotes_in_paths(build, tmp_path):
    odd = tmp_path / "a b's %20 #1?é"
    odd.mkdir()
    settings = build(odd)
    assert [path.name for path in odd.iterdir()] == ["ecommerce.db"]
    shutil.rmtree(odd)
    assert settings.database.startswith(str(odd))


# What an adversary, or a bad day, does


def test_a_kernel_killed_while_writing(open_or_build, built, tmp_path):
    """A journal that a killed process left is rolled back, and never touches a database that is made anew."""
    path = tmp_path / "out" / "ecommerce.db"
    code = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('PRAGMA cache_size = 2'); c.execute('BEGIN IMMEDIATE');"
        "c.execute('UPDATE orders SET quantity = 9'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert (tmp_path / "out" / "ecommerce.db-journal").exists()
    assert open_or_build(built).startswith("Opened")
    with contextlib.closing(connect(path)) as connection:
        assert connection.execute("SELECT COUNT(DISTINCT quantity) FROM orders").fetchone()[0] > 1

    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    path.unlink()  # a user follows "delete it", and leaves the journal
    open_or_build(replace(built, seed=5))
    with contextlib.closing(connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.fixture
def shop_file(tmp_path):
    """A function that writes a small shop as an SQLite file, and does something more to it."""

    def shop_file(*more):
        path = tmp_path / "shop.sqlite"
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.executescript(
                "CREATE TABLE customers (customer_id, name, region, registration_date);"
                "CREATE TABLE products (product_id, product_name, category, price, stock_quantity);"
                "CREATE TABLE orders (order_id, customer_id, product_id, order_date, quantity, total_amount, status);"
                "CREATE TABLE reviews (review_id, product_id, rating, review_text, review_date);"
                "INSERT INTO customers VALUES (1, 'Ann', 'North', '2024-01-01');"
                "INSERT INTO products VALUES (1, 'Lamp', 'Home', 9.5, 3);"
                "INSERT INTO orders VALUES (1, 1, 1, '2025-01-01', 1, 9.5, 'Completed');"
                "INSERT INTO orders VALUES (2, 1, 1, '2025-01-02', 2, 19, 'Completed');"
                "INSERT INTO reviews VALUES (1, 1, 5, 'Good', '2025-02-01');"
            )
            for statement in more:
                connection.execute(statement)
        return path

    return shop_file


@pytest.fixture
def load(build, tiles, tmp_path):
    """A function that builds from a source, asks for the page's first figures, and returns the settings."""

    def load(source, **changed):
        (tmp_path / "out").mkdir(exist_ok=True)
        settings = build(tmp_path / "out", source=str(source), **changed)
        tiles(settings)
        with contextlib.closing(connect(settings.database)) as connection:
            reconciliation(connection, settings)
        return settings

    return load


ODD_VALUES = (  # those of a line stand in one shop, since they touch different tables
    (
        "UPDATE products SET price = x'00ff'",
        "UPDATE customers SET name = x'00ff', region = x'ff', registration_date = x'fe'",
        "UPDATE reviews SET review_text = x'ff', rating = x'05'",
    ),
    (
        "UPDATE orders SET quantity = x'01' WHERE order_id = 2",
        "UPDATE products SET stock_quantity = -9223372036854775808",
    ),
    (
        "UPDATE orders SET total_amount = -9223372036854775808 WHERE order_id = 2",
        "UPDATE products SET category = 'A' || CHAR(0) || 'b'",
    ),
    (
        "UPDATE orders SET quantity = 999999999999999 WHERE order_id = 2",
        "UPDATE products SET category = '$x_$', product_name = '$\\frac$'",
    ),
    ("UPDATE orders SET order_date = '9998-12-31' WHERE order_id = 2",),
    ("UPDATE orders SET status = 'Cancelled'",),
    ("UPDATE orders SET total_amount = 0",),
    ("DELETE FROM reviews",),
)


@pytest.mark.parametrize("changes", ODD_VALUES)
def test_odd_values_are_loaded_or_set_aside(load, open_shop, story, pages, tmp_path, shop_file, changes):
    settings = load(shop_file(*changes))
    with contextlib.closing(open_shop(settings)) as shop:
        dashboard = Dashboard(shop, pages)
        for page in pages:
            dashboard.navigation.value = page.name
            assert "shop-alert" not in dashboard.status.value
            assert [card["message"] for card in dashboard.board.cards if card["state"] == "failed"] == []
        dashboard.close()
        save_report(shop, story.REPORT, shop.everything(), tmp_path, Look())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER TABLE orders RENAME TO other_orders", "no table `orders`"),
        ("CREATE VIEW broken AS SELECT * FROM nowhere", ""),
    ],
)
def test_odd_tables(load, attempt, tmp_path, shop_file, change, said):
    path = shop_file(change)
    if said:
        attempt(path, said)
    else:
        load(path)


def test_a_view_that_cannot_be_read(attempt, shop_file):
    path = shop_file("DROP TABLE reviews", "CREATE VIEW reviews AS SELECT * FROM nowhere")
    attempt(path, "`reviews`", "repair the source")


def test_a_source_with_an_open_log_is_read_again_when_the_log_grows(open_or_build, load, tmp_path, shop_file):
    path = shop_file("PRAGMA journal_mode = WAL")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as writer:
        settings = load(path)
        writer.execute("INSERT INTO orders VALUES (3, 1, 1, '2025-01-03', 1, 100, 'Completed')")
        assert open_or_build(settings).startswith("Replaced")
        with contextlib.closing(connect(settings.database)) as connection:
            assert connection.execute("SELECT SUM(total_amount) FROM orders").fetchone() == (128.5,)


def test_a_source_that_changes_meanwhile_is_loaded_again(open_or_build, load, folder, tmp_path, monkeypatch):
    load_staged = loading.load_staged

    def changes_meanwhile(target, table, numbers):
        load_staged(target, table, numbers)
        if table == "orders":
            (folder / "orders.csv").write_text(CSV["orders.csv"] + "2,1,1,2025-01-02,5\n")

    monkeypatch.setattr(loading, "load_staged", changes_meanwhile)
    settings = load(folder)
    monkeypatch.undo()
    assert open_or_build(settings).startswith("Replaced")


def test_a_locked_source(attempt, shop_file):
    path = shop_file()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        attempt(path, "`source`", "another program is writing", "close that program")
        other.execute("ROLLBACK")


def test_the_database_is_not_its_own_source(open_or_build, make_settings, shop_file):
    path = str(shop_file())
    problem(lambda: open_or_build(make_settings(source=path, database=path)), "`source`", "`database`")


@pytest.mark.parametrize("select", ["ATTACH '{0}/x.db' AS e", "VACUUM INTO '{0}/x.db'", "PRAGMA user_version = 5"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_mapping_cannot_write(attempt, shop_file, folder, tmp_path, select, kind):
    source = shop_file() if kind == "file" else folder
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    attempt(source, "`orders`", mapping={"orders": select.format(tmp_path)})
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_column_given_twice(attempt, shop_file):
    select = "SELECT orders.*, customers.* FROM orders JOIN customers USING (customer_id)"
    attempt(shop_file(), "`customer_id`", "more than once", mapping={"orders": select})


def test_other_files_beside_the_shop_do_no_harm(load, folder, tmp_path):
    (folder / "notes.csv").write_bytes("x,x\n\xe4,\n".encode("latin-1"))
    (folder / "README.txt").write_text("What these files are: orders, and so on.\nAsk Ann.\n")
    (folder / "._orders.csv").write_bytes(b"\0\1")
    (folder / "old.csv").mkdir()
    (folder / "sqlite_export.csv").write_text("a\n1\n")
    (folder / "ragged.csv").write_text("a,b\n1\n")
    settings = load(folder)
    with contextlib.closing(connect(settings.database)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM set_aside").fetchone() == (0,)


def test_another_file_that_is_asked_for_says_why_it_cannot_be_read(attempt, folder):
    (folder / "sales.csv").write_text("a\n1\n")
    attempt(folder, "`orders`", "sales.csv reads as a single column", mapping={"orders": "SELECT * FROM sales"})


def test_exports_may_lie_beside_the_source(open_or_build, make_settings, folder, tmp_path):
    """What was set aside is no source, and goes once the source is mended."""
    (folder / "orders.csv").write_text(CSV["orders.csv"] + "2,1,1,soon,5\n")
    settings = make_settings(source=str(folder), database=str(tmp_path / "e.db"), exports=str(folder))
    for opened in ("Made", "Opened"):
        assert open_or_build(settings).startswith(opened)
        with contextlib.closing(connect(settings.database)) as connection:
            reconciliation(connection, settings)
        assert (folder / "set_aside.csv").exists()
    (folder / "orders.csv").write_text(CSV["orders.csv"])
    assert open_or_build(settings).startswith("Replaced")
    with contextlib.closing(connect(settings.database)) as connection:
        reconciliation(connection, settings)
    assert not (folder / "set_aside.csv").exists()


def test_amounts_of_any_size_add_up(load, folder, tmp_path):
    """A million yen a line: what was read is what was loaded and set aside, though floats lose cents in a long sum."""
    lines = "".join(
        f"{n},1,1,{'soon' if n % 20 == 0 else '2025-01-01'},{n * 7919.37 % 1e6:.2f}\n" for n in range(2, 20_000)
    )
    (folder / "orders.csv").write_text(CSV["orders.csv"] + lines)
    settings = load(folder)
    written = [float(line.rsplit(",", 1)[1]) for line in (CSV["orders.csv"] + lines).splitlines()[1:]]
    with contextlib.closing(connect(settings.database)) as connection:
        read = connection.execute("SELECT amount_read FROM reconciliation WHERE table_name = 'orders'").fetchone()[0]
    assert read == math.fsum(written)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_paths_that_are_no_paths(open_or_build, make_settings, tmp_path, name):
    problem(lambda: open_or_build(make_settings(source=name, database=str(tmp_path / "e.db"))), "`source`")
    problem(lambda: open_or_build(make_settings(database=str(tmp_path / name / "e.db"))), "`database`")
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_the_database_stays_a_link(open_or_build, build, make_settings, tmp_path):
    settings = build(tmp_path)
    (tmp_path / "link.db").symlink_to(tmp_path / "ecommerce.db")
    assert open_or_build(replace(settings, database=str(tmp_path / "link.db"), seed=9)).startswith("Replaced")
    assert (tmp_path / "link.db").is_symlink()
    assert open_or_build(replace(settings, seed=9)).startswith("Opened")
