"""The copy follows what anybody writes: after writes of every kind each model is what it would be if made anew."""

import sqlite3
from contextlib import closing

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
REGIONS = ["North", "South", "it's \"quoted\", with\ncomma", "", None]
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
        if not engine.shared_checkouts():
            assert not record.shared_checkouts()


SHOP = [
    *(written("INSERT", "products", (n, "Pen", CATEGORIES[n % 4], 1.5, 1, None)) for n in range(1, 5)),
    *(written("INSERT", "customers", (n, "Ann", None, REGIONS[n % 5], None, None)) for n in range(1, 5)),
    *(written("INSERT", "orders", (n, 1 + n % 3, 1 + n % 4, DAYS[n // 2], 1, 2.5, "Completed", n // 2, None)) for n in range(9)),
    written("INSERT", "reviews", (1, 1, 1, 5, "Good\r\n\"very\"", DAYS[1])),
]


@given(batches=st.lists(writes, min_size=1, max_size=4), filled=st.booleans())
@hypothesis_settings(max_examples=25)
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
