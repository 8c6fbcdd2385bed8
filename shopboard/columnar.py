"""A columnar copy of a shop in DuckDB, in memory or in a file: the four tables and the models, all of them tables."""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext, suppress
from glob import escape
from hashlib import sha256
from pathlib import Path

import duckdb
import pandas as pd

from shopboard.database import COLUMNS, connect, progress_bar
from shopboard.notes import Mark, is_known, last_mark
from shopboard.places import put_in_place, remove_leftovers, scratch_folder, scratch_name, unfinished
from shopboard.problems import ShopProblem

LINES_IN_MEMORY = 250_000  # shops of more order lines have their copy in a file
ROWS_AT_ONCE = 100_000
LAYOUT = 1  # raised when a copy is made otherwise than before
NUMBERS = {
    "price": "DOUBLE",
    "total_amount": "DOUBLE",
    "stock_quantity": "BIGINT",
    "quantity": "BIGINT",
    "rating": "BIGINT",
}


def column_type(column: str) -> str:
    """Return DuckDB's type of a base table's column."""
    if column.endswith(("_id", "_number")):
        return "BIGINT"
    return NUMBERS.get(column, "DATE" if column.endswith("_date") else "VARCHAR")


def new_connection() -> duckdb.DuckDBPyConnection:
    """Return a DuckDB in memory that fetches no extension from the internet and takes no variable for a table."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
    }
    with suppress(FileNotFoundError):  # a disk without any room has no place for temporary files
        config["temp_directory"] = str(Path(tempfile.gettempdir()) / scratch_name())
    return duckdb.connect(":memory:", config=config)


def as_csv(column: str) -> str:
    """Return SQLite's expression of a column as a field of CSV. QUOTE writes as many digits as it takes, and NULL."""
    plain = column_type(column) in ("BIGINT", "DATE") or column == "status"
    return column if plain else f"QUOTE({column})"


def csv_files(record: sqlite3.Connection, table: str, folder: str) -> Iterator[tuple[Path, int]]:
    """Yield a table in files of CSV, each with its number of rows: SQLite writes them faster than Python reads rows.

    Each is read by a statement of its own, so that others may write in between; the next is written while one is used.
    """
    key, *_ = columns = COLUMNS[table]
    line = f"PRINTF('{','.join(['%s'] * len(columns))}', {', '.join(map(as_csv, columns))})"
    sql = (
        f"SELECT MAX({key}), COUNT(*), CAST(GROUP_CONCAT({line}, CHAR(10)) AS BLOB) "
        f"FROM (SELECT * FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT {ROWS_AT_ONCE})"
    )

    def write(after: int) -> tuple[int, int, Path] | None:
        last, rows, lines = record.execute(sql, (after,)).fetchone()
        if not rows:
            return None
        file = Path(folder) / f"{table}{last}.csv"
        file.write_bytes(lines + b"\n")
        return last, rows, file

    with ThreadPoolExecutor(1) as ahead:
        written = ahead.submit(write, -(2**63))
        while found := written.result():
            last, rows, file = found
            written = ahead.submit(write, last)
            yield file, rows
            file.unlink()


def insert_rows(target: duckdb.DuckDBPyConnection, table: str, rows: list[tuple]) -> None:
    """Insert rows of a base table, as SQLite gives them."""
    frame = pd.DataFrame(rows, columns=list(COLUMNS[table]), dtype=object)
    values = ", ".join(f"CAST({column} AS {column_type(column)})" for column in frame)
    target.register("rows_read", frame)
    target.execute(f"INSERT INTO {table} SELECT {values} FROM rows_read")
    target.unregister("rows_read")


def copy_table(record: sqlite3.Connection, target: duckdb.DuckDBPyConnection, table: str, count: Callable) -> None:
    """Copy a base table, in the order of its keys; `count` is called with the rows that each step has copied."""
    types = {column: column_type(column) for column in COLUMNS[table]}
    target.execute(f"CREATE TABLE {table} ({', '.join(f'{column} {kind}' for column, kind in types.items())})")
    reading = (
        f"""columns = {types}, header = false, auto_detect = false, delim = ',', quote = '\'\'', escape = '\'\'', """
        "nullstr = ['', 'NULL'], allow_quoted_nulls = false, new_line = '\\n', max_line_size = 50000000"
    )
    try:
        with scratch_folder() as folder:
            for file, rows in csv_files(record, table, folder):
                place = str(file).replace("'", "''")
                target.execute(f"INSERT INTO {table} SELECT * FROM read_csv('{place}', {reading})")
                count(rows)
    except (OSError, ShopProblem):  # no room for the file: slower, through Python
        target.execute(f"DELETE FROM {table}")
        found = record.execute(f"SELECT {', '.join(types)} FROM {table}")
        while rows_read := found.fetchmany(ROWS_AT_ONCE):
            insert_rows(target, table, rows_read)


def typed(target: duckdb.DuckDBPyConnection, select: str) -> str:
    """Return a model's SELECT with sums of whole numbers as numbers of 8 bytes, ordered by day."""
    described = target.execute(f"DESCRIBE {select}").fetchall()
    columns = [
        f"CAST({column} AS BIGINT) AS {column}" if kind in ("HUGEINT", "INTEGER") else column
        for column, kind, *_ in described
    ]
    ordered = "\nORDER BY day" if "day" in {column for column, *_ in described} else ""
    return f"SELECT {', '.join(columns)} FROM (\n{select}\n){ordered}"


def digest_of(models: Mapping[str, str]) -> str:
    """Return what tells a copy with these models from others."""
    return sha256(repr([LAYOUT, COLUMNS, list(models.items())]).encode()).hexdigest()


def fill_copy(record: sqlite3.Connection, target: duckdb.DuckDBPyConnection, models: Mapping[str, str]) -> None:
    """Fill the empty database that `target` uses; what is written meanwhile is noted after the mark taken first."""
    mark = last_mark(record) or Mark(0, 0)
    total = sum(record.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in COLUMNS)
    with progress_bar(total) if total > LINES_IN_MEMORY else nullcontext() as bar:
        for table in COLUMNS:
            copy_table(record, target, table, bar.update if bar else lambda rows: None)
    for name, select in models.items():
        target.execute(f"CREATE TABLE {name} AS {typed(target, select)}")
    target.execute("CREATE TABLE copy_info (digest VARCHAR, note_id BIGINT, stamp BIGINT)")
    target.execute("INSERT INTO copy_info VALUES (?, ?, ?)", [digest_of(models), mark.note_id, mark.stamp])


def copy_file(path: Path) -> Path:
    """Return the file of the copy of the record at `path`."""
    return path.with_name(f".{path.name}.duckdb")


def attach_copy(target: duckdb.DuckDBPyConnection, path: Path, models: Mapping[str, str], anew: bool = False) -> None:
    """Attach a copy of the record at `path` as the database `copy`: in memory, or a file that is read only.

    One process may write a DuckDB file or many read it. So a file is made under a temporary name and then renamed.
    """
    with closing(connect(path)) as record:
        record.execute("PRAGMA busy_timeout = 20000")
        remove_leftovers(path.parent)
        large = record.execute("SELECT 1 FROM orders LIMIT 1 OFFSET ?", (LINES_IN_MEMORY,)).fetchone() is not None
        file = copy_file(path)
        if large and not anew and attach_file(target, file, record, models):
            return
        with suppress(OSError):
            file.unlink(missing_ok=True)  # outdated, and it may hold names that were hidden since
        if large and os.access(path.parent, os.W_OK) and filled_file(record, target, file, models):
            return
        fill_attached(record, target, ":memory:", models)


def fill_attached(
    record: sqlite3.Connection, target: duckdb.DuckDBPyConnection, place: str, models: Mapping[str, str]
) -> None:
    """Attach a new database as `copy` and fill it."""
    target.execute(f"ATTACH '{place}' AS copy")
    target.execute("USE copy")
    try:
        fill_copy(record, target, models)
    finally:
        target.execute("USE memory")


def filled_file(
    record: sqlite3.Connection, target: duckdb.DuckDBPyConnection, file: Path, models: Mapping[str, str]
) -> bool:
    """Fill a file, give it its name and attach it; say whether there was room for it."""
    part = unfinished(file)
    try:
        fill_attached(record, target, quoted_path(part), models)
        target.execute("DETACH copy")
        with suppress(OSError):
            put_in_place(part, file)
        target.execute(f"ATTACH '{quoted_path(part if part.exists() else file)}' AS copy (READ_ONLY)")
        return True
    except duckdb.Error:
        with suppress(duckdb.Error):
            target.execute("DETACH copy")
        for found in file.parent.glob(f"{escape(part.name)}*"):
            with suppress(OSError):
                found.unlink()
        return False


def attach_file(
    target: duckdb.DuckDBPyConnection, file: Path, record: sqlite3.Connection, models: Mapping[str, str]
) -> bool:
    """Attach a copy that is there, if it is one of this record and these models, which can be brought up to date."""
    if not file.exists():
        return False
    try:
        target.execute(f"ATTACH '{quoted_path(file)}' AS copy (READ_ONLY)")
        info = target.execute("SELECT digest, note_id, stamp FROM copy.copy_info").fetchone()
        digest, note_id, stamp = info or ("", 0, 0)
        if digest == digest_of(models) and last_mark(record) and is_known(record, Mark(note_id, stamp)):
            return True
    except duckdb.Error:
        pass  # another version's file, or damaged
    with suppress(duckdb.Error):
        target.execute("DETACH copy")
    return False


def quoted_path(path: Path) -> str:
    """Return a path for a text in SQL."""
    return str(path).replace("'", "''")
