"""A table of a source on its way into SQLite: its header, its names of columns, its values."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from datetime import time as clock_time
from decimal import Decimal
from itertools import chain, count

import numpy as np
import pandas as pd

from shopboard.database import table_names
from shopboard.importing.values import is_date, some_number
from shopboard.problems import ShopProblem
from shopboard.settings import Source

BATCH_ROWS = 10_000
MOST_COLUMNS = 1_900  # SQLite takes 2,000

HELD = ("unreadable_lines", "unreadable_files", "files_read", "doubts")  # what is told of the source, beside its tables

HELD_TABLES = """
CREATE TABLE unreadable_lines (file, line, reason, content);
CREATE TABLE unreadable_files (file, reason);
CREATE TABLE files_read (file, table_name, form, encoding, separator, lines, note);
CREATE TABLE doubts (file, question, options);
"""

SECRET = re.compile(  # columns that are never copied, by their names with blanks for other signs
    r"pass ?(word|wd|phrase|code)|passwor[dt]|kennwort|\bpwd\b|mot de passe|contrase|senha|wachtwoord|lösenord|adgangskode|heslo|"
    r"\biban\b|bank account|credit ?card|kredit ?karten?|cc ?num(ber)?\b|\bssn\b|social security|passport|user ?pass\b|hashed|"
    r"\botp\b|session ?(id|key)|security answer|hasło|парол|şifre|密码|パスワード|secret|token|api ?key|\bcv[vc]\d?\b|card ?(number|num|no|nr)\b|n[uú]m[eé]?ro d\w+ "
    r"(carte|tarjeta|cart[aã]o|carta)|karten? ?nummer|kaart ?nummer",
    re.IGNORECASE,
)


class NoTableProblem(ShopProblem):
    """A file that holds no table, which does no harm beside files that do."""


HALF_LETTERS = "{} holds half a letter (a lone surrogate), shown as \N{REPLACEMENT CHARACTER}"


def whole_letters(text: str) -> str:
    """Return a text with a sign of replacement for each half of a letter, which no file can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def check_width(file: str, names: list) -> None:
    """Raise NoTableProblem where a table has more columns than SQLite takes."""
    if len(names) > MOST_COLUMNS:
        raise NoTableProblem(
            f"{file} has {len(names):,} columns, and a table can have {MOST_COLUMNS:,}: "
            "export it again with a line for each sale, or with the columns that are needed."
        )


@dataclass
class RawTable:
    """A table of a source on its way into SQLite; `rows` yields (number of line or row, values), as wide as `names`."""

    file: str
    name: str
    form: str
    names: list[str]
    rows: Iterable[tuple[int, tuple | list]]
    place: str = "row"
    encoding: str = ""
    separator: str = ""
    notes: list[str] = field(default_factory=list)
    bad: list[tuple] = field(default_factory=list)  # line, reason, content of what is no row
    doubt: tuple[str, dict] | None = None  # a question, and what may be answered
    header: list = field(default_factory=list)  # as it is written, to know it again
    nothing: list[str] = field(default_factory=list)  # texts that stand for no value

    def __post_init__(self) -> None:
        """Give each column a name of its own; refuse what no shop's table is, before time is spent on it."""
        check_width(self.file, self.names)
        given = [self.file, self.name, *map(str, self.names)]
        self.file, self.name, *names = (whole_letters(name).replace("\0", "") for name in given)
        self.notes += [HALF_LETTERS.format("a name")] * (whole_letters("".join(given)) != "".join(given))
        self.names = distinct(names)


def source_name(source: Source) -> str:
    """Return how a message calls the source; a URL without its password."""
    if isinstance(source, str):
        return repr(re.sub(r"//[^/]*@", "//", source) if "://" in source else source)
    return "a DataFrame" if isinstance(source, pd.DataFrame) else f"the DataFrames {', '.join(map(str, source))}"


def unreadable(error: sqlite3.Error) -> str:
    """Return, for a sentence about a source, what keeps SQLite from reading it, and the way out."""
    if "locked" in str(error) or "busy" in str(error):
        return "which another program is writing to: close that program and run again"
    if "readonly" in str(error) or "unable to open" in str(error):
        return f"which cannot be opened where it lies ({error}): copy it to a folder where you may write"
    return f"which cannot be read as an SQLite file ({error}): choose an SQLite file, or one of CSV, Excel, Parquet or JSON"


READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


def only_reading(action: int, *_: object) -> int:
    """Allow SQLite to read, and nothing else: what a mapping says must not change a file."""
    return sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY


def raw_tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of a source's own tables and views."""
    return [name for name in table_names(connection) if name not in HELD]


CONTRARY = re.compile("retur|retour|refund|devol|reembol|rembours|rück|storn|cancel|annul|credit|gutschrift", re.I)


def unique(name: str, taken: Container[str]) -> str:
    """Return `name`, numbered if it is taken, in small letters: "Name", "Name (2)"."""
    numbered = chain([name], (f"{name} ({n})" for n in count(2)))
    return next(candidate for candidate in numbered if candidate.lower() not in taken)


NUMBER_OR_DATE = re.compile(r"[\s\d.,:/+-]+")

NOTHING = (
    *("\\N", "NULL", "(null)", "<NULL>", "<null>", "[NULL]", "None", "nan", "NaN", "undefined", "(blank)"),
    *("#N/A", "#REF!", "#VALUE!", "#DIV/0!"),
)


def marks_of_nothing(rows: Iterable[list], width: int) -> list[str]:
    """Return the texts that stand for no value: MySQL's own, others in several columns or several times in one of numbers or dates.

    One that stands only in a column of texts may be somebody's name. "NA" is a value.
    """
    columns = list(zip(*(row for row in rows if len(row) == width), strict=True))
    values = [set(column) for column in columns]
    found = []
    for mark in (mark for mark in NOTHING if any(mark in held for held in values)):
        beside = [held.difference(NOTHING, {"", None}) for held in values if mark in held]
        counted = any(
            others and sum(some_number(value) is not None or is_date(value) for value in others) >= 0.9 * len(others)
            for others in beside
        )
        often = sum(column.count(mark) for column in columns) > 1
        if (often and (len(beside) > 1 or counted)) or mark == NOTHING[0]:
            found.append(mark)
    return found


def count_of_values(row: list) -> int:
    """Return how many fields of a row are numbers or dates rather than names."""
    filled = (value for value in row if value not in ("", None))
    return sum(not isinstance(value, str) or bool(NUMBER_OR_DATE.fullmatch(value)) for value in filled)


def header_index(rows: list[list]) -> int | None:
    """Return which of the first rows names the columns: the first one as full as most; None if that holds values.

    A line of values above it, such as DATEV's, is passed over where the next one is as full, all names, and values follow.
    """
    filled = [len(row) - row.count("") - row.count(None) for row in rows]
    usual = sorted(filled)[len(filled) // 2] if filled else 0
    for n, row in enumerate(rows):
        if filled[n] >= max(2, 0.6 * usual):
            prose = sum(len(str(value)) > 50 for value in row) > filled[n] / 4
            if count_of_values(row) * 3 <= filled[n] and not prose:
                return n
            names, values = (*rows[n + 1 : n + 3], [], [])[:2]
            named = len(set(names)) == len(names) >= len(values) > 0 and filled[n + 1] >= usual
            return n + 1 if named and not count_of_values(names) and count_of_values(values) else None
    return None


def column_names(file: str, header: list, rows: list[list]) -> list[str]:
    """Return the names of columns; those at the end that neither have a name nor, in most rows, a value are left out."""
    names = [" ".join(str(name).split()) for name in header]
    longer = [row for row in rows if len(row) > len(names) and set(row[len(names) :]) - {"", None}]
    if len(longer) * 2 > len(rows):
        cents = sum(bool(re.fullmatch(r"\d\d?", str(row[-1]))) for row in longer)
        if len({row[0] for row in longer}) < len(longer) or cents > 0.9 * len(longer) > 9:
            raise NoTableProblem(
                f"{file} has more fields in its lines than its header names, as if there were commas in amounts or names: "
                "export it with semicolons, or with quotes around each field."
            )
        names.insert(0, "")  # a header that is one name short: R leaves out that of the rows' names
    named = max((n for n, name in enumerate(names, 1) if name), default=0)
    check_width(file, names[:named])
    filled = Counter(n for row in rows for n in range(named, min(len(row), len(names))) if row[n] not in ("", None))
    return names[: max((n + 1 for n, count in filled.items() if count * 2 > len(rows)), default=named)]


def distinct(names: Iterable) -> list[str]:
    """Return names of columns, each once: "Name", "Name (2)"; "column 3" for one that is empty."""
    found, taken = [], {"_line"}
    for n, name in enumerate(names, 1):
        found.append(unique(str(name) or f"column {n}", taken))
        taken.add(found[-1].lower())
    return found


def as_stored(value: object) -> object:  # noqa: PLR0911
    """Return a value as SQLite holds it: days and times as ISO texts, truth as 0 or 1, whole floats as whole numbers."""
    if value is None or type(value) is str:
        return value
    if isinstance(value, Decimal | np.floating):
        value = float(value)
    if type(value) is float:
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, int | np.integer | np.bool_):
        return int(value) if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != clock_time() or value.tzinfo else value.date().isoformat()
    if isinstance(value, date | clock_time):
        return value.isoformat()
    if isinstance(value, dict | list | tuple | np.ndarray):
        return json.dumps(value.tolist() if isinstance(value, np.ndarray) else value, ensure_ascii=False, default=str)
    return value if isinstance(value, bytes) else str(value)


def stored(row: Iterable) -> list:
    """Return the values of a row as SQLite holds them."""
    return [value if type(value) is str else as_stored(value) for value in row]


def first_line(error: Exception) -> str:
    """Return the first line of what an error says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def proposed_tables(connection: sqlite3.Connection) -> list[str]:
    """Return the tables that a proposal looks at; views only where there is no table."""
    sql = "SELECT name, type FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    kinds = dict(connection.execute(sql).fetchall())
    names = [name for name in kinds if name not in HELD]
    return [name for name in names if kinds[name] == "table"] or [name for name in names if kinds[name] == "view"]


def literal(text: str) -> str:
    """Return a text as SQL, which itself may hold no NUL."""
    quoted = "'" + text.replace("'", "''").replace("\0", "' || CHAR(0) || '") + "'"
    return f"({quoted})" if "\0" in text else quoted
