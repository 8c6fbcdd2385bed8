"""Rows of a table of lines that are totals of other lines: by their word, or by what they come to."""

from shopboard.importing.columns import row_number_of
from shopboard.importing.meaning import Column, Proposal, counted, identifier
from shopboard.importing.raw import literal
from shopboard.importing.statuses import totals_others
from shopboard.importing.values import some_number


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
            sql = (
                f"SELECT DISTINCT {column.sql} FROM {table} WHERE {some_empty} AND {column.sql} IS NOT NULL LIMIT 1000"
            )
            found = [str(word) for (word,) in proposal.connection.execute(sql)]
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
        values = [
            value for (value,) in proposal.connection.execute(f"SELECT {amount.sql} FROM {table} WHERE {condition}")
        ]
        come_to = sum(some_number(value) or 0 for value in values if value is not None)
        proposal.totals = (
            condition,
            f"left out as totals of other lines: {counted(len(values), 'row')} ({come_to:,.2f})",
        )


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
