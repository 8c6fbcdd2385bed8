"""Rows that stand for others: totals of lines, and lines that stand in two places."""

import re

from shopboard.database import table_names
from shopboard.importing import counted
from shopboard.importing.columns import COMPARED, row_number_of
from shopboard.importing.meaning import Column, Proposal, Question, identifier
from shopboard.importing.raw import literal
from shopboard.importing.statuses import totals_others
from shopboard.importing.values import some_number, squashed
from shopboard.importing.words import FIELDS, pattern


def find_totals(proposal: Proposal) -> None:
    """Note the condition for rows that are totals, and a sentence about them; both empty where there are none.

    A total leaves something empty that lines have, and has either a word for it in some column, or nothing but numbers,
    which come to what the lines above it do.
    """
    proposal.totals = "", ""
    fields = ("order_number", "order_date", "product_id", "customer_id", "quantity")
    own = [column for column in proposal.columns[proposal.lines] if not column.expression and column.filled]
    told = [proposal.taken(name) for name in fields]
    told = [column for column in told if column in own]
    amount = next((column for name in ("total_amount", "unit_price") if (column := proposal.taken(name))), None)
    usual = [column for column in told if 0.5 < column.filled < 1]
    if amount not in own or not usual:
        return
    table = identifier(proposal.lines)
    some_empty = f"({' OR '.join(f'{column.sql} IS NULL' for column in usual)})"
    words = {}
    for column in own:
        if column.numbers < 0.9 and column not in (proposal.taken("status"), amount):
            sql = f"SELECT DISTINCT {column.sql} FROM {table} WHERE {some_empty} AND {column.sql} IS NOT NULL"
            found = [str(word) for (word,) in proposal.connection.execute(f"{sql} LIMIT 1000")]
            words[column] = [word for word in found if totals_others(word)]
    named = " OR ".join(
        f"COALESCE(CAST({column.sql} AS TEXT), '') IN ({', '.join(map(literal, found))})"
        for column, found in words.items()
        if found
    )
    texts = [column for column in own if column.numbers < 0.8 or column in told]
    bare = " AND ".join(f"{column.sql} IS NULL" for column in texts)
    ways = [f"({some_empty} AND ({named}))"] if named else []
    if is_sum_of_lines(proposal, f"({bare})", amount, ways):
        ways.append(f"({bare})")
    if ways:
        condition = " OR ".join(ways)
        sql = f"SELECT {amount.sql} FROM {table} WHERE {condition}"
        values = [value for (value,) in proposal.connection.execute(sql)]
        come_to = sum(some_number(value) or 0 for value in values if value is not None)
        said = f"left out as totals of other lines: {counted(len(values), 'row')} ({come_to:,.2f})"
        proposal.totals = condition, said


def is_sum_of_lines(proposal: Proposal, bare: str, amount: Column, ways: list[str]) -> bool:
    """Say whether most rows of numbers alone come to what the lines above them do: since the last such row, or in all."""
    table, row = identifier(proposal.lines), row_number_of(proposal.connection, proposal.lines)
    if not proposal.value(f"SELECT COUNT(*) FROM {table} WHERE {bare}"):
        return False
    others = f"WHERE NOT ({' OR '.join(ways)})" if ways else ""
    order = f"ORDER BY {table}.{row}" if row else ""
    since, whole, right, rows = 0.0, 0.0, 0, 0
    for is_bare, written in proposal.connection.execute(
        f"SELECT CASE WHEN {bare} THEN 1 ELSE 0 END, {amount.sql} FROM {table} {others} {order}"
    ):
        number = (some_number(written) or 0.0) if written is not None else 0.0
        if is_bare and written is not None:
            rows += 1
            right += min(abs(number - since), abs(number - whole)) < 0.011 and number != 0
            since = 0.0
        else:
            since, whole = since + number, whole + number
    return rows > 0 and right >= 0.8 * rows


def lines_only(proposal: Proposal) -> str:
    """Return the condition, to follow others, that a row is no total; empty where there are none."""
    return f" AND NOT ({proposal.totals[0]})" if proposal.totals[0] else ""


def ask_twice(proposal: Proposal) -> None:
    """Ask about lines that stand in two files or sheets of a table, all values alike: exports that overlap."""
    proposal.place, proposal.elsewhere = "", "also in another file"
    number = proposal.taken("order_number")
    if number and number.table == proposal.lines:
        ask_joined(proposal, number)
    if proposal.place or "files_read" not in table_names(proposal.connection):
        return
    files = "SELECT COUNT(*) FROM files_read WHERE table_name = ?"
    if proposal.value(files, (proposal.lines,)) < 2 or not number or number.table != proposal.lines:
        return
    place = f"RTRIM({identifier(proposal.lines)}._line, '0123456789')"
    sql = f"SELECT SUM(first <> last) FROM (SELECT MIN({place}) AS first, MAX({place}) AS last FROM {identifier(proposal.lines)} GROUP BY {number.sql})"
    if not proposal.value(sql):
        return
    values = ", ".join(column.sql for column in proposal.columns[proposal.lines] if not column.expression)
    sql = (
        f"SELECT COUNT(*), MIN(number), MIN(first), MAX(last) FROM (SELECT {number.sql} AS number, MIN({place}) AS first, "
        f"MAX({place}) AS last FROM {identifier(proposal.lines)} GROUP BY {values} HAVING first <> last)"
    )
    lines, example, first, last = proposal.connection.execute(sql).fetchone()
    if lines:
        proposal.place = f"{place} <> MIN({place}) OVER (PARTITION BY {values})"
        first, last = (re.sub(", (line|row) $", "", text) for text in (first, last))
        proposal.questions["twice"] = Question(
            f"{lines:,} lines stand in two places with all values alike, such as those of {example} in {first} and in {last}. "
            "Are they the same sales, exported twice?",
            {"yes: load each once": "once", "no: load all": "all"},
            None,
        )


def ask_joined(proposal: Proposal, number: Column) -> None:
    """Ask about lines of which each row has another one's own number, product and amount, as a join with payments makes them."""
    own, row = pattern(FIELDS["orders"]["order_id"].names[0]), row_number_of(proposal.connection, proposal.lines)
    chosen = (proposal.taken(name) for name in ("product_id", "total_amount", "unit_price"))
    same = [f"COALESCE({column.sql}, '')" for column in chosen if column and column.table == proposal.lines]
    for line in proposal.columns[proposal.lines]:
        if not row or line == number or line.filled < 1 or not own.fullmatch(squashed(line.name)):
            continue
        of = f"{number.sql}, {line.sql}"
        some = f"SELECT {of} FROM {identifier(proposal.lines)} LIMIT {COMPARED}"
        sql = f"SELECT (SELECT COUNT(*) FROM ({some})) - (SELECT COUNT(*) FROM (SELECT DISTINCT * FROM ({some})))"
        if not proposal.value(sql):
            continue
        sql = (
            f"SELECT SUM(copies - 1), MAX(ways), MIN(example) FROM (SELECT COUNT(*) AS copies, COUNT(DISTINCT {' || 0 || '.join(same)}) AS ways, "
            f"{line.sql} AS example FROM {identifier(proposal.lines)} GROUP BY {of} HAVING COUNT(*) > 1)"
        )
        copies, ways, example = proposal.connection.execute(sql).fetchone()
        if copies and ways == 1:
            proposal.place = f"ROW_NUMBER() OVER (PARTITION BY {of} ORDER BY {identifier(proposal.lines)}.{row}) > 1"
            proposal.elsewhere = "also on another row"
            proposal.questions["twice"] = Question(
                f"{counted(copies, 'row')} repeat the {line.name} of another row of their order, such as {example}, with the same product and "
                "amount, as a join with payments makes them. Is each line sold once?",
                {"yes: load each once": "once", "no: load all": "all"},
                "once",
            )
            return
