"""The parts of the proposal's SELECTs: fields, joins, places of rows, the amount of a line."""

import re
from collections import Counter
from collections.abc import Iterable

from shopboard.database import quoted
from shopboard.importing.columns import row_number_of
from shopboard.importing.extras import number_sql
from shopboard.importing.likeness import CENTS, likeness
from shopboard.importing.links import key_of, sampled_numbers, writing_in, written_otherwise
from shopboard.importing.meaning import Column, Link, Proposal, identifier
from shopboard.importing.raw import literal
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
        in_cents = kind == "number" and CENTS.search(column.name) and column.whole == 1
        return f"ROUND({sql} / 100.0, 2)" if in_cents else sql
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
        told = [column.sql] if nameless else [column.sql, name.sql]
        if proposal.answer("lost product") == "load":
            kind = proposal.matches[table, "category"].column
            told += [kind.sql if kind and kind.table == proposal.lines else "NULL", "'(not stated)'"]
        return f"COALESCE({', '.join(told)})" if told[1:] else column.sql
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


def sold_below_zero(proposal: Proposal, chosen: dict) -> bool:
    """Say whether the source writes what leaves the shop as a negative quantity, with amounts above zero."""
    quantity, amount = chosen["quantity"], chosen["total_amount"]
    if not quantity or not amount or {quantity.table, amount.table} != {proposal.lines}:
        return False
    rows = sampled_numbers(proposal, quantity, amount)
    return sum(pieces < 0 < money for pieces, money in rows) > 0.5 * len(rows)


def amount_sql(proposal: Proposal, notes: list[str]) -> str:
    """Return SQL for the amount of a line: its total, or price times quantity less the discount."""
    chosen = {name: proposal.taken(name) for name in ("total_amount", "unit_price", "quantity", "discount", "currency")}
    amount = written_sql(proposal, "orders", "total_amount")
    if amount is None:
        names = ("unit_price", "quantity", "discount")
        simple = all(writing_in(proposal, chosen[name]).plain for name in names if chosen[name])
        price, quantity, discount = (written_sql(proposal, "orders", name, not simple) for name in names)
        times = f" × {chosen['quantity'].name}" if quantity else ""
        notes.append(
            f"the amount is {chosen['unit_price'].name}{times}"
            + (f", less {chosen['discount'].name} ({way_of_discount(proposal)})" if discount else "")
        )
        share = discount_share(proposal, price, quantity or "1", discount) if discount else "0"
        amount = f"LINE_TOTAL({price}, {quantity or 1}, {share})"
        if simple:
            amount = f"ROUND({price} * {quantity or 1} * (1 - {share}), 6)"
        amount = amount.replace(" * (1 - 0)", "").replace(" * 1,", ",") if quantity or discount else price
    asked = proposal.questions.get("amount")
    if asked and asked.taken:
        ways = {way: label.rsplit(": ", 1)[0] for label, way in asked.answers.items()}
        other = ways.pop({"total": "price", "price": "total"}[asked.taken])
        notes.append(f"the amount is {ways[asked.taken]}, rather than {other}")
    total = FIELDS["orders"]["total_amount"]
    if proposal.made_up and chosen["total_amount"]:
        price, quantity = (number_sql(proposal, column) for column in proposal.made_up)
        unread = f"TYPEOF({amount}) = 'text'" if amount.startswith("NUMBER(") else "0"  # what it could not read
        amount = f"CASE WHEN {amount} IS NULL OR {unread} THEN LINE_TOTAL({price}, {quantity}, 0) ELSE {amount} END"
        notes.append(
            f"where {chosen['total_amount'].name} is no number, {proposal.made_up[0].name} × {proposal.made_up[1].name} takes its place"
        )
    others = [
        column.name
        for column in proposal.columns[proposal.lines]
        if column not in chosen.values()
        and column.numbers > 0.8
        and (re.search(NOT_COUNTED, squashed(column.name)) or likeness(column, total) > 0.5)
    ]
    said = "may be in it, or not" if proposal.amounts_of_orders else "not counted"
    notes.extend([f"{said}: {', '.join(others)}"] if others else [])
    amount = in_one_currency(proposal, amount, notes)
    currency, of = chosen["currency"], chosen["total_amount"] or chosen["unit_price"]
    told = of and (of.table != proposal.lines or re.search(r"(?<![A-Za-z])[A-Z]{3}\)?$", of.name))
    # A price of the product, or one in a currency that its name tells, is in that one everywhere.
    if currency and not told:
        sql = f"SELECT {currency.sql} FROM {identifier(currency.table)} WHERE {currency.sql} IS NOT NULL GROUP BY UPPER(TRIM({currency.sql})) ORDER BY COUNT(*) DESC"
        found = [str(name) for (name,) in proposal.connection.execute(sql)]
        if len(found) > 1:
            notes.append(
                f"amounts in {found[0]} are loaded; lines in {', '.join(found[1:5])} are set aside, since they cannot be added to them"
            )
            amount = f"CASE WHEN {currency.sql} IS NULL OR UPPER(TRIM({currency.sql})) = UPPER(TRIM({literal(found[0])})) THEN {amount} ELSE {currency.sql} || ' ' || {amount} END"
    return amount


def in_one_currency(proposal: Proposal, amount: str, notes: list[str]) -> str:
    """Return SQL for the amount, its text where that names another currency than most: it is set aside then."""
    column = proposal.taken("total_amount") or proposal.taken("unit_price")
    if writing_in(proposal, column).plain:
        return amount
    sql = f"SELECT {column.sql}, COUNT(*) FROM {identifier(column.table)} WHERE {column.sql} GLOB '*[^-0-9., ]*' GROUP BY 1"
    signs: Counter = Counter()
    for text, rows in proposal.connection.execute(sql):
        told = re.findall(r"\b[A-Z]{3}\b", str(text)) or re.findall("[$€£¥₹₽₺]", str(text))
        signs.update(dict.fromkeys(told, rows))
    if len(signs) < 2:
        return amount
    (main, _), *others = signs.most_common()
    notes.append(
        f"amounts in {main} are loaded; those in {', '.join(sign for sign, _ in others)} are set aside, since they cannot be added to them"
    )
    foreign = " OR ".join(f"{column.sql} LIKE {literal(f'%{sign}%')}" for sign, _ in others)
    return f"CASE WHEN ({foreign}) AND {column.sql} NOT LIKE {literal(f'%{main}%')} THEN {column.sql} ELSE {amount} END"


def way_of_discount(proposal: Proposal) -> str:
    """Say what a discount is: a "share", in "percent" or "money"."""
    return proposal.answer("discount", proposal.discount)


def discount_share(proposal: Proposal, price: str, quantity: str, discount: str) -> str:
    """Return SQL for the discount as a share of the price: it is given as one, in percent, or as money."""
    way = way_of_discount(proposal)
    if way == "money":
        return f"COALESCE(1.0 * {discount} / NULLIF({price} * {quantity}, 0), 0)"
    return f"COALESCE({discount}, 0) / 100.0" if way == "percent" else f"COALESCE({discount}, 0)"


NOT_COUNTED = "refund|erstatt|rembours|reembols|rimbors|freight|shipping(cost|price|amount|fee)|frete|porto|versandkost|(^|sales|order)tax|taxes|vat$|mwst|steuer|tip(amount)?$"
