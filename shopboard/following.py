"""The copy, kept current: rows that were written are read again, and what they touch of the models is made anew.

The copy itself is never written to, since others may read the same file. Beside each of its tables stands one of rows
that are gone and one of rows as they are now; a view puts the three together. A part of a model is made anew by the
model's own SELECT over what it reads, restricted by a CTE in front to the rows concerned.
"""

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from shopboard.columnar import attach_copy, column_type, new_connection, typed
from shopboard.database import COLUMNS, connect, last_seen
from shopboard.notes import Mark, is_known, last_mark, rows_noted
from shopboard.plain import from_arrays
from shopboard.sqltext import with_in_front

BUSY_MILLISECONDS = 200  # how long a refresh waits for somebody who writes; it comes again anyway
ROWS_ON_TOP = 500_000  # more order lines than that on top of the copy, and it is made anew


@dataclass(frozen=True)
class Part:
    """Which rows of a model belong together, by `key`, and whose rows of that key they are made of."""

    key: tuple[str, ...]
    made_of: str


PARTS = {
    "order_lines": Part(("order_id",), "orders"),
    "review_lines": Part(("review_id",), "reviews"),
    "daily_sales": Part(("day",), "order_lines"),
    "checkouts": Part(("day", "order_number"), "order_lines"),
    "first_orders": Part(("customer_id",), "checkouts"),
}  # other models are small, and made anew whole
NAMES_CHOSEN = re.compile(r"(?:, |\s+UNION ALL SELECT )?\$[a-z]+_\d+")  # by a selection
KEYS = {table: (columns[0],) for table, columns in COLUMNS.items()} | {name: part.key for name, part in PARTS.items()}

MOVED = """
-- Rows whose {column} is not what it was: their lines count elsewhere.
SELECT COALESCE(now.{key}, before.{key}) AS {key}
FROM fresh_{table} AS now
FULL JOIN (SELECT * FROM {table} SEMI JOIN touched_{table} USING ({key})) AS before ON before.{key} = now.{key}
WHERE now.{column} IS DISTINCT FROM before.{column} OR now.{key} IS NULL OR before.{key} IS NULL
"""


class ColumnarEngine:
    """A shop's copy in DuckDB, current as of the last refresh."""

    at_once = 2

    def __init__(self, path: str | Path, models: Mapping[str, str]) -> None:
        self.path, self.models = Path(path), models
        self.name = f"DuckDB {duckdb.__version__}"
        self.kinds: dict[str, list[str]] = {}  # SQL -> DuckDB's types of its columns
        self._open()

    def _open(self, anew: bool = False) -> None:
        """Open the copy, made anew if asked, and take in what was written since it was made."""
        record, duck = connect(self.path), new_connection()
        record.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        seen = last_seen(record, self.path)
        attach_copy(duck, self.path, self.models, anew)
        info = duck.execute("SELECT note_id, stamp FROM copy.copy_info").fetchone()
        assert info is not None
        for table in (*COLUMNS, *self.models):
            duck.execute(f"CREATE VIEW {table} AS SELECT * FROM copy.{table}")
        for table, key in KEYS.items():
            duck.execute(f"CREATE TABLE now_{table} AS SELECT * FROM copy.{table} LIMIT 0")
            duck.execute(f"CREATE TABLE gone_{table} AS SELECT {', '.join(key)} FROM copy.{table} LIMIT 0")
        self.record, self.duck, self.seen = record, duck, seen
        self.mark = Mark(*info)
        self._follow()

    def run(self, sql: str, parameters: Mapping[str, object]) -> pd.DataFrame:
        """Return the rows of one SELECT."""
        question = NAMES_CHOSEN.sub("", sql)  # the columns' types do not depend on how many are chosen
        with self.duck.cursor() as cursor:  # of its own, so that several questions can be asked at once
            if question in self.kinds:
                rows = cursor.execute(sql, dict(parameters)).fetchnumpy()
            else:
                answer = cursor.sql(sql, params=dict(parameters) or None)  # a millisecond more, but it knows the types
                rows = answer.fetchnumpy()
                self.kinds[question] = [str(kind) for kind in answer.types]
        return from_arrays(rows, self.kinds[question])

    def explain(self, sql: str, parameters: Mapping[str, object]) -> str:
        """Return DuckDB's plan."""
        plan = self.duck.execute(f"EXPLAIN {sql}", dict(parameters)).fetchone()
        return plan[1] if plan else ""

    def hold(self, table: str, sql: str, parameters: Mapping[str, object]) -> None:
        """Keep the rows of a SELECT as a table, until `let_go`."""
        with self.duck.cursor() as cursor:
            cursor.execute(f"CREATE OR REPLACE TABLE {table} AS {sql}", dict(parameters))

    def let_go(self, tables: Iterable[str]) -> None:
        """Drop tables that `hold` has made, or was to make."""
        for table in tables:
            self.duck.execute(f"DROP TABLE IF EXISTS {table}")

    def refresh(self) -> bool:
        """Take in what was written since the last refresh; say whether there was anything. Busy: another time."""
        try:
            return last_seen(self.record, self.path) != self.seen and self._follow()
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                return False
            return self._replace(anew=True)  # by a connection that knows nothing of the file as it was before

    def close(self) -> None:
        """Close both connections."""
        self.duck.close()
        self.record.close()

    def _follow(self) -> bool:
        """Read what the notes name and bring every model up to date; say whether anything was noted."""
        seen = last_seen(self.record, self.path)
        mark, known, noted, rows = None, seen.is_same_file(self.seen), {}, {}
        if known:
            self.record.execute("BEGIN")
            try:
                for table, columns in COLUMNS.items():  # which raises an error where another program has changed them
                    self.record.execute(f"SELECT {', '.join(columns)} FROM {table} LIMIT 0")
                mark = last_mark(self.record)
                known = mark is not None and is_known(self.record, self.mark)
                noted = rows_noted(self.record, self.mark) if known else {}
                rows = {table: self._read(table, keys) for table, keys in noted.items()}
            finally:
                self.record.rollback()
        if known and not noted:
            self.seen = seen
            return False
        if not known or not self._take_in(noted, rows):
            if mark is None and seen == self.seen:
                return False  # nobody notes, and nobody has written
            return self._replace(anew=seen.file == self.seen.file)
        assert mark is not None
        self.mark, self.seen = mark, seen
        return True

    def _replace(self, anew: bool) -> bool:
        """Open the copy again; the one before stays where that fails."""
        before = self.duck, self.record
        self._open(anew)
        for connection in before:
            connection.close()
        return True

    def _read(self, table: str, keys: list[int]) -> list[tuple]:
        key, *_ = columns = COLUMNS[table]
        sql = f"SELECT {', '.join(columns)} FROM {table} WHERE {key} IN (SELECT value FROM JSON_EACH(?))"
        return self.record.execute(sql, (json.dumps(keys),)).fetchall()

    def _take_in(self, noted: dict[str, list[int]], rows: dict[str, list[tuple]]) -> bool:
        """Bring every table up to date in one transaction; False where the copy had better be made anew."""
        self.duck.execute("BEGIN")
        try:
            done = self._take_in_all(noted, rows)
            self.duck.execute("COMMIT" if done else "ROLLBACK")
            return done
        except BaseException:
            self.duck.execute("ROLLBACK")
            raise

    def _take_in_all(self, noted: dict[str, list[int]], rows: dict[str, list[tuple]]) -> bool:
        for table, columns in COLUMNS.items():
            key = columns[0]
            self._make(f"touched_{table}", pd.DataFrame({key: noted.get(table, [])}, dtype="int64"), {key: "BIGINT"})
            fresh = pd.DataFrame(rows.get(table, []), columns=list(columns), dtype=object)
            self._make(f"fresh_{table}", fresh, {column: column_type(column) for column in columns})
        for table, column in (("customers", "region"), ("products", "category")):
            moved = MOVED.format(table=table, column=column, key=COLUMNS[table][0])
            self.duck.execute(f"CREATE OR REPLACE TEMP TABLE moved_{table} AS {moved}")
        moved_lines = (
            "SELECT {key} FROM {table} WHERE customer_id IN (SELECT customer_id FROM moved_customers) "
            "OR product_id IN (SELECT product_id FROM moved_products)"
        )
        for table, lines in (("orders", "order_lines"), ("reviews", "review_lines")):
            key = COLUMNS[table][0]
            touched = f"SELECT {key} FROM touched_{table}"
            if any(self._count(f"moved_{one}") for one in ("customers", "products")):
                touched += f" UNION {moved_lines.format(key=key, table=table)}"
            self.duck.execute(f"CREATE OR REPLACE TEMP TABLE touched_{lines} AS {touched}")
        before = "CREATE OR REPLACE TEMP TABLE lines_{when} AS SELECT day, order_number, customer_id FROM order_lines "
        before += "SEMI JOIN touched_order_lines USING (order_id)"
        self.duck.execute(before.format(when="before"))
        for table in COLUMNS:
            if noted.get(table):
                self._put_on_top(table, f"SELECT * FROM fresh_{table}")
        bits = self.duck.execute("SELECT * FROM category_bits").fetchall()
        for name, select in self.models.items():
            if name in ("order_lines", "review_lines"):
                self._renew(name)
            elif name in PARTS:
                if name == "daily_sales":
                    self.duck.execute(before.format(when="after"))
                keys = ", ".join(PARTS[name].key)
                known = " WHERE customer_id IS NOT NULL" if name == "first_orders" else ""
                self.duck.execute(
                    f"CREATE OR REPLACE TEMP TABLE touched_{name} AS "
                    f"SELECT {keys} FROM lines_before{known} UNION SELECT {keys} FROM lines_after{known}"
                )
                self._renew(name)
            else:
                self.duck.execute(f"CREATE OR REPLACE TABLE now_{name} AS {typed(self.duck, select)}")
                self.duck.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM now_{name}")
        now = dict(self.duck.execute("SELECT * FROM category_bits").fetchall())
        if any(now.get(category) != bit for category, bit in bits):
            return False  # sets of categories mean something else than they did
        return self._count("now_order_lines") + self._count("gone_order_lines") <= ROWS_ON_TOP

    def _make(self, name: str, rows: pd.DataFrame, types: dict[str, str]) -> None:
        """Make a temporary table of a DataFrame."""
        cast = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in types.items())
        self.duck.register("rows_read", rows)
        self.duck.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {cast} FROM rows_read")
        self.duck.unregister("rows_read")

    def _count(self, table: str) -> int:
        counted = self.duck.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
        return counted[0] if counted else 0

    def _renew(self, name: str) -> None:
        """Make the touched parts of a model anew, by its own SELECT over the rows that they are made of."""
        part = PARTS[name]
        rows = f"SELECT * FROM memory.main.{part.made_of} SEMI JOIN touched_{name} USING ({', '.join(part.key)})"
        self._put_on_top(name, typed(self.duck, with_in_front(self.models[name], {part.made_of: rows})))

    def _put_on_top(self, table: str, select: str) -> None:
        """Let the rows of a SELECT take the place of those of the touched keys."""
        keys = ", ".join(KEYS[table])
        same = " AND ".join(f"now_{table}.{key} = touched_{table}.{key}" for key in KEYS[table])
        self.duck.execute(f"CREATE OR REPLACE TEMP TABLE fresh_rows AS {select}")
        self.duck.execute(f"DELETE FROM now_{table} USING touched_{table} WHERE {same}")
        self.duck.execute(f"INSERT INTO now_{table} SELECT * FROM fresh_rows")
        self.duck.execute(
            f"INSERT INTO gone_{table} SELECT DISTINCT {keys} "
            f"FROM (SELECT {keys} FROM copy.{table} SEMI JOIN touched_{table} USING ({keys})) "
            f"ANTI JOIN gone_{table} USING ({keys})"
        )
        kept = f" ANTI JOIN gone_{table} USING ({keys})" if self._count(f"gone_{table}") else ""
        self.duck.execute(
            f"CREATE OR REPLACE VIEW {table} AS SELECT * FROM copy.{table}{kept} UNION ALL SELECT * FROM now_{table}"
        )
