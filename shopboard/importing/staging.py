"""What the source says, copied column by column into a file beside the new database."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from shopboard.database import COLUMNS, quoted, table_names
from shopboard.importing.raw import only_reading, raw_tables
from shopboard.importing.rules import DEFAULTS, REQUIRED
from shopboard.importing.source import opened_source, source_state
from shopboard.importing.visitors import answer_apart, asked
from shopboard.problems import MappingProblem, ShopProblem
from shopboard.settings import Settings, Source

KEYS = {"customer_id", "product_id", "order_id", "review_id", "order_number"}

NUMBERS = {"price", "stock_quantity", "quantity", "total_amount", "rating"}

DATES = {"registration_date", "order_date", "review_date"}

ASSUMED = "-- assumed: "  # begins a line of a SELECT that is to be repeated in the receipt


def staging_select(select: str, columns: list[str], typed: bool) -> str:
    """Return SQL for the columns of a SELECT; of a typed source, a key that is a whole float becomes a whole number, before a text shortens it."""
    whole = "CASE WHEN TYPEOF({0}) = 'real' AND {0} = CAST({0} AS INTEGER) THEN CAST({0} AS INTEGER) ELSE {0} END"
    values = (whole.format(name) if typed and name in KEYS else name for name in columns)
    return f"SELECT {', '.join(values)} FROM (\n{select}\n)"


def trimmed(column: str) -> str:
    """Return SQL that gives a column's texts without the blanks around them, and empty ones as NULL."""
    text = f"NULLIF(TRIM({column}, ' ' || CHAR(9, 10, 13, 160, 8203, 65279)), '')"
    # Bytes are no text; written as one they break whichever rule the column has.
    return f"CASE TYPEOF({column}) WHEN 'text' THEN {text} WHEN 'blob' THEN 'BLOB ' || HEX({column}) ELSE {column} END"


def cleaned(column: str) -> tuple[str, str]:
    """Return SQL for a condition under which a staged value is certainly clean, and for the clean value of any."""
    value, plain = "value", f"{column} BETWEEN '!' AND '~' AND SUBSTR({column}, -1) BETWEEN {{}} AND '~'"
    if column in KEYS:  # 17 and '17.0' are the same key, as tools write a column of ids with gaps
        value = (
            "CASE WHEN value GLOB '[0-9]*.0' AND NOT value GLOB '*[^0-9.]*' AND NOT value GLOB '*.*.*' "
            "THEN LTRIM(SUBSTR(value, 1, LENGTH(value) - 2), '0') ELSE value END"
        )
        plain = plain.format("'1'")
    elif column in DATES:
        day = "SUBSTR(value, 1, 10)"
        value = f"CASE WHEN SUBSTR(value, 11, 1) IN ('T', ' ') AND DATE({day}, '+0 days') IS {day} THEN {day} ELSE value END"
        plain = f"LENGTH({column}) = 10"
    elif column in NUMBERS:
        plain = f"{column} < ''"  # SQLite sorts numbers before texts
    return plain.format("'!'"), f"(SELECT {value} FROM (SELECT {trimmed(column)} AS value))"


def clean(target: sqlite3.Connection, table: str) -> None:
    """Trim the staged values and read them as their columns' kinds; what cannot be read stays as it was written.

    Most are clean, so one pass finds out which columns have others, and only those are changed.
    """
    unclean = {}
    for column in COLUMNS[table]:
        plain, value = cleaned(column)
        unclean[column] = f"CASE WHEN {plain} THEN FALSE ELSE {column} IS NOT {value} END", value
    some = ", ".join(f"MAX({condition})" for condition, _ in unclean.values())
    found = target.execute(f"SELECT {some} FROM staged_{table}").fetchone()
    for (column, (condition, value)), is_unclean in zip(unclean.items(), found, strict=True):
        if is_unclean:
            target.execute(f"UPDATE staged_{table} SET {column} = {value} WHERE {condition}")


def staged_table(schema: str, table: str) -> str:
    """Return the SQL that makes the table for a table's rows as they were read, one row per row read."""
    types = {name: "NUMERIC" if name in NUMBERS else "TEXT" for name in COLUMNS[table]}
    columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
    return f"CREATE TABLE {schema}.staged_{table} (source_row INTEGER PRIMARY KEY, source_line TEXT, {columns})"


def default_select(connection: sqlite3.Connection, table: str) -> str | None:
    """Return the SELECT for a table whose name and columns match already, or None where there is no such table."""
    names = {name.lower(): name for name in table_names(connection)}
    if table not in names:
        return None
    info = connection.execute(f"SELECT * FROM {quoted(names[table])} LIMIT 0").description
    found = [quoted(name) for name, *_ in info if name.lower() in COLUMNS[table]]
    found += ["_line AS source_line" for name, *_ in info if name == "_line"]
    return f"SELECT {', '.join(found) or 'NULL'} FROM {quoted(names[table])}"


def unreadable_files(connection: sqlite3.Connection) -> str:
    """Return which files of the source could not be read, as a sentence to add to another; empty if none."""
    if "unreadable_files" not in table_names(connection):
        return ""
    return "".join(f" {reason}" for (reason,) in connection.execute("SELECT reason FROM unreadable_files"))


def select_for(
    connection: sqlite3.Connection, table: str, mapping: dict, apart: bool = False
) -> tuple[str, list[str]] | None:
    """Return the SELECT for one table and the columns it gives; None where the source has no reviews; raises ShopProblem otherwise."""
    try:
        tables = ", ".join(raw_tables(connection))
        select = mapping.get(table) or default_select(connection, table)
    except sqlite3.Error as error:
        raise ShopProblem(f"The source's `{table}` cannot be read ({error}): repair the source.") from None
    if select is None and table == "reviews":
        return None
    if select is None:
        raise MappingProblem(
            f"The source has no table `{table}` (it has: {tables}): name the table that holds them by a SELECT in "
            f"`mapping`.{unreadable_files(connection)}"
        )
    select = f"{select}".strip().rstrip(";")
    try:
        names, _ = asked(connection, f"SELECT * FROM (\n{select}\n) LIMIT 0", apart)
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        raise ShopProblem(
            f"The SELECT for `{table}` cannot be run on the source ({error}); the source has these tables: "
            f"{tables}.{unreadable_files(connection)}"
        ) from None
    columns = [name.lower() for name in names]
    twice = [name for name in COLUMNS[table] if columns.count(name) > 1 or f"{name}:1" in columns]
    if twice:
        raise ShopProblem(
            f"The SELECT in mapping[{table!r}] gives the column `{twice[0]}` more than once: name each once."
        )
    lacking = [name for name in REQUIRED[table] if name not in columns]
    if lacking:
        raise MappingProblem(
            f"The source's `{table}` lacks what is needed: {', '.join(f'`{name}`' for name in lacking)}. "
            f"Name the columns in mapping[{table!r}], such as SELECT ... AS {lacking[0]}."
        )
    return select, columns


@dataclass
class Staged:
    """A table as it stands in the staging file: the source and the SELECT that it was read by, and what was found out on the way."""

    read: str
    reads: set[str] = field(default_factory=set)  # tables of the source
    assumed: list[str] = field(default_factory=list)
    is_clean: bool = False


@contextmanager
def staging_file(target: sqlite3.Connection, kept: bool) -> Iterator[Path]:
    """Attach to the new database a file for staged rows, beside it; it is deleted when it has served, unless it is kept."""
    built = Path(target.execute("PRAGMA database_list").fetchone()[2])
    shop, process, unfinished = built.name.rsplit(".", 2)
    path = built.with_name(f"{shop}.staged.{process}.{unfinished}")
    try:
        target.execute("ATTACH ? AS staging", (str(path),))
        target.execute("PRAGMA staging.page_size = 32768")
        target.execute("PRAGMA staging.journal_mode = OFF")
        yield path
        target.commit()
        target.execute("DETACH staging")
    finally:
        if not kept:
            with suppress(OSError):
                path.unlink(missing_ok=True)


@contextmanager
def writing_to(
    source: sqlite3.Connection, path: Path, read: set[str], apart: bool = False
) -> Iterator[Callable[[str], object]]:
    """Give a function by which the source is written into the staging file; `read` gathers which tables are read."""
    if apart:
        yield lambda sql: read.update(answer_apart(source, sql, into=str(path.resolve()))["read"])
        return

    def only_staging(action: int, table: str | None, _: str | None, database: str | None, *__: object) -> int:
        """Allow SQLite to read the source and to insert into the staging file."""
        read.update({table.lower()} if action == sqlite3.SQLITE_READ and table and database == "main" else ())
        allowed = (action == sqlite3.SQLITE_INSERT and database == "staging") or action == sqlite3.SQLITE_TRANSACTION
        return sqlite3.SQLITE_OK if allowed else only_reading(action)

    source.set_authorizer(lambda *_: sqlite3.SQLITE_OK)
    source.execute("ATTACH ? AS staging", (str(path.resolve()),))
    for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -64000"):
        source.execute(f"PRAGMA staging.{setting}")
    source.set_authorizer(only_staging)
    try:
        yield source.execute
        source.commit()
    finally:
        source.set_authorizer(lambda *_: sqlite3.SQLITE_OK)
        source.rollback()
        source.execute("DETACH staging")
        source.set_authorizer(only_reading)


def stage(
    source: sqlite3.Connection, table: str, found: tuple[str, list[str]] | None, write: Callable[[str], object]
) -> list[str]:
    """Copy a SELECT's rows into the staging file; return, in words, what was assumed about columns.

    SQLite copies by itself: a Python object per value would take four times as long.
    """
    if found is None:
        return [f"The source has no {table}."]
    select, given = found
    columns = [name for name in ("source_line", *COLUMNS[table]) if name in given]
    absent = [name for name in COLUMNS[table] if name not in given]
    said_of = [name for name in absent if (table, name) != ("orders", "region")]  # else it is the customer's
    defaults = {name: DEFAULTS[name] for name in absent if name in DEFAULTS and name != "order_number"}
    sql = "SELECT EXISTS (SELECT 1 FROM files_read WHERE form <> 'text')"  # texts hold no floats of their own
    typed = "files_read" not in table_names(source) or source.execute(sql).fetchone()[0]
    values = staging_select(select, columns, typed)
    if defaults:
        values = f"SELECT *, {', '.join(defaults.values())} FROM ({values})"
    try:
        write(f"INSERT INTO staging.staged_{table} ({', '.join([*columns, *defaults])}) {values}")
    except sqlite3.Error as error:
        if "full" in str(error) or "I/O" in str(error):
            raise
        raise ShopProblem(f"The rows of the source's `{table}` cannot be read ({error}): repair the source.") from None
    said = [f"{table}: {line.removeprefix(ASSUMED)}." for line in select.splitlines() if line.startswith(ASSUMED)]
    return said + [
        f"{table}.{column}: the source does not have it; "
        + (f"every row counts as {DEFAULTS[column]}." if column in DEFAULTS else "it stays unknown.")
        for column in said_of
    ]


OPEN_SOURCES: dict[str, tuple[ExitStack, sqlite3.Connection]] = {}  # read for a form, and lent to what loads them


def source_key(source: Source, encodings: dict[str, str]) -> str:
    """Return what tells whether a source that is open is still the one that would be read."""
    return repr((source_state(source), sorted(encodings.items())))


@contextmanager
def source_to_load(settings: Settings) -> Iterator[sqlite3.Connection]:
    """Open the source of the settings, or lend it where a form holds it open: a large file is read once."""
    encodings = settings.selects.get("encodings", {})
    key = source_key(settings.source, encodings)
    with ExitStack() as opened:
        if key in OPEN_SOURCES:
            _, connection = OPEN_SOURCES[key]
        else:
            connection = opened.enter_context(opened_source(settings.source, encodings))
        try:
            yield connection
        except MappingProblem as problem:
            if key not in OPEN_SOURCES:
                problem.opened = opened.pop_all(), connection
            raise
