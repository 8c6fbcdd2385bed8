"""The four SELECTs that follow from a proposal."""

import re

from shopboard.database import COLUMNS
from shopboard.importing.columns import row_number_of
from shopboard.importing.links import base_of, best_match, columns_of_headers, key_of, key_values, written_otherwise
from shopboard.importing.meaning import Column, Proposal, identifier
from shopboard.importing.money_sql import amount_sql, compare_with_orders, sold_below_zero
from shopboard.importing.raw import literal
from shopboard.importing.rules import DEFAULTS
from shopboard.importing.statements import (
    NOBODY,
    in_place_of,
    key_sql,
    line_sql,
    loads_once,
    row_sql,
    statement_sql,
    written_sql,
)
from shopboard.importing.status_sql import status_sql
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
        return statement_sql(proposal, base, {**values, **line_sql(proposal, base)}, used)
    when = proposal.matches["orders", "order_date"].column
    latest = (
        written_sql(proposal, "orders", "order_date")
        if when and when.table in proposal.reached[base]
        else row_sql(proposal, base)
        if row_number_of(proposal.connection, base)
        else "1"
    )
    first = next(
        (
            proposal.matches[table, name].column
            for name in ("name", "product_name")
            if (table, name) in proposal.matches
        ),
        None,
    )
    latest = (
        f"MAX(CASE WHEN {first.sql} IS NOT NULL THEN {latest} END)" if first and first != column else f"MAX({latest})"
    )
    note = [f"{table}: what several rows tell of the same one is taken from the latest"]
    rest = f"\nWHERE {values[key]} IS NOT NULL\nGROUP BY {values[key]}"
    if table == "customers":
        rest = rest.replace("\nGROUP BY", f" AND LOWER(TRIM({column.sql})) NOT IN {NOBODY}\nGROUP BY")
    values |= {
        "latest": latest,
        **line_sql(proposal, base),
    }  # all of the row of the one MAX; a second would choose another
    return statement_sql(
        proposal,
        base,
        values,
        [*used, when if when and when.table in proposal.reached[base] else None],
        note,
        rest,
    )


def region_of_order(proposal: Proposal) -> Column | None:
    """Return the column that says where an order went: one of the lines, or of the orders that they belong to."""
    places = [*proposal.columns[proposal.lines], *columns_of_headers(proposal, proposal.lines)]
    told = proposal.matches["customers", "region"]
    if told.column in places or "by you" in told.why:
        return told.column if told.column in places else None
    taken = {match.column for (table, _), match in proposal.matches.items() if table == "orders"}
    free = [column for column in places if column not in taken]
    match = best_match(proposal, proposal.lines, FIELDS["customers"]["region"], free)
    return match.column if match.sure > 0.5 else None


def select_orders(proposal: Proposal) -> str:
    """Return the SELECT for the lines of orders."""
    chosen = {name: proposal.matches["orders", name].column for name in FIELDS["orders"]}
    values = {
        name: written_sql(proposal, "orders", name)
        for name in ("order_id", "customer_id", "product_id", "order_date", "quantity", "order_number")
    }
    values["order_id"] = values["order_id"] or row_sql(proposal, proposal.lines)
    if chosen["product_id"] and key_of(proposal, "products") == chosen["product_id"]:
        values["product_id"] = key_sql(proposal, "products", "product_id")
    values["product_id"] = values["product_id"] or "'(not stated)'"
    values["status"], notes = status_sql(proposal)
    for name in ("customer_id", "product_id"):  # keys that are written in two ways, as their own table has them
        link = next((link for link in proposal.links.get(proposal.lines, []) if link.column == chosen[name]), None)
        if (
            link
            and link in proposal.reached[proposal.lines].get(link.key.table, [])
            and written_otherwise(proposal, link)
        ):
            values[name] = values[name].replace(link.column.sql, f"COALESCE({link.key.sql}, {link.column.sql})")
            proposal.beside.append(link.key)
    if sold_below_zero(proposal, chosen):
        values["quantity"] = f"-1 * {values['quantity']}"
        notes.append(f"{chosen['quantity'].name} is below zero where something is sold: its sign is turned")
    values["total_amount"] = amount_sql(proposal, notes)
    chosen["region"] = region_of_order(proposal)
    values["region"] = chosen["region"].sql if chosen["region"] else None
    fill_down(proposal, values, chosen, notes)
    carry_over(proposal, values, chosen, notes)
    leave_out_guests(proposal, values, chosen, notes)
    note_orders_without_lines(proposal, chosen, notes)
    if proposal.orders.get(chosen["order_date"]) and any(
        re.search(r"\d:\d\d.*\d ?(Z|[-+]\d\d:?\d\d)( |$)|UTC", text) for text in chosen["order_date"].samples
    ):
        notes.append("a day is the day that the source wrote; what it says of time zones is left off")
    whole = proposal.questions["amounts"].taken == "order" if "amounts" in proposal.questions else proposal.whole_orders
    if not whole:
        compare_with_orders(proposal, values["total_amount"], [*chosen.values(), *proposal.beside], notes)
    if not whole or values["order_number"] is None:
        return statement_sql(
            proposal,
            proposal.lines,
            {**values, **line_sql(proposal, proposal.lines)},
            [*chosen.values(), *proposal.beside],
            notes,
        )
    return share_out(proposal, values, chosen, notes)


def fill_down(proposal: Proposal, values: dict, chosen: dict, notes: list[str]) -> None:
    """Where an order's number and date stand on its first line alone, as in merged cells, take them from the line above."""
    number, when, row = chosen["order_number"], chosen["order_date"], row_number_of(proposal.connection, proposal.lines)
    if (
        not row
        or not number
        or not when
        or {number.table, when.table} != {proposal.lines}
        or not 0.05 < number.filled < 0.95
    ):
        return
    table = identifier(proposal.lines)
    sql = f"SELECT COUNT(*), SUM({when.sql} IS NULL) FROM {table} WHERE {number.sql} IS NULL"
    lines, together = proposal.connection.execute(sql).fetchone()
    if not lines or together < 0.95 * lines:
        return
    for name in ("order_number", "order_date", "customer_id", "status", "region"):
        column = chosen[name]
        if column and column.table == proposal.lines and column.filled <= number.filled + 0.05 and values[name]:
            # The row's number in front makes the latest row's text the greatest.
            there = f"CASE WHEN {number.sql} IS NOT NULL THEN PRINTF('%020d', {table}.{row}) || COALESCE({column.sql}, '') END"
            above = f"NULLIF(SUBSTR(MAX({there}) OVER (ORDER BY {table}.{row}), 21), '')"
            values[name] = in_place_of(column.sql, above, values[name])
    notes.append(f"a line without {number.name} belongs to the order above it")


def carry_over(proposal: Proposal, values: dict, chosen: dict, notes: list[str]) -> None:
    """Let what stands on one line of an order hold for its other lines, too."""
    number = chosen["order_number"]
    for name in ("order_date", "customer_id", "status", "region") if number and number.table == proposal.lines else ():
        column = chosen[name]
        if (
            column is None
            or column.table != proposal.lines
            or column.filled == 1
            or " OVER (" in values[name]
            or (name == "status" and (column.dates > 0.8 or proposal.bare_orders > 0.02))
        ):
            continue
        sql = (
            f"SELECT SUM(filled BETWEEN 1 AND lines - 1), SUM(lowest <> highest) FROM (SELECT COUNT(*) AS lines, COUNT({column.sql}) AS filled, "
            f"MIN({column.sql}) AS lowest, MAX({column.sql}) AS highest FROM {identifier(proposal.lines)} WHERE {number.sql} IS NOT NULL GROUP BY {number.sql})"
        )
        partly, different = (count or 0 for count in proposal.connection.execute(sql).fetchone())
        if partly > 2 and not different:
            whole = f"MAX({column.sql}) OVER (PARTITION BY {number.sql})"
            values[name] = in_place_of(column.sql, whole, values[name])
            notes.append(f"{column.name} stands on one line of an order and holds for all of its lines")


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
        (lone,) = proposal.connection.execute(sql).fetchone()
        if lone:
            notes.append(f"{lone:,} orders in {link.key.table} have no line in {proposal.lines} and are not loaded")


def share_out(proposal: Proposal, values: dict, chosen: dict, notes: list[str]) -> str:
    """Return the SELECT for lines over which the totals of their orders are shared out, to the cent."""
    quantity = values["quantity"] or "1"
    of = "COALESCE(order_number, 'line ' || order_id)" + (
        f", status = {literal(LEFT_OUT + 'also in another file')}" if loads_once(proposal) else ""
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
    inner = statement_sql(proposal, proposal.lines, given, [*chosen.values(), *proposal.beside]).replace("\n", "\n    ")
    names = ", ".join(name for name, sql in given.items() if sql and name not in ("weight", "order_total"))
    return "".join(f"-- assumed: {' '.join(note.split())}\n" for note in notes) + (
        f"WITH given AS (\n    {inner}\n), running AS (\n    SELECT\n        given.*,\n        SUM(weight) OVER (PARTITION BY {of} ORDER BY order_id) AS up_to_here,\n"
        f"        SUM(weight) OVER (PARTITION BY {of}) AS of_all\n    FROM given\n)\n"
        f"SELECT\n    {names},\n    ROUND(order_total * up_to_here / of_all, 2) - ROUND(order_total * (up_to_here - weight) / of_all, 2) AS total_amount\nFROM running"
    )


def select_reviews(proposal: Proposal) -> str:
    """Return the SELECT for the reviews; one of an order is a review of its product where that is the only one."""
    values = {name: written_sql(proposal, "reviews", name) for name in FIELDS["reviews"]}
    used = [proposal.matches["reviews", name].column for name in FIELDS["reviews"]]
    values["review_id"] = values["review_id"] or row_sql(proposal, proposal.reviews)
    notes, rest = [], ""
    if values["product_id"] is None:
        number = FIELDS["orders"]["order_number"]
        order, mine = (
            best_match(proposal, proposal.reviews, number, proposal.columns[proposal.reviews]).column,
            proposal.matches["orders", "order_number"].column,
        )
        product = proposal.matches["orders", "product_id"].column
        if product is None:
            return "-- assumed: reviews of orders are of no product where the source tells none\nSELECT NULL AS review_id, NULL AS product_id, NULL AS rating, NULL AS review_date\nWHERE 0"
        notes.append(
            "a review of an order is one of its product where the order has a single product; others are set aside"
        )
        rest = (
            f"\nLEFT JOIN (SELECT {mine.sql} AS reviewed, MIN({product.sql}) AS only_product FROM {identifier(proposal.lines)} GROUP BY 1 "
            f"HAVING COUNT(DISTINCT {product.sql}) = 1) AS bought ON bought.reviewed = {order.sql}"
        )
        values["product_id"] = "bought.only_product"
    return statement_sql(
        proposal, proposal.reviews, {**values, **line_sql(proposal, proposal.reviews)}, used, notes, rest
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
    notes = "".join(
        f"{line}\n" for line in dict.fromkeys(f"{first}\n{second}".splitlines()) if line.startswith("-- assumed")
    )
    return notes + (both if table == "orders" else f"SELECT * FROM (\n{both}\n) GROUP BY {COLUMNS[table][0]}")
