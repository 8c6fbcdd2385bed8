"""The shop's record in SQLite: its columns, how it is opened and read, and how a new one takes an old one's place."""

import os
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from shopboard.places import put_in_place, rooms, unfinished
from shopboard.problems import ShopProblem
from shopboard.settings import Settings

COLUMNS = {
    "customers": ("customer_id", "name", "email", "region", "registration_date", "customer_segment"),
    "products": ("product_id", "product_name", "category", "price", "stock_quantity", "supplier"),
    "orders": (
        "order_id",
        "customer_id",
        "product_id",
        "order_date",
        "quantity",
        "total_amount",
        "status",
        "order_number",
        "region",
    ),
    "reviews": ("review_id", "product_id", "customer_id", "rating", "review_text", "review_date"),
}


@dataclass(frozen=True)
class ShopDesign:
    """What the story says of a shop: its tables, its models, and how the sample is made."""

    schema: str  # the four CREATE TABLE statements
    indexes: str  # CREATE INDEX statements, made after the rows are in
    models: dict[str, str]  # name -> SELECT, in an order in which each reads only those before it
    fill_sample: Callable[[sqlite3.Connection, Settings], None]  # inserts the sample's rows
    steps: dict[str, str] = field(default_factory=dict)  # name -> SELECT that several questions read
    sample_decides: tuple = ()  # what decides what the sample holds, beside the settings


def connect(path: str | Path, mode: str = "ro") -> sqlite3.Connection:
    """Open the SQLite file at `path` with foreign keys enforced; `mode` is "ro", "rw" or "rwc" (make it).

    Jupyter may serve each widget from a thread of its own, so a connection may change threads; two threads must not
    use it at once.
    """
    address = f"{Path(path).resolve().as_uri()}?mode={mode}"
    connection = sqlite3.connect(address, uri=True, timeout=5, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA mmap_size = 0")  # a mapped file that somebody cuts off ends the process
    return connection


@dataclass(frozen=True)
class Seen:
    """What a reader saw of a record's file: two that differ say that somebody has written to it, or replaced it."""

    data_version: int  # SQLite's, of one connection: another one after each write of another connection
    file: tuple[int, int]  # which file it is, to the system
    state: tuple[int, int] | None  # its size, and when it was written last; None where a log is written first

    def is_same_file(self, before: "Seen") -> bool:
        """Say whether nobody has put another file in its place, or written to it past SQLite, as copying does."""
        unexplained = self.data_version == before.data_version and None not in (self.state, before.state)
        return self.file == before.file and (self.state == before.state or not unexplained)


def file_of(path: Path) -> tuple[int, int]:
    """Return which file stands at `path`, to the system; raises OSError where there is none."""
    found = path.stat()
    return found.st_dev, found.st_ino


def last_seen(connection: sqlite3.Connection, path: Path) -> Seen:
    """Return what there is to see of the file at `path`, which `connection` was opened on."""
    data_version = data_version_of(connection)
    for _ in range(3):  # unless somebody writes in between; to a file without a page, SQLite gives a number each time
        before, found = data_version, path.stat()
        data_version = data_version_of(connection)
        if data_version == before:
            break
    state = None if Path(f"{path}-wal").exists() else (found.st_size, found.st_mtime_ns)
    return Seen(data_version, (found.st_dev, found.st_ino), state)


def data_version_of(connection: sqlite3.Connection) -> int:
    """Return SQLite's number of what a connection has seen of its file."""
    return connection.execute("PRAGMA data_version").fetchone()[0]


def read_query(connection: sqlite3.Connection, sql: str, **parameters: object) -> pd.DataFrame:
    """Run one SELECT with its named parameters and return its rows as a DataFrame; NULL reads as NaN or None."""
    rows = pd.read_sql_query(sql, connection, params=parameters)
    nothing = [column for column in rows if rows[column].dtype == object and rows[column].isna().all()]
    return rows.astype(dict.fromkeys(nothing, float))  # or a column of NULL alone would be no column of numbers


def table_names(connection: sqlite3.Connection) -> list[str]:
    """Return the names of a database's tables and views."""
    sql = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
    return [name for (name,) in connection.execute(sql)]


def quoted(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def progress_bar(total: int) -> tqdm:
    """Return a progress bar over `total` rows that reads well in plain text, too."""
    pattern = "{percentage:3.0f}% |{bar:30}| {n:,} of {total:,} rows, {remaining} left"
    return tqdm(total=total, file=sys.stdout, bar_format=pattern)


def reason(error: BaseException, path: str | Path, verb: str = "read") -> str:
    """Return why a shop's file cannot be read (or `verb`), and the way out, in a sentence without its full stop."""
    path = Path(path)
    told = getattr(error, "strerror", None) or str(error.__cause__ or error).strip()
    said = (told.splitlines() or [type(error).__name__])[0].rstrip(".")
    text = said.lower()
    verb = "written" if re.search(r"\bfull\b|no space|quota|read-?only", text) else verb
    if "locked" in text or "busy" in text:
        way_out = "it is in use by another program: close that, wait for it, or set `database` to another name"
    elif verb == "written" and not os.access(path.parent, os.W_OK):
        way_out = f"nothing may be written in {path.parent}: set `database` to a place where you may write"
    elif verb == "written":
        way_out = f"there are {rooms(path.parent)}: set `database` to a place with room where you may write"
    elif not path.exists():
        way_out = "it is not there any more: put it back, or run the notebook again"
    elif "no such" in text:
        way_out = "another program has changed its tables: put them back, or run the notebook again"
    elif re.search(r"malformed|not a database|disk image|i/o", text):
        way_out = "it is damaged, or a program is just copying over it: wait, or put a whole one in its place"
    else:
        way_out = "try again, or run the notebook again"
    return f"The database {path} cannot be {verb} ({said}): {way_out}"


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep others from writing to a database that is to be replaced; raises ShopProblem where one does.

    What its log still holds is written into the file first, so that it is whole until the new one takes its place.
    """
    there, early = path.exists(), os.name == "posix"  # elsewhere a file that is open cannot be replaced
    if there:
        try:
            with closing(connect(path, "rw")) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.execute("BEGIN EXCLUSIVE")
                if early:
                    yield
                connection.rollback()
        except sqlite3.OperationalError as error:
            raise ShopProblem(f"{reason(error, path, 'replaced')}.") from None
    if not (there and early):
        yield


@contextmanager
def replaced_when_finished(path: Path, aside: Path | None = None) -> Iterator[sqlite3.Connection]:
    """Open a new database under a temporary name; it takes the place of `path` only if nothing goes wrong.

    What stands there is moved to `aside`, if that is given, rather than replaced.
    """
    new = unfinished(path)
    try:
        with closing(sqlite3.connect(new)) as connection:
            # No journal: what fails is deleted, so nothing has to be undone. Foreign keys are checked at the end.
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA threads = 4;")
            yield connection
            connection.commit()
        with nullcontext() if aside else held(path):
            for log in ("-journal", "-wal", "-shm"):  # of the file that stands there: it must not touch the new one
                if aside and Path(f"{path}{log}").exists():
                    os.replace(f"{path}{log}", f"{aside}{log}")
                Path(f"{path}{log}").unlink(missing_ok=True)
            if aside:
                os.replace(path, aside)
            put_in_place(new, path)
    except (sqlite3.OperationalError, OSError) as error:
        raise ShopProblem(f"{reason(error, path, 'written')}.") from None
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)
