"""Answers of a source that nobody writes to: what it was asked once, it is not asked again."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

FEW, LONG = (
    1_000,
    1_000_000,
)  # rows, and letters of a text, of an answer that is kept; a larger one is read through and forgotten


@dataclass
class Answer:
    """The rows that a SELECT gives, as a cursor gives them."""

    description: Sequence
    rows: Iterator[Any]

    def __iter__(self) -> Iterator[Any]:
        return self.rows

    def fetchone(self) -> Any:
        """Return the next row, None after the last one."""
        return next(self.rows, None)

    def fetchmany(self, size: int) -> list:
        """Return the next rows."""
        return list(islice(self.rows, size))

    def fetchall(self) -> list:
        """Return all rows that are left."""
        return list(self.rows)


class Remembered:
    """What a proposal needs of a connection to its source; small answers are kept, by the SQL that asked for them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.answers: dict[tuple, tuple[Sequence, list]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def execute(self, sql: str, parameters: Sequence = ()) -> Answer:
        """Return what a SELECT gives."""
        asked = (sql, *parameters)
        if asked not in self.answers:
            cursor = self.connection.execute(sql, parameters)
            rows = cursor.fetchmany(FEW + 1)
            if len(rows) > FEW or any(len(value) > LONG for row in rows for value in row if isinstance(value, str)):
                return Answer(cursor.description, chain(rows, cursor))
            self.answers[asked] = cursor.description, rows
        description, rows = self.answers[asked]
        return Answer(description, iter(rows))
