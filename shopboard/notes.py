"""Triggers that note each row written to the four tables, whoever writes it, so that a copy can follow.

SQLite keeps triggers in the file itself. They note the row's key and nothing else: the rest is read when somebody
asks. Each reader remembers the last note that it has seen. Only the latest notes are kept: a reader who has
missed some finds that the last one it saw is gone, and begins anew.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from shopboard.database import COLUMNS, connect, table_names

NOTES_KEPT = 200_000
TRIGGERS = {(f"note_{table}_{done}", table) for table in COLUMNS for done in ("inserted", "updated", "deleted")}


@dataclass(frozen=True)
class Mark:
    """A state of the shop's data: the last note, and the number drawn for it, which no other database has there."""

    note_id: int
    stamp: int


def notes_sql(kept: int = NOTES_KEPT) -> str:
    """Return the SQL that makes the table `notes` and the triggers that fill it.

    A REPLACE deletes the row of the same key without a trigger; that key is noted as the new row's.
    """
    statements = [
        "CREATE TABLE notes (\n    note_id INTEGER PRIMARY KEY,\n    stamp INTEGER NOT NULL DEFAULT (RANDOM()),\n"
        "    table_name TEXT,\n    row_id INTEGER\n);",
        "INSERT INTO notes (table_name) VALUES (NULL);",
        "CREATE TRIGGER notes_kept AFTER INSERT ON notes WHEN NEW.note_id % 100 = 0 BEGIN\n"
        f"    DELETE FROM notes WHERE note_id <= NEW.note_id - {kept};\nEND;",
    ]
    for table, (key, *_) in COLUMNS.items():
        new = f"    INSERT INTO notes (table_name, row_id) VALUES ('{table}', NEW.{key});\n"
        old = f"    INSERT INTO notes (table_name, row_id) VALUES ('{table}', OLD.{key});\n"
        moved = old.replace(
            f"VALUES ('{table}', OLD.{key})", f"SELECT '{table}', OLD.{key} WHERE OLD.{key} <> NEW.{key}"
        )
        statements += [
            f"CREATE TRIGGER note_{table}_inserted AFTER INSERT ON {table} BEGIN\n{new}END;",
            f"CREATE TRIGGER note_{table}_updated AFTER UPDATE ON {table} BEGIN\n{new}{moved}END;",
            f"CREATE TRIGGER note_{table}_deleted AFTER DELETE ON {table} BEGIN\n{old}END;",
        ]
    return "\n".join(statements)


def is_noting(connection: sqlite3.Connection) -> bool:
    """Say whether writes are noted: a program that makes a table anew drops its triggers with it."""
    found = connection.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    return set(found) >= TRIGGERS and "notes" in table_names(connection)


def note_writes(path: str | Path) -> None:
    """Make sure that writes to the database at `path` are noted, if it can be written at all."""
    with closing(connect(path)) as connection:
        if is_noting(connection) or not set(table_names(connection)) >= set(COLUMNS):
            return
    dropped = "".join(f"DROP TRIGGER IF EXISTS {name};\n" for name in ("notes_kept", *dict(TRIGGERS)))
    try:
        with closing(connect(path, "rw")) as connection:
            connection.executescript(f"BEGIN IMMEDIATE;\n{dropped}DROP TABLE IF EXISTS notes;\n{notes_sql()}\nCOMMIT;")
    except sqlite3.OperationalError:
        return


def last_mark(connection: sqlite3.Connection) -> Mark | None:
    """Return the state that the data are in; None where writes are not noted."""
    if not is_noting(connection):
        return None
    last = connection.execute("SELECT note_id, stamp FROM notes ORDER BY note_id DESC LIMIT 1").fetchone()
    return Mark(*last) if last else None


def is_known(connection: sqlite3.Connection, mark: Mark) -> bool:
    """Say whether the database was in that state, and all notes since are still there."""
    found = connection.execute("SELECT stamp FROM notes WHERE note_id = ?", (mark.note_id,)).fetchone()
    return found == (mark.stamp,)


def rows_noted(connection: sqlite3.Connection, since: Mark) -> dict[str, list[int]]:
    """Return the keys of the rows written since a state: table -> keys, for tables with any."""
    noted = connection.execute(
        "SELECT DISTINCT table_name, row_id FROM notes WHERE note_id > ? AND table_name IS NOT NULL", (since.note_id,)
    )
    rows: dict[str, list[int]] = {}
    for table, key in noted:
        rows.setdefault(table, []).append(key)
    return rows
