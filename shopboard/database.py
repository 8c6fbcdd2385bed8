"""The shop's record in SQLite: its columns, how it is opened and read, and how a new one takes an old one's place."""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from shopboard.problems import ShopProblem
from shopboard.settings import APPLICATION_ID, Settings, is_shop_database

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
CHECKED_BYTES = 50_000_000  # larger files are not read through for damage each time they are opened


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
    connection.execute("PRAGMA mmap_size = 8000000000")  # read from the system's own memory of the file, if possible
    return connection


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
    pattern = "{percentage:3.0f} % |{bar:30}| {n:,} of {total:,} rows, {remaining} left"
    return tqdm(total=total, file=sys.stdout, bar_format=pattern)


def existing_fingerprint(path: Path) -> str | None:
    """Return the fingerprint of the database at `path`, None where there is no file; raises ShopProblem otherwise."""
    if not path.exists():
        return None
    way_out = "move it away, or set `database` to another name"
    undo_interrupted_writing(path)
    try:
        with closing(connect(path)) as connection:
            if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
                raise ShopProblem(f"{path} was not made by this notebook and is left as it is: {way_out}.")
            pages = connection.execute(
                "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
            ).fetchone()
            whole = pages == (path.stat().st_size,)
            if whole and path.stat().st_size < CHECKED_BYTES:
                whole = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
            if not whole:
                raise ShopProblem(f"{path} is damaged: delete it or {way_out}.")
            return connection.execute("SELECT fingerprint FROM build_info").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise ShopProblem(
                f"{path} is in use by another program: close that, or set `database` to another name."
            ) from None
        raise ShopProblem(f"{path} cannot be opened ({error}): {way_out}.") from None
    except (sqlite3.DatabaseError, TypeError) as error:
        raise ShopProblem(f"{path} is damaged or not an SQLite file ({error}): {way_out}.") from None


def undo_interrupted_writing(path: Path) -> None:
    """Let SQLite undo what a killed kernel left half-written in a database of ours."""
    with suppress(OSError, sqlite3.Error):
        if is_shop_database(path) and Path(f"{path}-journal").exists():
            with closing(connect(path, "rw")) as connection:
                table_names(connection)


def check_replaceable(path: Path) -> None:
    """Raise ShopProblem where another program is writing to the database that is to be replaced."""
    if path.exists():
        try:
            with closing(connect(path, "rw")) as connection:
                connection.execute("BEGIN EXCLUSIVE")
                connection.rollback()
        except sqlite3.OperationalError as error:
            raise ShopProblem(
                f"{path} cannot be replaced ({error}): close the program that uses it, or set `database` to another "
                "name."
            ) from None


def still_running(process: str) -> bool:
    """Say whether a process of this number runs, as far as the system tells; "yes" in doubt."""
    try:
        if os.name == "posix":
            os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (ValueError, OSError):
        return True
    return True


@contextmanager
def replaced_when_finished(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a new database under a temporary name; it takes the place of `path` only if nothing goes wrong."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        for leftover in path.parent.glob(f".{path.name}.*.unfinished"):
            if leftover == unfinished or not still_running(leftover.name.split(".")[-2]):
                with suppress(OSError):
                    leftover.unlink(missing_ok=True)
        with closing(sqlite3.connect(unfinished)) as connection:
            # No journal: what fails is deleted, so nothing has to be undone. Foreign keys are checked at the end.
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA threads = 4;")
            yield connection
            connection.commit()
        for log in ("-journal", "-wal", "-shm"):  # of the file that is replaced: it must not touch the new one
            Path(f"{path}{log}").unlink(missing_ok=True)
        os.replace(unfinished, path)
    except (sqlite3.OperationalError, OSError) as error:
        raise ShopProblem(
            f"The database {path} cannot be written ({error}): set `database` to a place with room where you may write."
        ) from None
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
