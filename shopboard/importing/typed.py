"""Workbooks, Parquet, JSON, DataFrames, servers and other databases, as tables."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import python_calamine

from shopboard.database import quoted
from shopboard.importing import counted
from shopboard.importing.encodings import ENCODINGS, encoding_of
from shopboard.importing.files import opened_sqlite
from shopboard.importing.raw import (
    BATCH_ROWS,
    NoTableProblem,
    RawTable,
    column_names,
    first_line,
    header_index,
    literal,
    marks_of_nothing,
    proposed_tables,
    source_name,
    stored,
)
from shopboard.importing.values import squashed
from shopboard.importing.words import refers_to
from shopboard.problems import ShopProblem

UNNAMED_SHEET = re.compile(r"(sheet|tabelle|feuil|hoja|planilha|foglio|blad|лист) ?\d+", re.IGNORECASE)


def read_rows(file: str, name: str, form: str, rows: Iterable, first: int = 0) -> Iterator[RawTable]:
    """Yield the table that rows of cells hold, of which one names the columns; `file` [`name`] is the place."""
    numbered = ((n, stored(row)) for n, row in enumerate(rows, first))
    filled = ((n, row) for n, row in numbered if any(value not in ("", None) for value in row))
    sample = list(islice(filled, 500))
    header = header_index([row for _, row in sample])
    if header is None:
        raise NoTableProblem(
            f"{file} [{name}] holds no table with a line that names its columns: add one, or leave the sheet out."
        )
    names = column_names(file, sample[header][1], [row for _, row in sample[header + 1 :]])
    width, header_row = len(names), sample[header][1]
    raw = RawTable(f"{file} [{name}]", name, form, names, ())
    raw.nothing = marks_of_nothing([row for _, row in sample[header + 1 :]], len(header_row))
    above = [" ".join(str(value) for value in row if value not in ("", None)) for _, row in sample[:header]]
    if above:
        raw.notes.append(f"{counted(len(above), 'title line')} before the header set aside: {' / '.join(above)[:200]}")

    def wide_enough() -> Iterator[tuple[int, list]]:
        """Yield the rows as wide as the header; note those with values beyond it."""
        for n, row in chain(sample[header + 1 :], filled):
            if row == header_row:
                raw.bad.append((n, "the row repeats the header", json.dumps(row, ensure_ascii=False)))
            elif len(row) == width:
                yield n, row
            elif any(value not in ("", None) for value in row[width:]):
                reason = f"the row has values beyond the {width} columns that the header names"
                raw.bad.append((n, reason, json.dumps(row, ensure_ascii=False)))
            else:
                yield n, row[:width]

    raw.rows = wide_enough()
    yield raw


def read_workbook(file: str, path: Path, _: object = None) -> Iterator[RawTable]:
    """Yield a table for each sheet of a workbook that holds one."""
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(path.open("rb"))  # by what it holds, not its name
    except python_calamine.PasswordError:
        raise ShopProblem(f"{file} is locked by a password: save it without one.") from None
    except (python_calamine.CalamineError, OSError) as error:
        raise ShopProblem(f"{file} is cut off or damaged ({error}): save or export it again.") from None
    problems, found = [], 0
    for name in workbook.sheet_names:
        try:
            for raw in read_rows(file, name, "workbook", workbook.get_sheet_by_name(name).iter_rows(), 1):
                if len(workbook.sheet_names) == 1 or UNNAMED_SHEET.fullmatch(name):
                    raw.name = Path(file).stem
                found += 1
                yield raw
        except NoTableProblem as problem:
            problems.append(problem)
        except python_calamine.CalamineError as error:
            problems.append(NoTableProblem(f"{file} [{name}] cannot be read ({error}): save it again."))
    if not found:
        raise problems[0] if problems else NoTableProblem(f"{file} holds no sheet: choose another file.")


def read_parquet(file: str, path: Path, _: object = None) -> Iterator[RawTable]:
    """Yield the table of a Parquet file, which DuckDB reads."""
    try:
        with duckdb.connect() as database:
            raw = read_relation(database, file, Path(file).stem, "Parquet", f"read_parquet({literal(str(path))})")
            raw.file = file
            yield raw
    except duckdb.Error as error:
        raise ShopProblem(f"{file} is cut off or damaged ({first_line(error)}): export it again.") from None


def read_relation(database: Any, file: str, name: str, form: str, relation: str) -> RawTable:
    """Return the table that a relation of DuckDB's is."""
    found = database.sql(f"SELECT * FROM {relation}")
    columns = chain.from_iterable(map(plain_columns, found.columns, found.types, map(quoted, found.columns)))
    items = ", ".join(f"{sql} AS {quoted(column)}" for column, sql in columns)
    raw = read_cursor(file, name, form, database.execute(f"SELECT {items} FROM {relation}"))
    raw.rows = undamaged(file, raw.rows)
    raw.notes += ["times that have a zone are read in UTC"] * any("TIME ZONE" in str(kind) for kind in found.types)
    return raw


def undamaged(file: str, rows: Iterable) -> Iterator:
    """Yield the rows that DuckDB reads; raises ShopProblem at the first that it cannot."""
    try:
        yield from rows
    except duckdb.Error as error:
        raise ShopProblem(f"{file} is damaged ({first_line(error)}): export it again.") from None


def plain_columns(name: str, kind: Any, sql: str) -> Iterator[tuple[str, str]]:
    """Yield (name, SQL) for a column of DuckDB's; for a structure one for each of its fields, named with dots."""
    if kind.id == "struct":
        for inner, inner_kind in kind.children:
            yield from plain_columns(f"{name}.{inner}", inner_kind, f"STRUCT_EXTRACT({sql}, {literal(inner)})")
    elif str(kind) == "TIMESTAMP WITH TIME ZONE":  # as a text it would be in the zone of whoever reads it
        yield name, f"MAKE_TIMESTAMP(EPOCH_US({sql})) || '+00'"
    else:  # with a time zone it would need one more library
        yield name, f"CAST({sql} AS TEXT)" if "TIME ZONE" in str(kind) else sql


def read_json(file: str, path: Path, encoding: str | None = None) -> Iterator[RawTable]:
    """Yield the tables of a JSON file: its objects, one a line or in a list, and a table for each list of objects in them."""
    codec, doubt = (encoding, None) if encoding else encoding_of(file, path)
    stem, bad = Path(file).stem, list[tuple]()
    listed = set[tuple]()

    text = path.read_text(encoding=codec, errors="as_windows")

    def rows_of(wanted: str | None = None) -> Iterator[tuple[int, str, dict]]:
        """Yield (line, table, row) for one table, or for all."""
        bad.clear()
        for line, document in json_objects(file, text, bad):
            table, row = stem, document
            if document.keys() == {"model", "pk", "fields"}:  # a fixture of Django's holds several tables
                table, row = document["model"].split(".")[-1], {"id": document["pk"], **document["fields"]}
            found = flat_rows(table, row, listed)
            yield from ((line, table, row) for table, row in found if wanted in (None, table))

    keys: dict[str, dict] = {}
    for _, table, row in rows_of():
        known = keys.setdefault(table, {})
        if not row.keys() <= known.keys():
            known.update(dict.fromkeys(row))
    if not keys:
        raise NoTableProblem(f"{file} holds no object: it must hold one a line, or a list of them.")
    for table, columns in keys.items():
        raw = RawTable(file, table, "JSON", list(columns), (), "line", ENCODINGS.get(codec, codec), doubt=doubt)
        raw.rows = ((line, stored(map(row.get, columns))) for line, _, row in rows_of(table))
        raw.bad, doubt = bad if table == next(iter(keys)) else [], None
        yield raw


def json_objects(file: str, text: str, bad: list[tuple]) -> Iterator[tuple[int, dict]]:
    """Yield (line, object) from objects one after the other, in lists or alone; note in `bad` the lines that are none.

    A line may be set aside only where each line before it held an object; elsewhere nobody knows where the next one begins.
    """
    decode, between = json.JSONDecoder().raw_decode, re.compile(r"[\s,\[\]]*")
    line, end, depth, one_a_line = 1, 0, 0, False
    while (skipped := between.match(text, end)).end() < len(text):
        start = skipped.end()
        depth += skipped[0].count("[") - skipped[0].count("]")
        line += skipped[0].count("\n")
        try:
            value, end = decode(text, start)
        except ValueError as error:  # a number of thousands of digits is one of these, too
            what = error.msg if isinstance(error, json.JSONDecodeError) else first_line(error)
            end = text.find("\n", start)
            if depth or end < 0 or not one_a_line:
                raise ShopProblem(f"{file} is cut off or damaged ({what}): export it again.") from None
            content = json.dumps([text[start:end].strip()], ensure_ascii=False)
            bad.append((line, f"the line is no JSON ({what})", content))
            continue
        if isinstance(value, dict):
            yield from ((line, row) for row in objects_in(value))
        lines = text.count("\n", start, end)
        one_a_line = (one_a_line or not start) and not lines
        line += lines
    if depth + text.count("[", end) - text.count("]", end):
        raise ShopProblem(f"{file} is cut off or damaged (a list does not end): export it again.")


def objects_in(document: dict) -> list[dict]:
    """Return the objects that one holds by columns, {"total": {"0": 9.5}}, or by ids, {"1007": {"total": 9.5}}; else itself."""
    inner = list(document.values())
    if not inner or not all(type(value) is dict and value for value in inner):
        return [document]
    if all(key.isdigit() for key in inner[0]) and all(value.keys() == inner[0].keys() for value in inner):
        return [{name: column[key] for name, column in document.items()} for key in inner[0]]
    if len(inner) > 9 and all(value.keys() & inner[0].keys() for value in inner):
        return [{"key": key, **value} for key, value in document.items()]
    return [document]


ID_NAME = re.compile(r"(^|[._ ])(id|number|no|nr|key)$|[a-z](Id|ID|Number|No|Nr|Ref|Code)$", re.IGNORECASE)


def flat_rows(
    table: str, document: dict, listed: set[tuple], handed: dict | None = None, called: str = ""
) -> Iterator[tuple[str, dict]]:
    """Yield (table, row) for an object: nested objects as columns with dots, each list of objects as a table of its own.

    The rows of such a table bear the id of the object that they belong to. What was a list once (it is then in `listed`)
    is one everywhere: of a single item some programs write the object alone. `called` is the list that the object is in.
    """
    row, lists = dict(handed or {}), {}
    if not any(type(value) in (dict, list) for value in document.values()):
        yield table, row | document
        return

    def add(name: str, value: object) -> None:
        """Add a value, or the values in it, to the row."""
        while isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$"):
            (value,) = value.values()  # MongoDB writes {"$oid": "6512…"} for an id, {"$date": "2025-01-13"} for a day
        if isinstance(value, dict):
            objects = objects_in(value)
            value = objects if objects[0] is not value or (table, name) in listed else value
        if isinstance(value, dict):
            for key, inner in value.items():
                add(f"{name}.{key}" if name else key, inner)
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            lists[name] = value
            listed.add((table, name))
        else:
            row[name] = value

    for name, value in document.items():
        add(name, value)
    yield table, row
    ids = [name for name in row if name not in (handed or {}) and (ID_NAME.search(name) or refers_to(squashed(name)))]
    own = sorted(ids, key=lambda name: ("." in name, refers_to(squashed(name)) not in ("order", "")))
    for name, items in lists.items():
        keys = {own[0] if len(own[0]) > 6 else f"{called or table}_{own[0]}": row[own[0]]} if own else {}
        for item in items:
            yield from flat_rows(f"{table}_{name}", item, listed, keys, name.split(".")[-1])


def read_frame(name: str, frame: pd.DataFrame) -> RawTable:
    """Return the table that a DataFrame is; its index is one of the columns if it has a name."""
    frame = frame.reset_index(allow_duplicates=True) if any(level is not None for level in frame.index.names) else frame
    names = [" ".join(map(str, column)) if isinstance(column, tuple) else column for column in frame]
    parts = (frame.iloc[start : start + BATCH_ROWS] for start in range(0, len(frame), BATCH_ROWS))
    plain_parts = (part.astype(object).where(part.notna(), None) for part in parts)
    rows = chain.from_iterable(part.itertuples(index=False, name=None) for part in plain_parts)
    return RawTable(name, name, "DataFrame", names, enumerate(map(stored, rows), 1))


def read_cursor(file: str, name: str, form: str, cursor: Any) -> RawTable:
    """Return the table whose rows a database's cursor gives."""
    rows = chain.from_iterable(iter(lambda: cursor.fetchmany(BATCH_ROWS), []))
    names = [column[0] for column in (cursor if hasattr(cursor, "description") else cursor.cursor).description]
    return RawTable(f"{file} [{name}]", name, form, names, enumerate(map(stored, rows), 1))


def read_database_file(file: str, path: Path, form: str) -> Iterator[RawTable]:
    """Yield the tables of a DuckDB file, or of an SQLite file beside others."""
    if form == "SQLite":
        with closing(opened_sqlite(file, path, file)) as database:
            for name in proposed_tables(database):
                yield read_cursor(file, name, form, database.execute(f"SELECT * FROM {quoted(name)}"))
        return
    try:
        with duckdb.connect(str(path), read_only=True) as database:
            tables = database.execute(
                "SELECT table_schema, table_name FROM information_schema.tables "
                "QUALIFY table_type = MIN(table_type) OVER () ORDER BY ALL"  # views only where there is no BASE TABLE
            ).fetchall()
            for schema, name in tables:
                yield read_relation(database, file, name, form, f"{quoted(schema)}.{quoted(name)}")
    except duckdb.Error as error:
        raise ShopProblem(
            f"{file} cannot be read ({first_line(error)}): close other programs that use it, or export it again."
        ) from None


@contextmanager
def opened_server(url: str) -> Iterator[tuple[list[str], Callable[[str, str], Any]]]:
    """Give the names of the tables behind a URL of SQLAlchemy, and a function that runs a SELECT of something over one of them."""
    try:
        import sqlalchemy  # noqa: PLC0415 - only who has a server needs it
    except ImportError:
        raise ShopProblem(
            "A URL as the setting `source` needs a library: run `%pip install sqlalchemy` in a cell, then run this again."
        ) from None
    try:
        engine = sqlalchemy.create_engine(url)
        with closing(engine.connect().execution_options(stream_results=True)) as connection:
            found = sqlalchemy.inspect(engine)

            def run(name: str, what: str) -> Any:
                return connection.execute(sqlalchemy.select(sqlalchemy.text(what)).select_from(sqlalchemy.table(name)))

            yield found.get_table_names() or found.get_view_names(), run
    except (sqlalchemy.exc.SQLAlchemyError, ImportError) as error:
        raise ShopProblem(
            f"The setting `source` is {source_name(url)}, which cannot be read ({first_line(error)}): "
            "correct the URL, or install the library that it names."
        ) from None
    finally:
        with suppress(NameError):
            engine.dispose()
