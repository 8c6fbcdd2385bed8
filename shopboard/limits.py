"""Runs SQL in a process of its own, which has limits: of time and memory, and one file that it can only read.

A single function over a long text, or a sort of long values, cannot be interrupted: it ends with its process. What that
process runs is the text of this module, so it needs the standard library alone, wherever the package comes from.
"""

import json
import os
import pkgutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Timer
from typing import Any

SECONDS = 10  # that a statement of a user's may take
MEMORY = 512 * 2**20  # bytes that SQLite may take; the whole process twice as many, where the system can limit it
WRITTEN = 2**30  # bytes of a file that a statement may write to
CHARACTERS_SENT = 4_000_000  # of all rows together
STARTING = 10  # seconds in which a process must have begun and ended, beside those of its statement
LOOKS = 0.05  # seconds between two looks at whether somebody wants it stopped
TOO_LONG = 124  # what the process ends with where its time is over
READING = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
BEGINNING = "import sys; exec(compile(sys.stdin.buffer.read(int(sys.stdin.buffer.readline())), 'limits.py', 'exec'))"


def run_apart(path: str | Path, sql: str, seconds: float, stopped: Event | None = None, **more: Any) -> dict[str, Any]:
    """Run a statement on an SQLite file in a process of its own, and return what it gave.

    `more` may have `parameters`; `rows` and `characters`, how many rows and how much of a text are wanted; `into`, a
    file whose tables the statement may fill as `staging`; `functions`, the text of a module with `register_functions`.
    Without a statement, the file's tables are copied `into` the other.

    The answer has `names` (None where nothing was asked), `rows`, `more` (whether there are more), `milliseconds` and
    `read`, the tables that were read; or `error`: "interrupted" where the time was over or `stopped` was set, "out of
    memory", else what SQLite says.
    """
    text = pkgutil.get_data("shopboard", "limits.py") or b""
    job = {"address": f"{Path(path).resolve().as_uri()}?mode=ro", "sql": sql, "seconds": seconds, "memory": MEMORY}
    given: bytes | None = b"%d\n%s%s" % (len(text), text, json.dumps({**job, **more}).encode())
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", BEGINNING],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, ValueError) as error:
        return {"error": f"no process can be started for it here ({error})"}
    latest, ended, out = time.monotonic() + seconds + STARTING, False, None
    try:
        while out is None:
            try:
                out, _ = process.communicate(given, timeout=LOOKS)
            except subprocess.TimeoutExpired:
                given = None  # it has that
                if time.monotonic() > latest or (stopped and stopped.is_set()):
                    ended = True
                    process.kill()
    finally:
        process.kill()
        process.wait()
    with suppress(ValueError):
        return json.loads(out)
    if ended or process.returncode == TOO_LONG:
        return {"error": "interrupted"}
    if process.returncode > 0:
        return {"error": f"its process ended with the code {process.returncode}"}
    return {"error": "out of memory"}  # the system ends a process without a word where it has none left


def main() -> None:
    """Do the job that stands on standard input, and write the answer."""
    job = json.loads(sys.stdin.buffer.read())
    clock = Timer(job["seconds"], os._exit, [TOO_LONG])  # by itself, as nobody may be there any more to end it
    clock.daemon = True
    clock.start()
    hold(job["memory"])
    try:
        answer = json.dumps(run(job))
    except MemoryError:
        answer = json.dumps({"error": "out of memory"})
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:  # a text that is no Unicode is a ValueError
        answer = json.dumps({"error": str(error)})
    sys.stdout.buffer.write(answer.encode())
    sys.stdout.buffer.flush()
    os._exit(0)


def hold(memory: int) -> None:
    """Take limits upon this process, as far as its system has them: Linux all, macOS some, Windows none."""
    with suppress(ImportError):
        import resource  # noqa: PLC0415 - Windows has none

        for what, most in (("AS", 2 * memory), ("FSIZE", WRITTEN), ("CORE", 0)):
            with suppress(ValueError, OSError):  # a limit that is lower already stays
                limit = getattr(resource, f"RLIMIT_{what}")
                resource.setrlimit(limit, (most, most))


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run the job's statement; reading is all that it may do, but for rows of `staging`."""
    tables: set[str] = set()

    def allowed(action: int, first: str | None, second: str | None, database: str | None, *_: object) -> int:
        """Say whether SQLite may do something for the statement."""
        if action == sqlite3.SQLITE_READ and first and database == "main":
            tables.add(first.lower())
        reads = action in READING and second != "load_extension"
        fills = action == sqlite3.SQLITE_INSERT and database == "staging"
        return sqlite3.SQLITE_OK if reads or fills else sqlite3.SQLITE_DENY

    with closing(sqlite3.connect(job["address"], uri=True, isolation_level=None)) as connection:
        limit = f"hard_heap_limit = {job['memory']}"
        for setting in (limit, "temp_store = MEMORY", "trusted_schema = OFF", "cell_size_check = ON"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("SELECT 1 FROM JSON_EACH('[]')")  # SQLite declares its table now, which is no reading
        if "into" in job:
            connection.execute("ATTACH ? AS staging", (job["into"],))
            connection.execute("PRAGMA staging.journal_mode = OFF")
            connection.execute("PRAGMA staging.synchronous = OFF")
        if "functions" in job:
            module: dict[str, Any] = {"__name__": "functions"}
            exec(compile(job["functions"], "functions.py", "exec"), module)
            module["register_functions"](connection)
        if not job["sql"] and "into" in job:
            copy_tables(connection)
        connection.set_authorizer(allowed)
        started = time.monotonic()
        cursor = connection.execute(job["sql"], job.get("parameters", {}))
        rows, more = first_rows(cursor, job.get("rows", 0), job.get("characters", 0))
        names = [name for name, *_ in cursor.description] if cursor.description else None
        took = 1_000 * (time.monotonic() - started)
    return {"names": names, "rows": rows, "more": more, "milliseconds": took, "read": sorted(tables)}


def first_rows(cursor: sqlite3.Cursor, most: int, characters: int) -> tuple[list[list[Any]], bool]:
    """Return the first rows of an answer, as many as there is room for, and whether there are more."""
    rows: list[list[Any]] = []
    room = CHARACTERS_SENT
    for row in cursor:
        if len(rows) >= most or room < 0:
            return rows, True
        rows.append([shown(value, characters) for value in row])
        room -= sum(len(value) if isinstance(value, str) else 20 for value in rows[-1])
    return rows, False


def shown(value: Any, characters: int) -> Any:
    """Return a value as it is sent: a BLOB's size, and the beginning of a long text."""
    if isinstance(value, bytes):
        return f"BLOB of {len(value):,} bytes"
    if isinstance(value, str) and len(value) > characters:
        return f"{value[:characters]}… ({len(value):,} characters)"
    return value


def copy_tables(connection: sqlite3.Connection) -> None:
    """Copy the rows of each table, and nothing that SQLite would run: no view, trigger, virtual table or rule."""
    listed = "SELECT name, sql FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
    for name, sql in connection.execute(listed).fetchall():
        if not sql.upper().startswith("CREATE VIRTUAL"):
            table = '"' + name.replace('"', '""') + '"'
            connection.execute(f"CREATE TABLE staging.{table} AS SELECT * FROM main.{table}")


if __name__ == "__main__":
    main()
