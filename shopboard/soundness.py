"""Whether the record is as it was written: by SQLite's own check, and by digests of what nobody has written to."""

import os
import sqlite3
import sys
import time
import zlib
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread, get_native_id

from shopboard.database import COLUMNS, connect, reason, table_names
from shopboard.notes import Mark, is_known, last_mark
from shopboard.problems import ShopProblem
from shopboard.settings import APPLICATION_ID, is_shop_database

CHECKED_BYTES = 100_000_000  # of larger files the small tables are checked at once, the others beside the page
SMALL_TABLES = ("customers", "products")
MONEY = ("price", "total_amount")
ROWS_AT_ONCE = 100_000
DIGESTS = """
CREATE TABLE IF NOT EXISTS digests (
    table_name TEXT PRIMARY KEY, digest INTEGER NOT NULL, note_id INTEGER NOT NULL, stamp INTEGER NOT NULL
) STRICT
"""


class DamagedProblem(ShopProblem):
    """A database of ours that is damaged."""


def digest_of(record: sqlite3.Connection, table: str) -> int:
    """Return a number that is another one when any value of a base table is, money to a hundredth of a cent.

    It does not depend on how a version of SQLite writes floats. The rows are read in pieces, so that others may write
    in between.
    """
    key, *_ = columns = COLUMNS[table]
    values = (f"CAST({name} * 10000 AS INTEGER)" if name in MONEY else name for name in columns)
    sql = (
        f"SELECT MAX({key}), CAST(GROUP_CONCAT(JSON_ARRAY({', '.join(values)})) AS BLOB) "
        f"FROM (SELECT * FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT {ROWS_AT_ONCE})"
    )
    digest, last = 0, -(2**63)
    while True:
        last, rows = record.execute(sql, (last,)).fetchone()
        if last is None:
            return digest
        digest = zlib.crc32(rows, digest)


def unwritten(record: sqlite3.Connection) -> dict[str, int]:
    """Return the digests of those tables to which nobody has written since they were taken."""
    found: dict[str, int] = {}
    if last_mark(record) and "digests" in table_names(record):
        for table, digest, *mark in record.execute("SELECT table_name, digest, note_id, stamp FROM digests"):
            since = "SELECT 1 FROM notes WHERE table_name = ? AND note_id > ? LIMIT 1"
            if is_known(record, Mark(*mark)) and not record.execute(since, (table, mark[0])).fetchone():
                found[table] = digest
    return found


def keep_digests(record: sqlite3.Connection, digests: dict[str, int], mark: Mark) -> None:
    """Keep the digests of tables, taken in the state `mark`."""
    record.execute(DIGESTS)
    rows = [(table, digest, mark.note_id, mark.stamp) for table, digest in digests.items()]
    record.executemany("INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?)", rows)


def take_digests(record: sqlite3.Connection) -> None:
    """Keep the digests of all tables of a record that was just made; of a large one they are taken later."""
    size = record.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()
    mark = last_mark(record)
    if mark and size <= (CHECKED_BYTES,):
        keep_digests(record, {table: digest_of(record, table) for table in COLUMNS}, mark)


def check_rows(path: Path, tables: tuple[str, ...]) -> None:
    """Compare the rows of tables with their digests; raises DamagedProblem. What was written to gets a new digest."""
    with closing(connect(path)) as record:
        mark, kept = last_mark(record), unwritten(record)
        if mark is None:
            return
        digests = {table: digest_of(record, table) for table in tables}
        still = unwritten(record)  # and nobody has written meanwhile
    for table, digest in digests.items():
        if still.get(table, digest) != digest and table in kept:
            said = f"rows of {table} are not as they were written, and nobody has written to them since"
            raise DamagedProblem(f"{path.name} is damaged ({said}).")
    new = {table: digest for table, digest in digests.items() if table not in kept}
    if new:
        with suppress(sqlite3.OperationalError), closing(connect(path, "rw")) as record, record:
            keep_digests(record, new, mark)


SOUND: dict[Path, tuple] = {}  # files that this process has made, or has checked, and what they looked like then


def looks_of(path: Path) -> tuple | None:
    """Return what another file in this one's place, or any write to it, changes; None where that might not be seen."""
    found, log = path.stat(), Path(f"{path}-wal")
    just_written = time.time_ns() - found.st_mtime_ns < 20_000_000  # a file system's clock may tick as slowly
    return None if just_written or log.exists() else (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def take_as_sound(path: Path, looks: tuple | None) -> None:
    """Note that a file, made or checked by this process, needs no check while it keeps these looks."""
    if looks and looks == looks_of(path):
        SOUND[path] = looks


def existing_fingerprint(path: Path) -> str | None:
    """Return the fingerprint of the database at `path`, None where there is no file.

    It is checked: all of it, or the small tables of a large one; unless this process did so before, and nobody has
    written to it since. Raises DamagedProblem, and ShopProblem where the file is none of ours or cannot be read.
    """
    if not path.exists():
        return None
    way_out = "move it away, or set `database` to another name"
    ours = is_shop_database(path)
    undo_interrupted_writing(path)
    try:
        large, looks = path.stat().st_size > CHECKED_BYTES, looks_of(path)
        is_sound = looks is not None and SOUND.get(path) == looks
        with closing(connect(path)) as record:
            if record.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
                raise ShopProblem(f"{path} was not made by this notebook and is left as it is: {way_out}.")
            record.execute("PRAGMA cache_size = -100000")  # as rows are looked up for each entry of an index
            for what in () if is_sound else SMALL_TABLES if large else (1,):
                said = record.execute(f"PRAGMA integrity_check({what})").fetchone()[0]
                if said != "ok":
                    raise DamagedProblem(f"{path.name} is damaged ({' '.join(said.split())[:200]}).")
            fingerprint = record.execute("SELECT fingerprint FROM build_info").fetchone()[0]
        if not is_sound:
            check_rows(path, SMALL_TABLES if large else tuple(COLUMNS))
            take_as_sound(path, looks)
    except (sqlite3.DatabaseError, TypeError) as error:
        if "locked" in str(error):
            raise ShopProblem(f"{reason(error, path)}.") from None
        if isinstance(error, sqlite3.OperationalError):
            raise ShopProblem(f"{path} cannot be opened ({error}): {way_out}.") from None
        if ours:
            raise DamagedProblem(f"{path.name} is damaged ({error}).") from None
        raise ShopProblem(f"{path} is damaged or not an SQLite file ({error}): {way_out}.") from None
    return fingerprint


def undo_interrupted_writing(path: Path) -> None:
    """Let SQLite undo what a killed kernel left half-written in a database of ours; the journal is gone after that."""
    journal = Path(f"{path}-journal")
    with suppress(OSError, sqlite3.Error):
        if is_shop_database(path) and journal.exists():
            with closing(connect(path, "rw")) as connection:
                connection.execute("BEGIN EXCLUSIVE")
                journal.unlink(missing_ok=True)  # one that was not begun, since nobody else is writing
                connection.rollback()


def place_aside(path: Path) -> Path:
    """Return a free name beside `path` for a damaged database, which is kept."""
    names = (path.with_name(f"{path.name}.damaged-{number}") for number in range(1, 10_000))
    return next(name for name in names if not name.exists())


class LaterCheck:
    """The check of a large record's other tables, beside the page; `found` says in a sentence what is wrong, if any."""

    def __init__(self, path: Path) -> None:
        self.found = ""
        if path.stat().st_size > CHECKED_BYTES:
            Thread(target=self._run, args=(path,), daemon=True).start()

    def _run(self, path: Path) -> None:
        if sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, get_native_id(), 19)  # of this thread alone: the page comes first
        try:
            check_rows(path, tuple(COLUMNS.keys() - SMALL_TABLES))
        except DamagedProblem as problem:
            self.found = str(problem)
        except sqlite3.DatabaseError as error:
            if not isinstance(error, sqlite3.OperationalError):
                self.found = f"{path.name} is damaged ({error})."
