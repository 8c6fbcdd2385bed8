"""A source of whatever form, opened as tables of SQLite that can only be read."""

import codecs
import gc
import hashlib
import json
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from operator import ne
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from shopboard.database import COLUMNS, quoted, table_names
from shopboard.importing import counted, typed
from shopboard.importing.encodings import byte_as_windows
from shopboard.importing.files import digest_of, form_of, opened_sqlite, source_files, source_parts
from shopboard.importing.headings import flatten
from shopboard.importing.raw import (
    BATCH_ROWS,
    CONTRARY,
    HALF_LETTERS,
    HELD,
    HELD_TABLES,
    SECRET,
    NoTableProblem,
    RawTable,
    literal,
    only_reading,
    source_name,
    unique,
    whole_letters,
)
from shopboard.importing.text import read_text
from shopboard.importing.values import MONTH_NUMBERS, register_functions, squashed
from shopboard.places import need_room, scratch_folder
from shopboard.problems import ShopProblem
from shopboard.settings import Source


def source_state(source: Source) -> list:
    """Return what changes when the source does: sizes and times of files, values of DataFrames, rows of a server."""
    if isinstance(source, str) and "://" in source:
        with typed.opened_server(source) as (names, run):
            return [source, [(name, run(name, "COUNT(*)").scalar()) for name in names]]
    if not isinstance(source, str):
        frames = {"": source} if isinstance(source, pd.DataFrame) else source
        return [(name, list(frame), *map(str, frame.dtypes), hash_of(frame)) for name, frame in frames.items()]
    files = source_files(source)
    files += [log for log in (Path(f"{file}-wal") for file in files) if log.exists() and log.stat().st_size]
    return [str(Path(source).resolve()), [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]]


def hash_of(frame: pd.DataFrame) -> str:
    """Return a digest of a DataFrame's values."""
    try:
        values = pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()
    except (TypeError, ValueError):  # lists or dictionaries in it, or halves of letters
        values = frame.to_csv(index=False).encode("utf-8", "surrogatepass")
    return hashlib.sha256(values).hexdigest()


@contextmanager
def uncollected() -> Iterator[None]:
    """Do without Python's search for cycles: rows hold none, and looking for some among millions takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def opened_source(source: Source, encodings: dict | None = None) -> Iterator[sqlite3.Connection]:
    """Open the source as SQLite, read-only; an SQLite file itself, whatever else as tables in a temporary database.

    `encodings` (file -> codec) answers what is asked in the table `doubts`. Each table that is copied ends in `_line`, the
    place that a row came from; HELD are the tables that tell of files and lines. Raises ShopProblem where the source cannot
    be read; a file beside others that holds no table is only noted, unless it is named like one of the four tables.
    """
    with scratch_folder() as scratch:
        is_path = isinstance(source, str) and "://" not in source
        parts = source_parts(str(source), Path(scratch)) if is_path else []
        own = len(parts) == 1 and form_of(*parts[0]) == "SQLite"
        with closing(
            opened_sqlite(*parts[0], str(source))
            if own
            else sqlite3.connect(Path(scratch) / "source.sqlite", check_same_thread=False)
        ) as connection:
            if own and not table_names(connection):
                raise ShopProblem(f"The SQLite file {source!r} holds no table: set `source` to the shop's own file.")
            if not own:
                need_room(scratch, sum(path.stat().st_size for _, path in parts), "What is read")
                # SQLite sorts what fits into its cache at a time: parts of 8 MB fit into a processor's, and threads sort them.
                connection.executescript(
                    f"PRAGMA page_size = 32768; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000; PRAGMA threads = 4; {HELD_TABLES}"
                )
                with uncollected(), tqdm(file=sys.stdout, bar_format="{n:,.0f} lines read") as bar:
                    try:
                        copy_source(connection, source, parts, encodings or {}, bar)
                    except RecursionError:
                        raise ShopProblem(
                            f"The setting `source` is {source_name(source)}, which holds lists within lists too deep to be "
                            "tables: export it again as CSV."
                        ) from None
            register_functions(connection)
            connection.set_authorizer(only_reading)
            try:
                yield connection
            except sqlite3.DatabaseError as error:
                if not own or "malformed" not in str(error):
                    raise
                raise ShopProblem(f"{parts[0][0]} is damaged ({error}): copy or download it again.") from None


PERIOD = re.compile("[qkwt]|kw|fy", re.IGNORECASE)  # quarters, weeks, years in names of files, beside months


def copy_source(
    connection: sqlite3.Connection, source: Source, parts: list[tuple[str, Path]], encodings: dict, bar: tqdm
) -> None:
    """Copy every table of a source; files with equal headers and names, such as those of months, become one table."""
    groups: dict[tuple, list[str]] = {}  # header and first word of the name -> the names
    tables: dict[tuple, str] = {}
    raws = tables_of_files(connection, parts, encodings) if parts else tables_in_memory(source)
    for raw in raws:
        words = re.findall(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+", raw.name)
        words = [word for word in words if squashed(word) not in MONTH_NUMBERS and not PERIOD.fullmatch(word)]
        header = frozenset(name.lower() for name in raw.names)
        key: tuple = (header, words[0].lower() if words else "", bool(CONTRARY.search(raw.name)))
        if key in groups and raw.form in ("text", "workbook", "Parquet", "JSON"):
            groups[key].append("_".join(words))
        else:
            key = key if key not in groups else (*key, raw.name)
            groups[key] = ["_".join(words)]
            tables[key] = unique(raw.name, {*map(str.lower, table_names(connection)), *HELD})
        copy_table(connection, raw, tables[key], bar)
    for key, names in groups.items():
        alike = zip(*(name.split("_") for name in names), strict=False)
        common = "_".join(word for word, *others in alike if set(others) <= {word})
        if len(names) > 1 and common and common.lower() != tables[key].lower():
            name = unique(common, {*map(str.lower, table_names(connection)), *HELD})
            connection.execute(f"ALTER TABLE {quoted(tables[key])} RENAME TO {quoted(name)}")
            connection.execute("UPDATE files_read SET table_name = ? WHERE table_name = ?", (name, tables[key]))
    flatten(connection)
    connection.commit()


def tables_of_files(
    connection: sqlite3.Connection, parts: list[tuple[str, Path]], encodings: dict
) -> Iterator[RawTable]:
    """Yield the tables of files; note those that hold none, or raise their problem if they are needed."""
    readers: dict[str, Callable[[str, Path, str | None], Iterator[RawTable]]] = {
        "text": read_text,
        "workbook": typed.read_workbook,
        "Parquet": typed.read_parquet,
        "JSON": typed.read_json,
    }
    codecs.register_error("as_windows", byte_as_windows)
    unknown = set(encodings) - {name for name, _ in parts}
    if unknown:
        raise ShopProblem(
            f"mapping['encodings'] names {', '.join(unknown)}, which is no file of the source: correct the name."
        )
    for name, codec in encodings.items():
        try:
            "".encode(codec)
        except (LookupError, TypeError):
            raise ShopProblem(
                f"mapping['encodings'] says {codec!r} for {name}, which is no encoding: correct it."
            ) from None
    seen: dict[tuple, str] = {}  # name without "(1)" and the like, size and digest -> the file that has them
    for name, path in parts:
        content = (
            re.sub(r"[ _-]*(\(\d+\)|copy|kopie|copie|copia).*$", "", Path(name).stem),
            path.stat().st_size,
            digest_of(path) if len(parts) > 1 else "",
        )
        if content in seen:
            connection.execute(
                "INSERT INTO unreadable_files VALUES (?, ?)",
                (name, f"{name} is the same as {seen[content]}, byte for byte: it is read once."),
            )
            continue
        seen[content] = name
        form = form_of(name, path)
        if form in ("Parquet", "DuckDB") and whole_letters(str(path)) != str(path):
            raise ShopProblem(f"{name} has a name that is no UTF-8, by which DuckDB cannot open it: rename it.")
        try:
            if form in ("SQLite", "DuckDB"):
                yield from typed.read_database_file(name, path, form)
            else:
                yield from readers[form](name, path, encodings.get(name))
        except OSError as error:
            raise ShopProblem(
                f"{name} cannot be read ({error.strerror}): check the file and its permissions."
            ) from None
        except NoTableProblem as problem:
            if len(parts) == 1 or Path(name).stem.lower() in COLUMNS:
                raise
            connection.execute("INSERT INTO unreadable_files VALUES (?, ?)", (name, str(problem)))


def tables_in_memory(source: Source) -> Iterator[RawTable]:
    """Yield the tables of a server, or DataFrames."""
    if isinstance(source, str):
        with typed.opened_server(source) as (names, run):
            for name in names:
                yield typed.read_cursor(source_name(source).strip("'"), name, "server", run(name, "*"))
        return
    for name, frame in ({"orders": source} if isinstance(source, pd.DataFrame) else source).items():
        yield typed.read_frame(str(name), frame)


def copy_table(connection: sqlite3.Connection, raw: RawTable, table: str, bar: tqdm) -> None:
    """Insert a table's rows, but for columns of secrets; '', and what else stands for nothing, becomes NULL."""
    kept = [n for n, name in enumerate(raw.names) if not SECRET.search(re.sub(r"[\W_]+", " ", name))]
    dropped = [name for n, name in enumerate(raw.names) if n not in kept]
    columns = ", ".join([*(quoted(raw.names[n]) for n in kept), "_line"])
    place, lines, halves = literal(f"{raw.file}, {raw.place} "), 0, 0
    value = "NULLIF(?, '')"
    for mark in raw.nothing:
        value = f"NULLIF({value}, {literal(mark)})"
    values = f"{value}, " * len(kept) + f"{place} || ?"
    insert = f"INSERT INTO {quoted(table)} ({columns}) VALUES ({values})"
    try:
        if table not in table_names(connection):
            kind = " TEXT" if raw.form == "text" else ""
            definition = "".join(f"{quoted(raw.names[n])}{kind}, " for n in kept)
            connection.execute(f"CREATE TABLE {quoted(table)} ({definition}_line TEXT)")
        rows = iter(raw.rows)
        while batch := list(islice(rows, BATCH_ROWS)):
            if dropped:
                batch = [(number, [row[n] for n in kept]) for number, row in batch]
            halves += insert_rows(connection, insert, [(*row, number) for number, row in batch])
            lines += len(batch)
            bar.update(len(batch))
    except sqlite3.Error as error:
        if "full" in str(error) or "I/O" in str(error):
            raise
        raise NoTableProblem(
            f"{raw.file} cannot become a table ({error}): rename the file, or leave out what is not needed."
        ) from None
    if raw.nothing:
        raw.notes.append(f"read as empty: {', '.join(raw.nothing)}")
    if dropped:
        raw.notes.append(f"not copied, since secret: {', '.join(dropped)}")
    if halves:
        raw.notes.append(HALF_LETTERS.format(f"the text of {counted(halves, 'row')}"))
    bad = [(raw.file, line, reason, None if dropped else whole_letters(content)) for line, reason, content in raw.bad]
    connection.executemany("INSERT INTO unreadable_lines VALUES (?, ?, ?, ?)", bad)
    told = (raw.file, table, raw.form, raw.encoding, raw.separator, lines, whole_letters("; ".join(raw.notes)))
    connection.execute("INSERT INTO files_read VALUES (?, ?, ?, ?, ?, ?, ?)", told)
    if raw.doubt:
        question, options = raw.doubt
        doubt = (raw.file, question, json.dumps(options, ensure_ascii=False))
        connection.execute("INSERT INTO doubts VALUES (?, ?, ?)", doubt)


def insert_rows(connection: sqlite3.Connection, insert: str, rows: list[tuple]) -> int:
    """Insert rows; return how many held halves of letters, which are replaced."""
    before = connection.total_changes
    try:
        connection.executemany(insert, rows)
    except UnicodeEncodeError:
        rest = rows[connection.total_changes - before :]
        whole = [tuple(whole_letters(value) if isinstance(value, str) else value for value in row) for row in rest]
        connection.executemany(insert, whole)
        return sum(map(ne, rest, whole))
    return 0
