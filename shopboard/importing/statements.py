"""The parts of the proposal's SELECTs: fields, joins, places of rows."""

import re
from collections.abc import Iterable

from shopboard.database import quoted
from shopboard.importing.columns import row_number_of
from shopboard.importing.likeness import CENTS
from shopboard.importing.links import key_of, writing_in, written_otherwise
from shopboard.importing.meaning import Column, Link, Proposal, identifier
from shopboard.importing.values import squashed
from shopboard.importing.words import FIELDS


def written_sql(proposal: Proposal, table: str, name: str, checked: bool = False) -> str | None:
    """Return SQL for a field's value, `checked` to be a number; None where no column is chosen."""
    column, kind = proposal.matches[table, name].column, FIELDS[table][name].kind
    if column is None:
        return None
    if kind == "date":
        order = proposal.answer(f"order {column.sql}", proposal.orders[column])
        iso = order == "ymd" and all(re.match(r"\d{4}-\d\d-\d\d([T ]|$)", sample) for sample in column.samples)
        return column.sql if iso else f"DAY({column.sql}, '{order}')"
    if kind in ("number", "whole", "stars"):
        sign = proposal.answer(f"sign {column.sql}", proposal.signs[column])
        sql = column.sql if writing_in(proposal, column).plain and not checked else f"NUMBER({column.sql}, '{sign}')"
        return (
            f"ROUND({sql} / 100.0, 2)" if kind == "number" and CENTS.search(column.name) and column.whole == 1 else sql
        )
    if kind == "id" and re.search("mail|courriel|correo", squashed(column.name)):
        return f"LOWER(TRIM({column.sql}))"
    return column.sql


def from_sql(proposal: Proposal, base: str, columns: Iterable[Column | None]) -> str:
    """Return the FROM that reaches some columns from the rows of `base`."""
    links = dict.fromkeys(link for column in columns if column for link in proposal.reached[base][column.table])
    joins = [f"LEFT JOIN {joined_sql(proposal, link)}" for link in links]
    return "\n".join([f"FROM {identifier(base)}", *joins])


def joined_sql(proposal: Proposal, link: Link) -> str:
    """Return a table and its condition as a JOIN takes them; of a few keys that are repeated, the first row of each."""
    table, name = identifier(link.key.table), identifier(link.key.name)
    if link.key.table in proposal.summed:
        return f"({proposal.summed[link.key.table]}) AS {table} ON {link.key.sql} = {link.column.sql}"
    once = f" GROUP BY {name}" if proposal.repeats.get(link.key) else ""
    if written_otherwise(proposal, link):
        return f"(SELECT *, KEY({name}) AS key_of_row FROM {table} GROUP BY KEY({name}) LIMIT -1) AS {table} ON {table}.key_of_row = KEY({link.column.sql})"
    return (
        f"(SELECT * FROM {table}{once}) AS {table} ON {link.key.sql} = {link.column.sql}"
        if once
        else f"{table} ON {link.key.sql} = {link.column.sql}"
    )


def statement_sql(  # noqa: PLR0913, PLR0917
    proposal: Proposal,
    base: str,
    values: dict[str, str | None],
    columns: Iterable[Column | None],
    notes: Iterable[str] = (),
    rest: str = "",
) -> str:
    """Return a SELECT of some values from the rows of `base`, with what it assumes before it."""
    source = from_sql(proposal, base, columns)
    items = ",\n".join(f"    {sql} AS {name}" for name, sql in values.items() if sql)
    text = f"SELECT\n{items}\n{source}{rest}"
    text = text if "LEFT JOIN" in source + rest else without_table(text, identifier(base))
    return "".join(f"-- assumed: {' '.join(note.split())}\n" for note in notes) + text


def line_sql(proposal: Proposal, table: str) -> dict[str, str]:
    """Return what tells the line of the file, where the table came from one."""
    names = [name for name, *_ in proposal.connection.execute(f"SELECT * FROM {quoted(table)} LIMIT 0").description]
    return {"source_line": f"{identifier(table)}._line"} if "_line" in names else {}


def row_sql(proposal: Proposal, table: str) -> str:
    """Return SQL for a number of a table's row."""
    name = row_number_of(proposal.connection, table)
    return f"{identifier(table)}.{name}" if name else "ROW_NUMBER() OVER ()"


def key_sql(proposal: Proposal, table: str, key: str) -> str:
    """Return SQL for what tells customers or products apart: of emails in small letters; a product without a number is told by its name."""
    column = key_of(proposal, table)
    if table == "products":
        name = proposal.matches[table, "product_name"].column
        nameless = not name or {name.table, column.table} != {proposal.lines} or column.filled >= name.filled
        return column.sql if nameless else f"COALESCE({column.sql}, {name.sql})"
    return f"LOWER(TRIM({column.sql}))" if re.search("mail|courriel|correo", squashed(column.name)) else column.sql


def loads_once(proposal: Proposal) -> bool:
    """Say whether lines that stand in two places are to be loaded once."""
    return proposal.answer("twice") == "once"


NOBODY = "('0', '-1', '-', '--', '.', '?', 'null', '(null)', '<null>', '#n/a', 'nan', '\\n', '#ref!', 'undefined', '(blank)', 'none', 'n/a', 'na', 'guest', 'gast', 'invité', 'invitado', 'convidado', 'ospite', 'anonymous', 'anonym', 'unknown', 'unbekannt', 'walk-in', '(not set)')"


def in_place_of(others: dict[str, str], sql: str) -> str:
    """Return SQL with other expressions in the places of some columns, all at once."""
    columns = "|".join(map(re.escape, sorted(others, key=len, reverse=True)))
    return re.sub(rf"(?:{columns})(?!\w)", lambda found: others[found[0]], sql) if others else sql


def without_table(text: str, table: str) -> str:
    """Return SQL without a table's name before its columns."""
    return re.sub(rf"""('[^']*'|"[^"]*"(?!\.))|(?<![\w"]){re.escape(table)}\.""", lambda found: found[1] or "", text)
