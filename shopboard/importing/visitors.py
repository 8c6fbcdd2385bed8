"""What visitors of a page for others send: databases without their programs, SELECTs in a process that has limits."""

import sqlite3
from itertools import islice
from pathlib import Path
from typing import Any

from shopboard.importing import text_of
from shopboard.importing.files import FORMS, files_in, form_of
from shopboard.importing.raw import only_reading
from shopboard.limits import SECONDS, run_apart
from shopboard.places import scratch_folder
from shopboard.problems import ShopProblem

SHOWN = 1_000  # characters of a text, in the first rows of a SELECT


def asked(source: sqlite3.Connection, sql: str, apart: bool, rows: int = 3) -> tuple[list[str], list]:
    """Run a SELECT on a source; return its columns' names and its first rows.

    `apart` runs it in a process of its own. Raises sqlite3.Error where it cannot be run, or takes too long there.
    """
    if not apart:
        cursor = source.execute(sql)
        return [name for name, *_ in cursor.description], list(islice(cursor, rows))
    found = answer_apart(source, sql, rows=rows, characters=SHOWN)
    return found["names"] or [], found["rows"]


def answer_apart(source: sqlite3.Connection, sql: str, **more: Any) -> dict:
    """Run a statement on a source's file in a process of its own; raises sqlite3.Error where it cannot be run."""
    source.set_authorizer(lambda *_: sqlite3.SQLITE_OK)
    file = source.execute("PRAGMA database_list").fetchone()[2]
    source.set_authorizer(only_reading)
    functions = text_of("values.py")  # DAY, NUMBER, LINE_TOTAL and KEY
    found = run_apart(file, sql, SECONDS, functions=functions, **more)
    if error := found.get("error"):
        too_long = f"it takes more than {SECONDS} seconds, which this page does not give it"
        raise sqlite3.OperationalError(too_long if error == "interrupted" else error)
    return found


def without_programs(folder: Path) -> None:
    """Copy the tables out of databases that were sent; raises ShopProblem where that cannot be done.

    A database holds programs, too: views that never end, rules that run when it is read. DuckDB's can read other files.
    """
    files = sorted(folder.iterdir())
    with scratch_folder() as scratch:
        for file in files:
            if len(files) > 1 and file.suffix.lower() not in FORMS:
                continue  # it is not read
            for name, path in files_in(file.name, file, Path(scratch)):
                form = form_of(name, path)
                if form == "DuckDB" or (form == "SQLite" and path != file):
                    way_out = "save its tables as Parquet or CSV" if form == "DuckDB" else "choose it unpacked"
                    raise ShopProblem(f"{name} is a database of {form}, which this page does not read so: {way_out}.")
                if form == "SQLite":
                    copy = Path(scratch) / "copy.sqlite"
                    if error := run_apart(path, "", SECONDS, into=str(copy)).get("error"):
                        raise ShopProblem(f"{name} cannot be read as an SQLite file ({error}): save it anew.")
                    copy.replace(file)
