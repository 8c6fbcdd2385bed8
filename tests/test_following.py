"""The copy follows what anybody writes: after writes of every kind each model is what it would be if made anew."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shopboard import columnar, following, notes
from shopboard.ask import SqliteEngine
from shopboard.database import COLUMNS
from shopboard.following import ColumnarEngine

DAYS = ["2023-12-31", "2024-02-28", "2024-02-29", "2024-03-01", "2025-01-01"]
STATUSES = ["Completed", "Completed", "Completed", "Pending", "Cancelled", "Returned"]
REGIONS = ["North", "South", 'it\'s "quoted", with\ncomma', "", None]
CATEGORIES = ["Books", "Toys", "Home", None]
few = st.integers(1, 6)
days, regions, categories = st.sampled_from(DAYS), st.sampled_from(REGIONS), st.sampled_from(CATEGORIES)


def orders_of(key):
    amounts = st.sampled_from([0.1, 19.99, 1e6 / 3])
    values = (key, few | st.none(), few, days, st.integers(1, 3), amounts, st.sampled_from(STATUSES), few, regions)
    return st.tuples(st.just("orders"), st.tuples(*values))


def rows(key):
    """Rows of any table, with keys of `key`."""
    customers = st.tuples(key, st.just("Ann"), st.none(), regions, st.none() | days, st.none())
    products = st.tuples(key, st.just("Pen"), categories, st.just(1.5) | st.none(), st.integers(0, 3), st.none())
    reviews = st.tuples(key, few, few | st.none(), st.integers(1, 5), regions, days)
    made = {"customers": customers, "products": products, "reviews": reviews}
    return st.one_of(orders_of(key), *(st.tuples(st.just(table), row) for table, row in made.items()))


def written(verb, table, row):
    return f"{verb} INTO {table} VALUES ({', '.join('?' * len(row))})", row


inserts = rows(few).map(lambda made: written("INSERT OR IGNORE", *made))
replaces = rows(few).map(lambda made: written("INSERT OR REPLACE", *made))
updates = st.tuples(rows(few), few, st.integers(0, 8)).map(
    lambda made: (
        f"UPDATE OR REPLACE {made[0][0]} SET {COLUMNS[made[0][0]][made[2] % len(made[0][1])]} = ? "
        f"WHERE {COLUMNS[made[0][0]][0]} = ?",
        (made[0][1][made[2] % len(made[0][1])], made[1]),
    )
)
deletes = st.tuples(st.sampled_from(list(COLUMNS)), few).map(
    lambda made: (f"DELETE FROM {made[0]} WHERE {COLUMNS[made[0]][0]} >= ?", (made[1],))
)
writes = st.lists(inserts | replaces | updates | deletes, min_size=1, max_size=6)


@pytest.fixture
def make_shop(story, tmp_path_factory):
    """A function that makes a small shop, with writes noted, and returns its path."""

    def make(first=(), kept=notes.NOTES_KEPT):
        path = tmp_path_factory.mktemp("shop") / "shop.db"
        with closing(sqlite3.connect(path)) as shop:
            shop.executescript(story.SCHEMA + story.INDEXES)
            for name, select in story.MODELS.items():
                shop.execute(f"CREATE VIEW {name} AS {select}")
            write(path, *first)
            shop.executescript(notes.notes_sql(kept))
        return path

    return make


def write(path, *statements):
    """Write as another program would: on a connection of its own, without foreign keys."""
    with closing(sqlite3.connect(path)) as shop, shop:
        for sql, values in statements:
            shop.execute(sql, values)


def contents(engine, story, table):
    names = [*COLUMNS, *story.MODELS]
    assert table in names
    rows = engine.run(f"SELECT * FROM {table}", {}).astype(object)
    rows = rows.where(rows.notna(), None)
    return rows.sort_values(list(rows), key=lambda values: values.map(repr), ignore_index=True)


def assert_current(engine, story, path):
    """Check each table and model of a copy against the record's own, whose models are views."""
    with closing(SqliteEngine(path)) as record:
        for table in (*COLUMNS, *story.MODELS):
            found, expected = contents(engine, story, table), contents(record, story, table)
            pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-12, obj=table)


SHOP = [
    *(written("INSERT", "products", (n, "Pen", CATEGORIES[n % 4], 1.5, 1, None)) for n in range(1, 5)),
    *(written("INSERT", "customers", (n, "Ann", None, REGIONS[n % 5], None, None)) for n in range(1, 5)),
    *(
        written("INSERT", "orders", (n, 1 + n % 3, 1 + n % 4, DAYS[n // 2], 1, 2.5, "Completed", n // 2, None))
        for n in range(9)
    ),
    written("INSERT", "reviews", (1, 1, 1, 5, 'Good\r\n"very"', DAYS[1])),
]


@given(batches=st.lists(writes, min_size=1, max_size=4), filled=st.booleans())
@hypothesis_settings(max_examples=15)
def test_models_follow_writes_of_every_kind(story, make_shop, batches, filled):
    path = make_shop(SHOP if filled else ())
    with closing(ColumnarEngine(path, story.MODELS)) as often, closing(ColumnarEngine(path, story.MODELS)) as late:
        for batch in batches:
            write(path, *batch)
            often.refresh()
            assert_current(often, story, path)
            assert not often.refresh()
        late.refresh()
        assert_current(late, story, path)


# ------------------------------------------------------------------ what is read again, and what is made anew


@pytest.fixture
def opened(story):
    """A function that opens the copy of a shop; all are closed at the end."""
    engines = []

    def opened(path):
        engines.append(ColumnarEngine(path, story.MODELS))
        return engines[-1]

    yield opened
    for engine in engines:
        engine.close()


@pytest.fixture
def copies_made(monkeypatch):
    """The list of copies that are made from now on."""
    made, fill = [], columnar.fill_copy
    monkeypatch.setattr(columnar, "fill_copy", lambda *arguments: made.append(1) or fill(*arguments))
    return made


def test_what_was_not_touched_is_not_read_again(story, make_shop, opened, copies_made):
    path = make_shop(SHOP)
    engine = opened(path)
    write(path, ("UPDATE products SET stock_quantity = 7", ()), ("UPDATE customers SET name = 'Bob'", ()))
    assert engine.refresh()
    assert engine._count("now_order_lines") == engine._count("gone_order_lines") == 0
    write(path, ("UPDATE orders SET status = 'Returned' WHERE order_id = 3", ()))
    assert engine.refresh()
    assert engine._count("now_order_lines") == engine._count("gone_order_lines") == 1
    write(path, written("INSERT", "orders", (77, 1, 1, "2025-02-02", 1, 9.0, "Completed", 5, None)))
    assert engine.refresh()
    assert engine._count("now_order_lines") == 2
    assert engine._count("gone_order_lines") == 1
    assert_current(engine, story, path)
    assert copies_made == [1]


def test_a_category_that_comes_first_makes_the_copy_anew(story, make_shop, opened, copies_made):
    path = make_shop(SHOP)
    engine = opened(path)
    write(path, written("INSERT", "products", (0, "Pen", "New", 1.5, 1, None)))
    assert engine.refresh()
    assert copies_made == [1, 1]
    assert_current(engine, story, path)


def test_more_notes_than_are_kept_make_the_copy_anew(story, make_shop, opened, copies_made):
    path = make_shop(SHOP, kept=50)
    engine, other = opened(path), opened(path)
    for _ in range(40):
        write(path, ("UPDATE orders SET quantity = quantity + 1", ()))
        other.refresh()
    assert copies_made == [1, 1]
    with closing(sqlite3.connect(path)) as shop:
        assert shop.execute("SELECT COUNT(*) FROM notes").fetchone()[0] <= 150
    assert engine.refresh()
    assert copies_made == [1, 1, 1]
    assert_current(engine, story, path)
    assert_current(other, story, path)


def test_too_much_on_top_makes_the_copy_anew(story, make_shop, opened, copies_made, monkeypatch):
    monkeypatch.setattr(following, "ROWS_ON_TOP", 5)
    path = make_shop(SHOP)
    engine = opened(path)
    write(path, ("UPDATE orders SET quantity = quantity + 1", ()))
    assert engine.refresh()
    assert copies_made == [1, 1]
    assert engine._count("now_order_lines") == 0
    assert_current(engine, story, path)


def test_a_shop_that_does_not_note_is_copied_when_it_was_written(story, make_shop, opened):
    path = make_shop(SHOP)
    write(
        path,
        *(
            (f"DROP TRIGGER note_{table}_{what}", ())
            for table in COLUMNS
            for what in ("inserted", "updated", "deleted")
        ),
    )
    write(path, ("DROP TABLE notes", ()))
    engine = opened(path)
    assert not engine.refresh()
    write(path, ("UPDATE orders SET quantity = quantity + 1", ()))
    assert engine.refresh()
    assert_current(engine, story, path)


def test_a_busy_record_is_asked_again_later(story, make_shop, opened):
    path = make_shop(SHOP)
    engine = opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE orders SET quantity = 5")
        assert not engine.refresh()
        assert engine.run("SELECT MAX(quantity) AS most FROM orders", {})["most"].tolist() == [1]
        other.execute("COMMIT")
    assert engine.refresh()
    assert_current(engine, story, path)


def test_what_is_rolled_back_is_not_taken_in(story, make_shop, opened):
    path = make_shop(SHOP)
    engine = opened(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("DELETE FROM orders")
        other.rollback()
    assert not engine.refresh()
    assert_current(engine, story, path)


def test_notes_leave_other_programs_their_last_row_and_count(make_shop):
    with closing(sqlite3.connect(make_shop(SHOP))) as shop:
        inserted = shop.execute(*written("INSERT", "orders", (500, 1, 1, DAYS[0], 1, 1.0, "Completed", 1, None)))
        assert inserted.lastrowid == 500
        assert shop.execute("UPDATE orders SET quantity = 2 WHERE order_id < 4").rowcount == 4
        assert shop.execute("DELETE FROM reviews").rowcount == 1


def test_a_thousand_orders_are_noted_in_few_bytes(make_shop):
    path = make_shop(SHOP)
    before = path.stat().st_size
    row = (1, 1, DAYS[0], 1, 1.0, "Completed", 1, None)
    write(path, *(written("INSERT", "orders", (1000 + n, *row)) for n in range(1000)))
    with closing(sqlite3.connect(path)) as shop:
        assert shop.execute("SELECT COUNT(*) FROM notes").fetchone() == (1001,)
    assert path.stat().st_size - before < 250_000


# ------------------------------------------------------------------ the copy in a file


@pytest.fixture
def in_a_file(monkeypatch):
    monkeypatch.setattr(columnar, "LINES_IN_MEMORY", 5)


@pytest.mark.usefixtures("in_a_file")
def test_kernels_share_a_file_and_follow_each_on_its_own(story, make_shop, opened, copies_made):
    path = make_shop(SHOP)
    first = opened(path)
    file = columnar.copy_file(path)
    kept = file.read_bytes()
    write(path, ("UPDATE orders SET region = 'East' WHERE order_id = 2", ()))
    second = opened(path)
    assert_current(second, story, path)
    assert first.refresh()
    assert_current(first, story, path)
    assert copies_made == [1]
    assert file.read_bytes() == kept
    assert [found.name for found in path.parent.iterdir() if "unfinished" in found.name] == []


@pytest.mark.usefixtures("in_a_file")
@pytest.mark.parametrize("spoilt", ["damaged", "other models", "another record", "restored"])
def test_a_file_that_does_not_belong_is_replaced(story, make_shop, opened, copies_made, spoilt):
    path = make_shop(SHOP)
    backup = path.read_bytes()
    write(path, ("UPDATE orders SET quantity = 2", ()))
    opened(path).close()
    if spoilt == "damaged":
        columnar.copy_file(path).write_bytes(b"no database" * 1000)
    elif spoilt == "restored":  # and written to since, so that a note has the number of the last that was copied
        path.write_bytes(backup)
        write(path, ("UPDATE orders SET quantity = 3", ()))
    elif spoilt == "another record":
        path.write_bytes(make_shop(SHOP[:-1]).read_bytes())
    models = {**story.MODELS, "more": "SELECT 1 AS x"} if spoilt == "other models" else story.MODELS
    with closing(ColumnarEngine(path, models)) as engine:
        assert copies_made == [1, 1]
        assert_current(engine, story, path)


@pytest.mark.usefixtures("in_a_file")
def test_an_outdated_file_does_not_stay_beside_a_small_shop(make_shop, opened, monkeypatch):
    path = make_shop(SHOP)
    opened(path).close()
    assert columnar.copy_file(path).exists()
    unfinished = columnar.copy_file(path).with_name(f"{columnar.copy_file(path).name}.999999999.unfinished")
    unfinished.write_bytes(b"")
    monkeypatch.setattr(columnar, "LINES_IN_MEMORY", 1000)
    opened(path)
    assert not columnar.copy_file(path).exists()
    assert not unfinished.exists()


@pytest.mark.usefixtures("in_a_file")
def test_a_copy_is_made_while_another_program_writes(story, make_shop, opened, monkeypatch):
    """Each table is read in pieces; what was written in between is noted, and taken in at the end."""
    path = make_shop(SHOP)
    copy_table = columnar.copy_table

    def copy_and_write(record, target, table, count):
        copy_table(record, target, table, count)
        write(path, ("UPDATE orders SET quantity = quantity + 1", ()), ("DELETE FROM reviews", ()))
        write(path, written("INSERT OR REPLACE", "customers", (1, "Eve", None, "Mars", None, None)))

    monkeypatch.setattr(columnar, "copy_table", copy_and_write)
    engine = opened(path)
    assert_current(engine, story, path)


@pytest.mark.parametrize("rows_at_once", [1, 3])
def test_texts_and_numbers_come_back_as_they_were(story, make_shop, monkeypatch, rows_at_once):
    monkeypatch.setattr(columnar, "ROWS_AT_ONCE", rows_at_once)
    texts = ["it's", '"', "a,b", "\r\n", "\\n", "NULL", "", None, "é\u2028😀", "'", "''", "\ufeff", "%s $a"]
    amounts = [0.1 + 0.2, 1 / 3, 1e300, 5e-324, 12345678.91, 0.0, 3.0]
    path = make_shop(
        [
            *(
                written("INSERT", "customers", (n * 10**12 - 5, text, text, text, None, None))
                for n, text in enumerate(texts)
            ),
            written("INSERT", "products", (1, "P", "A", None, None, None)),
            *(
                written("INSERT", "orders", (n, None, 1, "0001-02-28", 1, amount, "Pending", 2**62, None))
                for n, amount in enumerate(amounts)
            ),
        ]
    )
    with closing(ColumnarEngine(path, story.MODELS)) as engine:
        found = engine.duck.execute("SELECT name, email, region FROM customers ORDER BY customer_id").fetchall()
        assert found == [(text, text, text) for text in texts]
        assert engine.duck.execute("SELECT total_amount FROM orders ORDER BY order_id").fetchall() == [
            (a,) for a in amounts
        ]


def test_a_text_ends_where_a_program_in_c_would_end_it(story, make_shop):
    path = make_shop([written("INSERT", "products", (1, "A\0b", "C\0d", None, None, None))])
    with closing(ColumnarEngine(path, story.MODELS)) as engine:
        assert engine.duck.execute("SELECT product_name, category FROM products").fetchall() == [("A", "C")]


OPEN_AT_ONCE = """
import json, sys
from pathlib import Path
from shopboard import columnar
from shopboard.following import ColumnarEngine
columnar.LINES_IN_MEMORY = 5
engine = ColumnarEngine(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()))
print(engine.run("SELECT SUM(lines) AS n FROM daily_sales", {})["n"].iloc[0], engine.run("FROM duckdb_databases()", {})["path"].count())
"""


def test_kernels_that_open_a_shop_at_once_get_the_same(story, make_shop, tmp_path):
    """Voilà starts a kernel for each visitor; each may make the copy, and the last one's stays."""
    path, models = make_shop(SHOP), tmp_path / "models.json"
    models.write_text(json.dumps(story.MODELS))
    command = [sys.executable, "-c", OPEN_AT_ONCE, str(path), str(models)]
    root = Path(__file__).resolve().parent.parent
    kernels = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [kernel.communicate(timeout=120)[0].split()[-2:] for kernel in kernels] == [["9", "1"]] * 3
    assert sorted(found.name for found in path.parent.iterdir()) == [".shop.db.duckdb", "shop.db"]
