"""The four SELECTs that follow from a proposal."""

import re
from collections.abc import Callable

from shopboard.database import COLUMNS
from shopboard.importing.accounts import OWN_NUMBERS
from shopboard.importing.columns import FIRST_OF_MONTH, row_number_of
from shopboard.importing.extras import chosen_extras, discount_lines, number_sql, with_discounts, with_extras
from shopboard.importing.likeness import subject
from shopboard.importing.links import base_of, best_match, key_of, key_values, written_otherwise
from shopboard.importing.matching import stars_of_lines
from shopboard.importing.meaning import Column, Link, Proposal, identifier
from shopboard.importing.raw import literal
from shopboard.importing.repeats import lines_only
from shopboard.importing.reviews import reads_reviews
from shopboard.importing.rules import DEFAULTS
from shopboard.importing.statements import (
    NOBODY,
    amount_sql,
    in_place_of,
    key_sql,
    line_sql,
    loads_once,
    row_sql,
    sold_below_zero,
    statement_sql,
    written_sql,
)
from shopboard.importing.status_sql import count_lines_of_nothing, status_sql
from shopboard.importing.statuses import LEFT_OUT
from shopboard.importing.words import FIELDS


def select_entity(proposal: Proposal, table: str, key: str) -> str:
    """Return the SELECT for customers or products: from their own table, or from the lines, where the latest line counts."""
    column, fields = key_of(proposal, table), list(FIELDS[table])
    if column is None:
        names = {
            "customers": "NULL AS customer_id\nWHERE 0",
            "products": "'(not stated)' AS product_id,\n    '(not stated)' AS product_name",
        }
        return f"-- assumed: the source does not tell {table} apart\nSELECT\n    {names[table]}"
    base = base_of(proposal, table)
    values = {key: key_sql(proposal, table, key), **{name: written_sql(proposal, table, name) for name in fields}}
    used = [column, *(proposal.matches[table, name].column for name in fields)]
    if key_values(proposal, column) is not None and values[key] == column.sql and base != proposal.lines:
        text = statement_sql(proposal, base, {**values, **line_sql(proposal, base)}, used)
        return with_lost(proposal, text, key, [name for name, sql in values.items() if sql])
    when, first = proposal.taken("order_date"), proposal.matches[table, fields[0]].column
    latest = row_sql(proposal, base) if row_number_of(proposal.connection, base) else "1"
    if when and when.table in proposal.reached[base]:
        latest, used = written_sql(proposal, "orders", "order_date"), [*used, when]
    if first and first != column:
        latest = f"CASE WHEN {first.sql} IS NOT NULL THEN {latest} END"
    note = [f"what several rows tell of the same {table[:-1]} is taken from the latest"]
    lines = lines_only(proposal) if base == proposal.lines else ""
    rest = f"\nWHERE {values[key]} IS NOT NULL{lines}\nGROUP BY {values[key]}"
    if table == "customers":
        rest = rest.replace("\nGROUP BY", f" AND LOWER(TRIM({column.sql})) NOT IN {NOBODY}\nGROUP BY")
    # All else is that of the row of the one MAX; a second one would choose another row.
    values |= {"latest": f"MAX({latest})", **line_sql(proposal, base)}
    return statement_sql(proposal, base, values, used, note, rest)


def with_lost(proposal: Proposal, text: str, key: str, names: list[str]) -> str:
    """Return the SELECT for customers or products with those that only lines name, unless such lines are to be set aside."""
    if proposal.answer(f"lost {key}", "aside") == "aside":
        return text
    column = proposal.taken(key)
    condition = lost_sql(proposal, key)
    beside = ", ".join(f"NULL AS {name}" for name in names if name != key)
    return (
        f"-- assumed: those that {column.table} names and {key_of(proposal, TABLE_OF[key]).table} lacks are known by their {column.name} alone\n"
        f"SELECT {', '.join(names)} FROM (\n{text}\n) AS known\nUNION ALL\n"
        f"SELECT DISTINCT {column.sql} AS {key}{', ' if beside else ''}{beside} FROM {identifier(column.table)} WHERE {condition}"
    )


TABLE_OF = {"customer_id": "customers", "product_id": "products"}


def lost_sql(proposal: Proposal, key: str) -> str:
    """Return SQL for the condition that a line names a customer or product that its own table lacks; empty where it has none."""
    column, known = proposal.taken(key), key_of(proposal, TABLE_OF[key])
    if column is None or known is None or known.table == column.table:
        return ""
    link = Link(column, known)
    wrap = "KEY({})" if written_otherwise(proposal, link) else "{}"
    nobody = f" AND LOWER(TRIM({column.sql})) NOT IN {NOBODY}" if key == "customer_id" else ""
    return (
        f"{column.sql} IS NOT NULL{nobody} AND {wrap.format(column.sql)} NOT IN "
        f"(SELECT {wrap.format(known.sql)} FROM {identifier(known.table)} WHERE {known.sql} IS NOT NULL)"
    )


def region_of_order(proposal: Proposal) -> Column | None:
    """Return the column that says where an order went: one of the lines, of the orders that they belong to, or of what they refer to beside customer and product."""
    told = proposal.matches["customers", "region"]
    places = columns_of_order(proposal)
    if told.column in places or "by you" in told.why:
        return told.column if told.column in places else None
    taken = {match.column for (table, _), match in proposal.matches.items() if table == "orders"}
    free = [column for column in places if column not in taken]
    match = best_match(proposal, proposal.lines, FIELDS["customers"]["region"], free)
    return match.column if match.sure > 0.5 else None


def columns_of_order(proposal: Proposal) -> list[Column]:
    """Return the columns that tell of a line or its order, rather than of its customer or its product."""
    keys = {proposal.taken(name) for name in ("customer_id", "product_id")}
    others = ("customer", "product", "supplier", "category", "review")
    tables = [
        table
        for table, path in proposal.reached[proposal.lines].items()
        if all(link.column not in keys and subject(link.key.table) not in others for link in path)
        # a table that has a customer once an order, beside what tells the person
        or any(key and key.table == table and path and path[-1].key != key for key in keys)
    ]
    return [column for table in tables for column in proposal.columns[table]]


def select_orders(
    proposal: Proposal, beside: dict[str, Column] | None = None, put_together: Callable[..., str] = with_extras
) -> str:
    """Return the SELECT for the lines of orders; `beside` names more columns that it is to give."""
    chosen = {name: proposal.taken(name) for name in FIELDS["orders"]}
    values = {
        name: written_sql(proposal, "orders", name)
        for name in ("order_id", "customer_id", "product_id", "order_date", "quantity", "order_number")
    }
    own_numbers = [f"{OWN_NUMBERS} {chosen['order_id'].name}"] if values["order_id"] else []
    values["order_id"] = values["order_id"] or row_sql(proposal, proposal.lines)
    if chosen["product_id"] and key_of(proposal, "products") == chosen["product_id"]:
        values["product_id"] = key_sql(proposal, "products", "product_id")
    values["product_id"] = values["product_id"] or "'(not stated)'"
    values["status"], notes = status_sql(proposal)
    notes += own_numbers
    reached = proposal.reached[proposal.lines]
    for name in ("customer_id", "product_id"):  # keys that are written in two ways, as their own table has them
        link = next((link for link in proposal.links.get(proposal.lines, []) if link.column == chosen[name]), None)
        if link and link in reached.get(link.key.table, []) and written_otherwise(proposal, link):
            values[name] = values[name].replace(link.column.sql, f"COALESCE({link.key.sql}, {link.column.sql})")
            proposal.beside.append(link.key)
    if sold_below_zero(proposal, chosen):
        values["quantity"] = f"-1 * {values['quantity']}"
        notes.append(f"{chosen['quantity'].name} is below zero where something is sold: its sign is turned")
    values["total_amount"] = amount_sql(proposal, notes)
    count_lines_of_nothing(proposal, values, notes)
    chosen["region"] = None if proposal.answer("region") == "customer" else region_of_order(proposal)
    values |= {name: column.sql for name, column in (beside or {}).items()}
    proposal.beside += (beside or {}).values()
    values["region"] = chosen["region"].sql if chosen["region"] else None
    if not fill_down(proposal, values, chosen, notes):
        carry_over(proposal, values, chosen, notes)
    leave_out_guests(proposal, values, chosen, notes)
    note_orders_without_lines(proposal, chosen, notes)
    note_what_is_left_off(proposal, chosen, notes)
    rest = f"\nWHERE NOT ({proposal.totals[0]})" if proposal.totals[0] else ""
    notes += [proposal.totals[1]] if rest else []
    lines = line_sql(proposal, proposal.lines)
    names = [name for name, sql in {**values, **lines}.items() if sql]
    extras = chosen_extras(proposal)
    whole = proposal.amounts_of_orders and values["order_number"]
    off = discount_lines(proposal) if proposal.answer("lost discount") == "subtract" and not whole else ""
    if extras or off:
        values["total_amount"] = checked(values["total_amount"])
    places = {column: f"extra_{n}" for n, column in enumerate(proposal.extras, 1)}
    values |= {places[column]: number_sql(proposal, column) for column in extras}
    used = [*chosen.values(), *proposal.beside, *extras]
    if whole:
        text = share_out(proposal, values, used, notes, rest)
    else:
        text = statement_sql(proposal, proposal.lines, {**values, **lines, "off": off}, used, rest=rest)
    if off:
        text = with_discounts(text, [name for name, sql in {**values, **lines}.items() if sql])
        notes.append("a line below zero that a discount's name stands on is taken off the other lines of its order")
    text = put_together(proposal, text, names, notes)
    return "".join(f"-- assumed: {' '.join(note.split())}\n" for note in notes) + text


def checked(amount: str) -> str:
    """Return SQL for an amount that can be added to others."""
    return amount if amount.startswith(("NUMBER(", "ROUND(", "LINE_TOTAL(")) else f"NUMBER({amount}, '.')"


OF_LINES = ("order_id", "product_id", "quantity", "total_amount")  # what no other line of the order tells


def fill_down(proposal: Proposal, values: dict, chosen: dict, notes: list[str]) -> bool:
    """Where an order's number and date stand on its first line alone, as in merged cells, take them from the line above; say whether that is so."""
    when, row = chosen["order_date"], row_number_of(proposal.connection, proposal.lines)
    beside = (column for column in proposal.columns[proposal.lines] if when and column not in chosen.values())
    as_filled = (column for column in beside if abs(column.filled - when.filled) < 0.02)
    number = chosen["order_number"] or next(as_filled, None)
    if not row or not number or not when or not 0.05 < number.filled < 0.95:
        return False
    if {number.table, when.table} != {proposal.lines}:
        return False
    table, lines = identifier(proposal.lines), lines_only(proposal)
    sql = (
        f"SELECT COUNT(*), SUM(CASE WHEN {when.sql} IS NULL THEN 1 END) FROM {table} WHERE {number.sql} IS NULL{lines}"
    )
    below, together = proposal.connection.execute(sql).fetchone()
    if not below or (together or 0) < 0.95 * below:
        return False
    names, others = [name for name in values if name not in OF_LINES], {}
    for column in dict.fromkeys([*(chosen.get(name) for name in names), *proposal.beside]):
        if (
            column
            and not column.expression
            and column.table == proposal.lines
            and column.filled <= number.filled + 0.05
        ):
            # The row's number in front makes the latest row's text the greatest.
            place = f"SUBSTR('{'0' * 20}' || CAST({table}.{row} AS TEXT), -20)"
            there = f"CASE WHEN {number.sql} IS NOT NULL THEN {place} || COALESCE(CAST({column.sql} AS TEXT), '') END"
            others[column.sql] = f"NULLIF(SUBSTR(MAX({there}) OVER (ORDER BY {table}.{row}), 21), '')"
    values |= {name: in_place_of(others, values[name]) for name in names if values[name]}
    notes.append(f"a line without {number.name} belongs to the order above it")
    return True


def carry_over(proposal: Proposal, values: dict, chosen: dict, notes: list[str]) -> None:
    """Let what stands on one line of an order, and on no other line of it otherwise, hold for its other lines, too."""
    number = chosen["order_number"]
    names = [name for name in values if name not in (*OF_LINES, "order_number")]
    told, others = dict.fromkeys([*(chosen.get(name) for name in names), *proposal.beside]), {}
    for column in told if number and number.table == proposal.lines else ():
        if column is None or column.expression or column.table != proposal.lines or column.filled == 1:
            continue
        if column == chosen["status"] and (column.dates > 0.8 or proposal.bare_orders > 0.02):
            continue
        sql = (
            f"SELECT SUM(CASE WHEN filled BETWEEN 1 AND lines - 1 THEN 1 END), SUM(CASE WHEN lowest <> highest THEN 1 END) "
            f"FROM (SELECT COUNT(*) AS lines, COUNT({column.sql}) AS filled, MIN({column.sql}) AS lowest, MAX({column.sql}) AS highest "
            f"FROM {identifier(proposal.lines)} WHERE {number.sql} IS NOT NULL GROUP BY {number.sql}) AS of_orders"
        )
        partly, different = (count or 0 for count in proposal.connection.execute(sql).fetchone())
        if partly and not different:
            others[column.sql] = f"MAX({column.sql}) OVER (PARTITION BY {number.sql})"
            notes.append(f"{column.name} stands on one line of an order and holds for all of its lines")
    values |= {name: in_place_of(others, values[name]) for name in names if values[name]}


def leave_out_guests(proposal: Proposal, values: dict, chosen: dict, notes: list[str]) -> None:
    """Let placeholders in the place of a customer's id stand for nobody."""
    column = chosen["customer_id"]
    if column:
        sql = f"SELECT id FROM (SELECT DISTINCT {column.sql} AS id FROM {identifier(column.table)}) WHERE LOWER(TRIM(id)) IN {NOBODY}"
        found = [str(value) for (value,) in proposal.connection.execute(sql)]
        if found:
            values["customer_id"] = (
                f"CASE WHEN LOWER(TRIM({values['customer_id']})) NOT IN {NOBODY} THEN {values['customer_id']} END"
            )
            notes.append(f"{', '.join(found)} as {column.name} is nobody: such lines are those of guests")


def note_orders_without_lines(proposal: Proposal, chosen: dict, notes: list[str]) -> None:
    """Note the orders of a table of their own that no line refers to."""
    number = chosen["order_number"]
    links = [link for link in proposal.links.get(proposal.lines, []) if link.column == number]
    dated = chosen["order_date"].table if chosen["order_date"] else ""
    link = next((link for link in links if link.key.table == dated), None)
    if link and not written_otherwise(proposal, link):
        sql = f"SELECT COUNT(*) FROM {identifier(link.key.table)} WHERE {link.key.sql} NOT IN (SELECT {number.sql} FROM {identifier(proposal.lines)} WHERE {number.sql} IS NOT NULL)"
        if lone := proposal.value(sql):
            notes.append(f"{lone:,} orders in {link.key.table} have no line in {proposal.lines} and are not loaded")


def note_what_is_left_off(proposal: Proposal, chosen: dict, notes: list[str]) -> None:
    """Note stars on lines that are not read, days that are not told, and time zones."""
    if chosen["order_date"] and chosen["order_date"].name == FIRST_OF_MONTH:
        notes.append("the source tells months and no days: each line counts on the first of its month")
    stars = stars_of_lines(proposal)
    if stars and proposal.reviews in ("", proposal.lines) and not reads_reviews(proposal):
        asked = proposal.questions.get("lost stars")
        why = asked.text if asked else "its values are no stars from 1 to 5 or to 10, or all the same"
        notes.append(f"{stars.name} is not read: {why}")
    if proposal.orders.get(chosen["order_date"]) and any(
        re.search(r"\d:\d\d.*\d ?(Z|[-+]\d\d:?\d\d)( |$)|UTC", text) for text in chosen["order_date"].samples
    ):
        notes.append("a day is the day that the source wrote; what it says of time zones is left off")


def share_out(proposal: Proposal, values: dict, used: list[Column | None], notes: list[str], rest: str) -> str:
    """Return the SELECT for lines over which the totals of their orders are shared out, to the cent."""
    quantity = values["quantity"] or "1"
    of = "COALESCE(order_number, 'line ' || order_id)" + (
        f", status = {literal(LEFT_OUT + proposal.elsewhere)}" if loads_once(proposal) else ""
    )
    notes.append(
        "the amount is that of a whole order: it is shared out over the order's lines by quantity, to the cent"
    )
    given = {
        **values,
        "total_amount": None,
        "weight": f"MAX({quantity}, 0)",
        "order_total": f"MAX({values['total_amount']}) OVER (PARTITION BY COALESCE({values['order_number']}, 'line ' || {values['order_id']}))",
        **line_sql(proposal, proposal.lines),
    }
    inner = statement_sql(proposal, proposal.lines, given, used, rest=rest).replace("\n", "\n    ")
    names = ", ".join(name for name, sql in given.items() if sql and name not in ("weight", "order_total"))
    return (
        f"WITH as_given AS (\n    {inner}\n), running AS (\n    SELECT\n        as_given.*,\n        SUM(weight) OVER (PARTITION BY {of} ORDER BY order_id) AS up_to_here,\n"
        f"        SUM(weight) OVER (PARTITION BY {of}) AS of_all\n    FROM as_given\n)\n"
        f"SELECT\n    {names},\n    ROUND(order_total * up_to_here / of_all, 2) - ROUND(order_total * (up_to_here - weight) / of_all, 2) AS total_amount\nFROM running"
    )


def united(table: str, first: str, second: str, name: str) -> str:
    """Return one SELECT for a table's rows by two; of customers and products, each once."""
    columns = ["source_line", *COLUMNS[table]]

    def given(select: str, prefix: str) -> str:
        """Return a SELECT of all columns, unknown where there is none."""
        names = set(re.findall(r" AS (\w+)", select))
        absent = {column: f"{DEFAULTS.get(column, 'NULL')} AS {column}" for column in columns if column not in names}
        values = [absent.get(column, column) for column in columns]
        values = [
            f"{literal(prefix)} || order_id AS order_id"
            if prefix and value == "order_id"
            else f"{literal(prefix)} || order_id AS order_number"
            if prefix and value == "order_id AS order_number"
            else value
            for value in values
        ]
        return f"SELECT {', '.join(values)} FROM (\n{select}\n)"

    both = f"{given(first, '')}\nUNION ALL\n{given(second, f'{name}: ')}"
    lines = dict.fromkeys(f"{first}\n{second}".splitlines())
    notes = "".join(f"{line}\n" for line in lines if line.startswith("-- assumed"))
    return notes + (both if table == "orders" else f"SELECT * FROM (\n{both}\n) GROUP BY {COLUMNS[table][0]}")
