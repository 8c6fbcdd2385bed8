"""Lines that stand in two places: in files that overlap, or on rows that a join has doubled."""

import re

from shopboard.database import table_names
from shopboard.importing.columns import COMPARED, row_number_of
from shopboard.importing.meaning import Column, Proposal, Question, counted, identifier
from shopboard.importing.values import squashed
from shopboard.importing.words import FIELDS, pattern


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
