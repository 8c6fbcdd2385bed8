"""What a sample of its values shows of a column: numbers, dates, and how it writes them."""

import re
import sqlite3
from contextlib import suppress
from dataclasses import replace
from itertools import chain

from shopboard.database import quoted
from shopboard.importing.meaning import Column, Writing, identifier
from shopboard.importing.raw import SECRET
from shopboard.importing.statuses import totals_others
from shopboard.importing.values import date_parts, is_date, some_number, squashed, without_currency
from shopboard.importing.words import pattern

SAMPLED = 2_000  # rows of a table that are looked at to tell what its columns hold

COMPARED = 10_000  # lines on which numbers are compared with one another


def row_number_of(connection: sqlite3.Connection, table: str) -> str:
    """Return a name of the number that SQLite gives each row of a table; empty for views and tables without one."""
    names = {column.lower() for column, *_ in connection.execute(f"SELECT * FROM {quoted(table)} LIMIT 0").description}
    for name in ("rowid", "_rowid_", "oid"):
        if name not in names:
            with suppress(sqlite3.Error):
                connection.execute(f"SELECT {name} FROM {quoted(table)} LIMIT 0")
                return name
    return ""


def columns_of_table(connection: sqlite3.Connection, table: str) -> list[Column]:
    """Return what a sample of a table's rows, from its beginning and from all over it, shows of its columns."""
    name, row = quoted(table), row_number_of(connection, table)
    if row:
        first = connection.execute(f"SELECT {row}, * FROM {name} ORDER BY {row} LIMIT ?", (SAMPLED // 2,)).fetchall()
        begin = first[-1][0] if first else 0
        end = connection.execute(f"SELECT MAX({row}) FROM {name}").fetchone()[0] or 0
        steps = range(1, SAMPLED // 2 + 1)
        places = sorted({begin + round((end - begin) * step / (SAMPLED // 2)) for step in steps} - {begin})
        more = f"SELECT {row}, * FROM {name} WHERE {row} IN ({', '.join('?' * len(places))})"
        rows = [found[1:] for found in chain(first, connection.execute(more, places))]
    else:
        rows = connection.execute(f"SELECT * FROM {name} LIMIT ?", (SAMPLED,)).fetchall()
    names = [column for column, *_ in connection.execute(f"SELECT * FROM {name} LIMIT 0").description]
    columns = [
        described(table, column, [row[place] for row in rows])
        for place, column in enumerate(names)
        if column != "_line" and not SECRET.search(re.sub(r"[\W_]+", " ", column))
    ]
    return columns + full_names(columns) + days_of_parts(columns)


def days_of_parts(columns: list[Column]) -> list[Column]:
    """Return a column that is made of a year, a month and a day, where a table has them; without a day, the first, where it has no other date."""
    year = first_named(columns, "year|jahr|annee|ano|anno|jaar")
    month = first_named(columns, "month|monat|mois|mes|mese|maand")
    day = first_named(columns, "day|tag|jour|dia|giorno|dag|dayofmonth")
    day = day if day and day.whole == 1 else None
    if not year or year.whole < 1 or not month or 0 < month.whole < 1:
        return []
    if not day and any(column.dates > 0.8 for column in columns):
        return []
    form = "%04d-%02d-%02d" if month.whole == 1 else "%04d-%s-%02d"
    sample = f"{year.samples[0]}-{month.samples[0]:0>2}-{day.samples[0] if day else '1':0>2}"
    sql = f"PRINTF('{form}', {year.sql}, {month.sql}, {day.sql if day else 1})"
    made = replace(year, numbers=0.0, whole=0.0, dates=float(is_date(sample)), samples=(sample,), expression=sql)
    return [replace(made, name="date" if day else FIRST_OF_MONTH)]


FIRST_OF_MONTH = "date (the first of the month)"


def first_named(columns: list[Column], names: str) -> Column | None:
    """Return the first column whose whole name is one of some, given as a pattern."""
    return next((column for column in columns if re.fullmatch(names, squashed(column.name))), None)


def full_names(columns: list[Column]) -> list[Column]:
    """Return a column that is made of the first and the last name, where a table has both."""
    whose = f"({pattern('{customer}').pattern}|billing|shipping)?"
    names = "l(ast)?name|surname|familyname|nachname|nomdefamille|apellidos?|sobrenome|cognome|nazwisko|achternaam"
    first = first_named(columns, f"{whose}(f(irst)?name|givenname|vorname|prenom|nombrepila|nome|imie|voornaam)")
    last = first_named(columns, f"{whose}({names})")
    if not first or not last:
        return []
    samples = (f"{first.samples[0]} {last.samples[0]}",) if first.samples and last.samples else ()
    sql = f"TRIM(COALESCE({first.sql}, '') || ' ' || COALESCE({last.sql}, ''))"
    return [replace(last, name="full name", samples=samples, expression=sql)]


def described(table: str, name: str, values: list) -> Column:
    """Return a column with the shares of its values that are numbers, whole numbers and dates."""
    there = [value for value in values if value is not None and str(value).strip() and not isinstance(value, bytes)]
    there = [value for value in there if not str(value).startswith("0000-00-00")]  # as MySQL writes no date
    numbers = [number for value in there if (number := some_number(value)) is not None]
    count, dated = max(len(there), 1), sum(map(is_date, there))
    totals = sum(totals_others(str(value)) for value in there if not is_date(value)) if dated > 0.5 * count else 0
    return Column(
        table,
        name,
        len(there) / max(len(values), 1),
        len(numbers) / count,
        sum(number == int(number) for number in numbers) / count,
        dated / max(count - totals, 1),
        sum((parts := date_parts(value)) is not None and parts[0] in ("serial", "epoch") for value in there) / count,
        len(set(there)) / count,
        max((len(str(value)) for value in there), default=0),
        tuple(dict.fromkeys(str(value) for value in there))[:3],
    )


def order_of_dates(  # noqa: PLR0911
    connection: sqlite3.Connection, column: Column
) -> tuple[str | None, str, dict[str, str]]:
    """Return the order in which a whole column writes its dates, and what tells so; None where nothing does, with the possible answers."""
    for length in (10, 25):  # most dates stand in front; of times of day there are too many to look at each
        sql = f"SELECT DISTINCT SUBSTR({column.sql}, 1, {length}) FROM {identifier(column.table)} WHERE {column.sql} IS NOT NULL"
        found = {parts for (value,) in connection.execute(sql) if (parts := date_parts(value))}
        if found:
            break
    ways = {way for way, _ in found}
    if "?" not in ways:
        return next((way for way in ("ymd", "serial", "epoch") if way in ways), "ymd"), "", {}
    open_ones = [numbers for way, numbers in found if way == "?"]
    answers = {"day first, 31/12/2025": "dmy", "month first, 12/31/2025": "mdy"}
    firsts, thirds = ({numbers[place] for numbers in open_ones} for place in (0, 2))
    if max(thirds) <= 31 and len(thirds) > len(firsts):  # more years than days, if the year came last
        answers = {"year first, 25/12/31": "yymd", **answers}
        if len(firsts) <= 5 and len(thirds) > 12:
            return "yymd", "", {}
        return None, "the first of the three numbers may be the year", answers
    days = {
        "dmy": [numbers for numbers in open_ones if 12 < numbers[0] <= 31],
        "mdy": [numbers for numbers in open_ones if 12 < numbers[1] <= 31],
    }
    telling = [order for order, numbers in days.items() if numbers]
    if len(telling) == 1:
        (order,) = telling
        known = [numbers for way, numbers in found if way == "ymd"]
        if len(known) > 10 and len(days[order]) == len(open_ones) and max(numbers[2] for numbers in known) <= 12:
            told = "its texts all have a day above 12 and its true dates none: a spreadsheet may have swapped their days and months"
            return None, told, {"swap them back": f"{order} swapped", "they are right as they are": order}
        return order, "/".join(map(str, days[order][0])), {}
    if telling:
        both = " and ".join("/".join(map(str, numbers[0])) for numbers in days.values())
        return None, f"both {both} are among them", answers
    return None, "no day above 12 is among them", answers


NO_CENTS = re.compile(r"[¥￥円₩원₫]|\b(JPY|KRW|VND|IDR|CLP|Rp)", re.IGNORECASE)  # currencies without decimals


def writing_of(connection: sqlite3.Connection, column: Column) -> Writing:
    """Return how a whole column writes its numbers; of those that most are, "12.5" and "12,50", one tells as much as all."""
    sql = f"SELECT {column.sql} AS value FROM {identifier(column.table)}"
    usual = " ".join(
        f"WHEN (value LIKE '%{sign}_' OR value LIKE '%{sign}__') AND NOT value GLOB '*[^0-9{sign}]*' "
        f"AND NOT value GLOB '*{sign}*{sign}*' THEN '0{sign}5'"
        for sign in ".,"
    )
    texts = f"SELECT DISTINCT CASE {usual} ELSE value END FROM ({sql}) WHERE TYPEOF(value) = 'text' AND (value = '' OR value GLOB '*[^0-9]*')"
    signs: set[str] = set()
    doubtful, simple = False, True
    for (written,) in connection.execute(texts):
        simple = simple and written != "" and re.fullmatch(r"-?\d*\.?\d*", written) is not None
        text = without_currency(written, ".")
        marks = re.findall(r"[.,]", text)
        digits = re.search(r"(\d*)[.,](\d*)\D*$", text)
        if len(set(marks)) == 2 or not digits:
            signs |= {marks[-1]} if digits else set()
        elif len(marks) > 1:
            signs.add(",."[marks[0] == ","])
        elif len(digits[2]) == 3 and 1 <= len(digits[1]) <= 3 and digits[1] != "0":
            doubtful = doubtful or not NO_CENTS.search(written)
            signs |= {",."[marks[0] == ","]} if NO_CENTS.search(written) else set()
        else:
            signs.add(marks[0])
    return Writing(frozenset(signs), doubtful, simple)
