"""Which tables of a source refer to which, and the columns that a row of each tells."""

from collections.abc import Iterable

from shopboard.importing.columns import COMPARED, writing_of
from shopboard.importing.likeness import akin, likeness, reason, remoteness
from shopboard.importing.meaning import Column, Link, Match, Proposal, Writing, identifier
from shopboard.importing.values import key_text, some_number, squashed
from shopboard.importing.words import FIELDS, Field, refers_to


def key_values(proposal: Proposal, column: Column) -> set | None:
    """Return the values of a column as texts if they are a key: all there, none twice; None otherwise."""
    if column not in proposal.keys:
        table = proposal.columns[column.table]
        possible = (
            column.filled == 1
            and column.distinct > 0.97
            and (column.dates < 0.5 or column.whole == 1)
            and (column.whole == 1 or column.numbers < 1)
            and not likeness(column, FIELDS["orders"]["total_amount"])
        )
        sql = f"SELECT {column.sql} FROM {identifier(column.table)}"
        rows = proposal.connection.execute(sql).fetchall() if possible and table else []
        values = {key_text(value) for (value,) in rows}
        proposal.keys[column] = values if rows and len(values) >= 0.98 * len(rows) and None not in values else None
        proposal.repeats[column] = len(rows) - len(values)
    return proposal.keys[column]


def is_key(proposal: Proposal, column: Column) -> bool:
    """Say whether no row of its table has the value of another."""
    return key_values(proposal, column) is not None and not proposal.repeats[column]


def find_links(proposal: Proposal) -> dict[str, list[Link]]:
    """Return, for each table, its columns whose values are found in the key of another table, the surest first."""
    links: dict[str, list[Link]] = {}
    everything = [column for columns in proposal.columns.values() for column in columns]
    for column in everything:
        if (column.dates > 0.5 and column.whole < 1) or column.whole < column.numbers or not column.filled:
            continue
        sql = f"SELECT DISTINCT {column.sql} FROM {identifier(column.table)} WHERE {column.sql} IS NOT NULL LIMIT 300"
        sample: set = set()
        for key in everything:
            if key.table == column.table or not akin(column, key) or key_values(proposal, key) is None:
                continue
            if are_copies(proposal, column.table, key.table):
                continue
            sample = sample or {key_text(value) for (value,) in proposal.connection.execute(sql)}
            found = len(sample & key_values(proposal, key)) / max(len(sample), 1)
            named = akin(column, key) == "name"
            if found >= (0.5 if named else 0.95) and (named or len(sample) >= 10):
                links.setdefault(column.table, []).append(Link(column, key))
    for table, several in links.items():  # a key's own name refers to it, rather than what only counts as it does
        own = {link.key for link in several if squashed(link.column.name) == squashed(link.key.name)}
        links[table] = [
            link
            for link in several
            if link.key not in own or squashed(link.column.name) == squashed(link.key.name) or link.column.numbers < 0.9
        ]
    for several in links.values():  # of several tables that fit, the one that is called like the column
        several.sort(key=lambda link: (everything.index(link.column), *remoteness(link)))
    return links


def are_copies(proposal: Proposal, one: str, other: str) -> bool:
    """Say whether two tables have the same columns, as a table and its archive have."""
    names = [{column.name.lower() for column in proposal.columns[table]} for table in (one, other)]
    return len(names[0] & names[1]) > 0.8 * len(names[0] | names[1]) and len(names[0]) > 2


def tables_reached(proposal: Proposal, table: str) -> dict[str, list[Link]]:
    """Return the tables whose rows are told by a row of `table`, the nearest first, each with the links that lead there."""
    reached: dict[str, list[Link]] = {table: []}
    turn = [table]  # grows while it is gone through
    for near in turn:
        for link in proposal.links.get(near, []):
            if link.key.table not in reached and len(reached[near]) < 3:
                several = [other for other in proposal.links[near] if other.key.table == link.key.table]
                reached[link.key.table] = [*reached[near], min(several, key=remoteness)]
                turn.append(link.key.table)
    return reached


def columns_within(proposal: Proposal, table: str) -> list[Column]:
    """Return the columns that a row of `table` tells, its own first."""
    return [column for near in proposal.reached[table] for column in proposal.columns[near]]


def best_match(proposal: Proposal, table: str, field: Field, columns: Iterable[Column]) -> Match:
    """Return the column that is most likely a field, seen from a row of `table`."""
    near = proposal.reached[table]
    rated = [
        (likeness(column, field) * 0.97 ** len(near[column.table]) * weight_of_text(proposal, column, field), column)
        for column in columns
        if not told_before(proposal, near, column)
    ]
    sure, column = max(rated, key=lambda pair: pair[0], default=(0.0, None))
    if sure <= 0:
        return Match(None, 0.0, "no column is named like it")
    return Match(column, min(sure, 1.0), reason(column, sure, field))


def told_before(proposal: Proposal, near: dict[str, list[Link]], column: Column) -> bool:
    """Say whether a column is the key by which its table is reached: the nearer table has its values, too."""
    return bool(near[column.table]) and near[column.table][-1].key == column


def weight_of_text(proposal: Proposal, column: Column, field: Field) -> float:
    """Return less than 1 for a column that only refers to where a text is written."""
    refers = any(link.column == column for link in proposal.links.get(column.table, []))
    if field.kind == "id":
        return 1.001 if refers else 1.0
    return 0.8 if field.kind == "text" and refers and (column.numbers == 1 or refers_to(squashed(column.name))) else 1.0


def row_count(proposal: Proposal, table: str) -> int:
    """Return how many rows a table has."""
    return proposal.value(f"SELECT COUNT(*) FROM {identifier(table)}")


def columns_of_headers(proposal: Proposal, table: str) -> list[Column]:
    """Return the columns of the tables that a row of `table` refers to by an order's number."""
    number = FIELDS["orders"]["order_number"]
    links = proposal.links.get(table, [])
    tables = {link.key.table for link in links if likeness(link.column, number) or likeness(link.key, number)}
    return [column for other in tables for column in proposal.columns[other]]


def sampled_numbers(proposal: Proposal, *columns: Column) -> list[tuple]:
    """Return the numbers of some columns on the first lines where all have one; a column that is no number as it is."""
    names = ", ".join(column.sql for column in columns)
    rows = proposal.connection.execute(f"SELECT {names} FROM {identifier(proposal.lines)} LIMIT {COMPARED}")
    read = [
        tuple(some_number(value) if column.numbers > 0.8 else value for column, value in zip(columns, row, strict=True))
        for row in rows
        if None not in row
    ]
    return [row for row in read if None not in row]


def base_of(proposal: Proposal, table: str) -> str:
    """Return the table of the source that the customers or the products are read from."""
    key = proposal.matches["orders", {"customers": "customer_id", "products": "product_id"}[table]].column
    if key is None:
        return proposal.lines
    return next((link.key.table for link in proposal.links.get(key.table, []) if link.column == key), key.table)


def key_of(proposal: Proposal, table: str) -> Column | None:
    """Return the column that tells customers or products apart."""
    key = proposal.matches["orders", {"customers": "customer_id", "products": "product_id"}[table]].column
    return next((link.key for link in proposal.links.get(key.table, []) if link.column == key), key) if key else None


def writing_in(proposal: Proposal, column: Column) -> Writing:
    """Return how a column writes its numbers, looking through it once."""
    if column not in proposal.writing:
        proposal.writing[column] = writing_of(proposal.connection, column)
    return proposal.writing[column]


def written_otherwise(proposal: Proposal, link: Link) -> bool:
    """Say whether the same keys are written in two ways, such as 17 and 17.0, so that only their texts meet."""
    if link not in proposal.otherwise:
        sql = f"SELECT DISTINCT {link.column.sql} FROM {identifier(link.column.table)} WHERE {link.column.sql} IS NOT NULL LIMIT 300"
        sample = [value for (value,) in proposal.connection.execute(sql)]
        there = f"SELECT {link.key.sql} FROM {identifier(link.key.table)}"
        raw = {str(value) for (value,) in proposal.connection.execute(there)}
        met = sum(key_text(value) in key_values(proposal, link.key) for value in sample)
        proposal.otherwise[link] = sum(str(value) in raw for value in sample) < 0.9 * met
    return proposal.otherwise[link]
