"""What only the user can say, since the values of a source leave it open."""

import re

from shopboard.importing import counted
from shopboard.importing.amounts import amounts_of_orders
from shopboard.importing.columns import COMPARED, order_of_dates
from shopboard.importing.extras import ask_discount_lines, ask_money, number_sql
from shopboard.importing.likeness import subject
from shopboard.importing.links import (
    best_match,
    columns_of_headers,
    is_key,
    key_of,
    row_count,
    sampled_numbers,
    writing_in,
)
from shopboard.importing.mapping import lost_sql, region_of_order
from shopboard.importing.matching import KIND, OTHER_TABLES
from shopboard.importing.meaning import Column, Proposal, Question, identifier
from shopboard.importing.raw import CONTRARY
from shopboard.importing.repeats import ask_twice, lines_only
from shopboard.importing.reviews import ask_stars
from shopboard.importing.statements import key_sql
from shopboard.importing.status_questions import ask_status
from shopboard.importing.status_sql import ask_refunds, no_pieces, part_of_piece
from shopboard.importing.values import some_number, squashed, without_currency
from shopboard.importing.words import FIELDS, pattern

NO_QUANTITY = "value|price|amount|freight|fee|cost|tax|discount|ship|weight|length|width|height|size|id$|no$|nr$|num|code|key|age|year|month|day|week|hour|zip|plz|postal|phone|rating|score|stars|rank|index|row|lat|lon|^is|^has|flag|version|store|terminal"


def ask_questions(proposal: Proposal) -> None:
    """Ask what the values leave open: the order of dates, the sign before decimals, words of status, whose amounts they are."""
    proposal.questions = {key: question for key, question in proposal.questions.items() if key.startswith("encoding ")}
    proposal.orders, proposal.writing, proposal.signs = {}, {}, {}
    for (table, name), match in proposal.matches.items():
        column, kind = match.column, FIELDS[table][name].kind
        if column and kind == "date" and column not in proposal.orders:
            ask_order(proposal, column)
        if column and kind in ("number", "whole", "stars") and column not in proposal.signs:
            ask_sign(proposal, column)
    product = proposal.matches["orders", "product_id"]
    others = ("quantity", "order_number", "customer_id", "status")
    if (
        product.column
        and row_count(proposal, proposal.lines) > 10
        and is_key(proposal, product.column)
        and not any(proposal.taken(name) for name in others)
    ):
        proposal.questions["list"] = Question(
            f"{proposal.lines} has each product once, and neither quantities nor orders nor customers: it looks like a list of "
            "products rather than of sales. Is it?",
            {"no, each row is a sale": "sales"},
            None,
        )
    settle_signs(proposal)
    ask_status(proposal)
    ask_amounts(proposal)
    ask_which_amount(proposal)
    ask_discount(proposal)
    ask_money(proposal)
    ask_refunds(proposal)
    ask_region(proposal)
    ask_lost(proposal)
    ask_discount_lines(proposal)
    ask_stars(proposal)
    ask_small(proposal)
    ask_others(proposal)
    ask_twice(proposal)
    ask_wide(proposal)
    ask_shortened(proposal)
    ask_quantity(proposal)
    if product.column is None and product.sure < 1 and len(proposal.product_choices) > 1:
        answers = {**{column.name: column.sql for column in proposal.product_choices}, "none of them": ""}
        proposal.questions["product"] = Question("Which column says what was sold?", answers, None)


def ask_wide(proposal: Proposal) -> None:
    """Ask about orders whose items stand side by side: Item 1, Item 2, and so on."""
    for column in filter(None, map(proposal.taken, ("quantity", "product_id"))):
        others = [
            other.name
            for other in proposal.columns[column.table]
            if other.filled and other != column and re.sub(r"(?<!\d)[2-9](?!\d)", "1", other.name) == column.name
        ]
        if others:
            proposal.questions["wide"] = Question(
                f"{column.name} is the first of several items of an order; those in {', '.join(others)} are not read. Unite them into "
                "one column, a line for each item, or load the first alone?",
                {"load the first items alone": "first"},
                None,
            )


def ask_shortened(proposal: Proposal) -> None:
    """Ask about ids such as 1.23457E+12, which stand for many once a spreadsheet has shortened them."""
    for name in ("order_number", "product_id", "customer_id"):
        column = proposal.taken(name)
        if column:
            sql = (
                f"SELECT id FROM (SELECT {column.sql} AS id FROM {identifier(column.table)} LIMIT {COMPARED}) "
                "WHERE id GLOB '[0-9][.,][0-9]*E+[0-9]*' LIMIT 1"
            )
            for (example,) in proposal.connection.execute(sql):
                proposal.questions[f"shortened {name}"] = Question(
                    f"{column.name} holds {example}: a spreadsheet has shortened the numbers, so that different ones are now the same. "
                    "Export again with this column as text, or leave it out?",
                    {"leave it out": "none", "load it as it is": "keep"},
                    None,
                )


def ask_quantity(proposal: Proposal) -> None:
    """Ask for the quantity where the amount is to be made of a price alone."""
    by_price = proposal.taken("unit_price") and not proposal.taken("total_amount")
    if proposal.matches["orders", "quantity"].sure or not by_price:
        return
    taken = {match.column for match in proposal.matches.values()}
    free = [
        column
        for column in proposal.columns[proposal.lines]
        if column not in taken
        and column.numbers > 0.9
        and column.whole > 0.95
        and column.dates < 0.5
        and not any(re.search(r"[.,]\d\d$", sample) for sample in column.samples)
        and not is_key(proposal, column)
        and not column.expression
        and not re.search(NO_QUANTITY, squashed(column.name))
    ]
    if free:
        answers = {column.name: column.sql for column in free}
        proposal.questions["quantity"] = Question(
            "Which column says how many pieces were sold?", {**answers, "none: each line is one piece": ""}, None
        )


def ask_order(proposal: Proposal, column: Column) -> None:
    """Ask in which order a column writes its dates, unless its values tell."""
    order, told, ways = order_of_dates(proposal.connection, column)
    if order is None and "no day above 12" in told:  # other days of the table that are written alike may tell
        others = [
            other
            for other in proposal.columns[column.table]
            if other.dates > 0.8 and marks_in(other) == marks_in(column)
        ]
        known = {order_of_dates(proposal.connection, other)[0] for other in others} - {None}
        order = known.pop() if len(known) == 1 else None
    proposal.orders[column] = order
    if order is None:
        proposal.questions[f"order {column.sql}"] = Question(
            f"How does {column.name} write its dates ({', '.join(column.samples)})? {told.capitalize()}.", ways, None
        )


def marks_in(column: Column) -> str:
    """Return what stands between the numbers of a column's first date."""
    return re.sub(r"\d", "", column.samples[0][:10]) if column.samples else ""


def ask_sign(proposal: Proposal, column: Column) -> None:
    """Ask what stands before the decimals of a column, unless its values tell."""
    proposal.signs[column] = writing_in(proposal, column).sign
    if proposal.signs[column] is None:
        ways = {"a point, as in 1,234.56": ".", "a comma, as in 1.234,56": ","}
        proposal.questions[f"sign {column.sql}"] = Question(
            f"What stands before the decimals in {column.name} ({', '.join(column.samples)})?", ways, None
        )


def settle_signs(proposal: Proposal) -> None:
    """Let a column whose decimals nothing tells follow the others of its table, where these all write them alike."""
    settled: set[str] = set()
    doubtful = [column for column, sign in proposal.signs.items() if sign is None]
    for column in sorted(doubtful, key=lambda column: not marks_of_thousands(proposal, column)):
        beside = [other for other in proposal.columns[column.table] if other != column and not other.expression]
        others = [other for other in beside if other.numbers > 0.8]
        if thousands := marks_of_thousands(proposal, column):
            pieces = (proposal.taken("quantity"), proposal.matches["products", "stock_quantity"].column)
            # Of so many decimals, some would end in a 0 and be written shorter; or all, those of the bare numbers too, would be written out.
            ends = any(number[-1] == "0" and number[0] != "0" for number in thousands)
            if column in pieces or len(thousands) >= 30 or ends:
                proposal.signs[column] = "." if "," in thousands[0] else ","
                settled.add(proposal.signs[column])
                proposal.questions.pop(f"sign {column.sql}")
            continue
        told = settled | {
            sign for other in others if len(signs := writing_in(proposal, other).signs) == 1 for sign in signs
        }
        if len(told) == 1 and len(writing_in(proposal, column).signs) < 2:  # it does not contradict itself
            (proposal.signs[column],) = told
            proposal.questions.pop(f"sign {column.sql}")


def marks_of_thousands(proposal: Proposal, column: Column) -> list[str]:
    """Return the numbers of a column with a mark that may be that of thousands: others are below 1,000 without one, and none above."""
    sql = f"SELECT DISTINCT {column.sql} FROM {identifier(column.table)} LIMIT {COMPARED}"
    texts = proposal.connection.execute(sql)
    numbers = [without_currency(str(text), ".").lstrip("-") for (text,) in texts if text is not None]
    bare = [number for number in numbers if number.isdecimal()]
    marked = [number for number in numbers if re.fullmatch(r"\d{1,3}([.,]\d{3})+", number)]
    return marked if bare and max(map(len, bare)) < 4 and len(marked) + len(bare) == len(numbers) else []


def ask_discount(proposal: Proposal) -> None:
    """Ask whether a discount is a share, in percent, or money, unless its name or its values say so."""
    column = proposal.taken("discount")
    proposal.discount = ""
    if not column or proposal.taken("total_amount"):
        return
    values = proposal.connection.execute(f"SELECT DISTINCT {column.sql} FROM {identifier(column.table)}")
    numbers = [number for (value,) in values if value is not None and (number := some_number(value))]
    most, name = max(map(abs, numbers), default=0), squashed(column.name)
    if any("%" in sample for sample in column.samples) or (
        most > 1 and re.search("percent|pct|prozent|rate", name + column.name.replace("%", "percent"))
    ):
        proposal.discount = "percent"
    elif re.search("amount|betrag|value|wert|montant|importe|valor", name) or any(
        re.search(r"[$€£]", sample) for sample in column.samples
    ):
        proposal.discount = "money"
    elif most < 1 or (most == 1 and any(number != 1 for number in numbers)):
        proposal.discount = "share"
    elif most > 100 or (any(number != int(number) for number in numbers) and len(set(numbers)) < 10):
        proposal.discount = "money"
    else:
        ways = {"percent of the price": "percent", "money off the line": "money", "a share: 1 is all of it": "share"}
        proposal.questions["discount"] = Question(f"What is {column.name} ({', '.join(column.samples)})?", ways, None)


def ask_region(proposal: Proposal) -> None:
    """Ask whose region counts where both an order and its customer have one: the order's, unless it is that of the store which sold it."""
    order, customer = region_of_order(proposal), proposal.matches["customers", "region"].column
    if order and customer and proposal.taken("customer_id"):
        where = "of the latest order" if customer == order else f"in {customer.table}"
        whose = f"the customer's, {customer.name} {where}"
        of = "" if order.table == proposal.lines else f" in {order.table}"
        answers = {f"the order's, {order.name}{of}": "order", whose: "customer"}
        sold_by = order.table != proposal.lines and subject(order.table) != "order"
        taken = "customer" if sold_by and re.search(STORES, squashed(order.table)) else "order"
        proposal.questions["region"] = Question("Whose region counts?", answers, taken, "region")


STORES = "store|shop|branch|filial|tienda|loja|negoz|warehouse|lager|office|depot|center|seller|staff|employee"


def ask_lost(proposal: Proposal) -> None:
    """Ask about lines that lack something; they are loaded unless the user says otherwise."""
    found = []  # the question's key, condition, table, what is said of the rows, how they would be loaded
    for key, what in (("product_id", "product"), ("customer_id", "customer")):
        column, condition = proposal.taken(key), lost_sql(proposal, key)
        if column and condition:
            said, way = f"a {what} that its own table lacks", f"the {what} is known by {column.name} alone"
            found.append((key, condition, column.table, said, way))
    quantity, total = (proposal.taken(name) for name in ("quantity", "total_amount"))
    if quantity and total and quantity.table == total.table == proposal.lines:
        nothing = f"{no_pieces(quantity)} AND {number_sql(proposal, total)} <> 0"
        said, way = f"an amount, though {quantity.name} is 0", "each counts as one piece"
        found.append(("quantity", nothing, total.table, said, way))
    if quantity and quantity.whole < 1:
        said, way = f"parts of a piece in {quantity.name}", "each counts as whole pieces, at least one"
        found.append(("parts", part_of_piece(proposal, quantity), quantity.table, said, way))
    if nameless := nameless_sql(proposal):
        kind = proposal.matches["products", "category"].column
        way = f"the product is known by its {kind.name} alone" if kind else "the product counts as not stated"
        found.append(("product", nameless, proposal.lines, "an amount and no product", way))
    for key, condition, table, said, way in found:
        if rows := proposal.value(f"SELECT COUNT(*) FROM {identifier(table)} WHERE {condition}"):
            ways = {f"load them: {way}": "load", "set them aside": "aside"}
            of = counted(rows, "line") if table == proposal.lines else f"{counted(rows, 'row')} of {table}"
            text = f"{of} with {said}"
            proposal.questions[f"lost {key}"] = Question(text, ways, "load", "lost")


def nameless_sql(proposal: Proposal) -> str:
    """Return SQL for lines that have an amount and no product; empty where an order has other lines beside: then they may be its postage or its payment."""
    names = ("product_id", "total_amount", "unit_price", "order_number", "order_id")
    product, total, price, *numbers = (proposal.taken(name) for name in names)
    amount, number = total or price, next(filter(None, numbers), None)
    if (
        not product
        or not amount
        or {product.table, amount.table, key_of(proposal, "products").table} != {proposal.lines}
    ):
        return ""
    lines, bare = identifier(proposal.lines), f"{key_sql(proposal, 'products', 'product_id')} IS NULL"
    condition = f"{bare} AND {number_sql(proposal, amount)} <> 0{lines_only(proposal)}"
    shared = (
        f"({number.sql} IS NULL OR {number.sql} IN (SELECT {number.sql} FROM {lines} WHERE NOT {bare}))"
        if number
        else "0"
    )
    return "" if proposal.value(f"SELECT COUNT(*) FROM {lines} WHERE {condition} AND {shared}") else condition


SALES = "{sales}|sold|demand|absatz|销量"


def ask_small(proposal: Proposal) -> None:
    """Ask whether small whole numbers are money, where their column is not surely named so."""
    column, sure = proposal.taken("total_amount"), proposal.matches["orders", "total_amount"].sure
    if column is None or column.table != proposal.lines or column.whole < 1:
        return
    pieces = proposal.taken("quantity") or proposal.taken("unit_price")
    may_count = not pieces and re.fullmatch(pattern(SALES), squashed(column.name))
    if sure >= 0.85 and not may_count:
        return
    values = proposal.connection.execute(f"SELECT DISTINCT {column.sql} FROM {identifier(column.table)} LIMIT 50")
    numbers = [abs(number) for (value,) in values if value is not None and (number := some_number(value)) is not None]
    if numbers and max(numbers) <= (1_000 if may_count else 12):
        ways = {"money": "money", "a count: it is left out": "count"}
        text = f"{column.name} holds whole numbers up to {max(numbers):,.0f}. Are they money?"
        proposal.questions["small"] = Question(text, ways, None)


def ask_others(proposal: Proposal) -> None:
    """Ask about tables that are left out though they may hold orders, too."""
    read = set(proposal.reached[proposal.lines])
    same = {proposal.lines, *(column.table for column in columns_of_headers(proposal, proposal.lines))}
    for table in proposal.possible:
        linked = {link.key.table for link in proposal.links.get(table, [])}
        beside = linked & read and (re.search(OTHER_TABLES, squashed(table)) or not sells(proposal, table))
        if table not in read and not linked & same and not beside and table != proposal.reviews:
            ways = {"load its lines, too": "load", "leave it out": "leave"}
            if CONTRARY.search(table):
                ways = {"load its lines as returned": "returned", **ways}
            proposal.questions[f"also {table}"] = Question(
                f"{table} ({row_count(proposal, table):,} rows) may hold orders, too. What of it?", ways, None
            )


def sells(proposal: Proposal, table: str) -> bool:
    """Say whether the rows of a table have a product and a quantity of their own."""
    fields = FIELDS["orders"]
    own = proposal.columns[table]
    return all(best_match(proposal, table, fields[name], own).sure > 0.5 for name in ("product_id", "quantity"))


def ask_amounts(proposal: Proposal) -> None:
    """Find out whether an amount is that of a line, or of a whole order."""
    total, order = (proposal.taken(name) for name in ("total_amount", "order_number"))
    proposal.whole_orders = bool(total and total.table != proposal.lines)
    if not total or not order or proposal.whole_orders or order.table != proposal.lines:
        return
    kinds = (column for column in proposal.statuses if re.search(KIND, squashed(column.name)))
    own = tuple(column for column in kinds if column.table == proposal.lines)
    orders, once, same = amounts_of_orders(proposal, total, order, own)
    if (orders >= 3 or proposal.of_orders) and max(once, same) > 0.9 * orders:
        where = "on one of its lines" if once > same else "on each of its lines"
        answers = {
            f"of the whole order, {where}: it is shared out": "order",
            "of the line: it counts as often as it stands there": "line",
        }
        text = f"{total.name} stands {where} of an order, or is the same on all of them. Whose amount is it?"
        proposal.questions["amounts"] = Question(text, answers, "order")


def ask_which_amount(proposal: Proposal) -> None:
    """Ask which is the amount where a total and price times quantity differ; if by little, the one that is named more surely is taken meanwhile."""
    taken = {"total": proposal.taken("total_amount"), "price": proposal.taken("unit_price")}
    way = "total" if taken["total"] else "price"
    if not proposal.amounts_differ or taken[way] not in proposal.amounts_differ:
        return
    total, price, quantity = proposal.amounts_differ
    rows = sampled_numbers(proposal, total, price, quantity)
    sums = sum(row[0] for row in rows), sum(row[1] * row[2] for row in rows)
    where = f"on the {len(rows):,} lines that have both"
    order, whose = proposal.taken("order_number"), ""
    if order and order.table == total.table == proposal.lines:
        orders, once, same = amounts_of_orders(proposal, total, order)
        if orders >= 3 and max(once, same) > 0.9 * orders:  # one amount for an order, beside several for its lines
            amounts = dict(sampled_numbers(proposal, order, total))
            by_price = sum(one * pieces for one, pieces in sampled_numbers(proposal, price, quantity))
            sums = sum(amounts.values()), by_price
            where, whose = "in all", ", of whole orders"
    most, least = max(map(abs, sums)), min(map(abs, sums))
    if most < 1.005 * least or (
        way == "price" and abs(sums[0]) < 0.5 * abs(sums[1])
    ):  # the same, or a part of it at most
        return
    close = most < 1.2 * least
    names = f"{total.name}{whose}", f"{price.name} × {quantity.name}"
    answers = {
        f"{name}: {amount:,.2f} {where}": way for name, amount, way in zip(names, sums, ("total", "price"), strict=True)
    }
    text = f"{names[0]} is not {names[1]}: discounts, taxes or postage may be in it. Which is the amount of a line?"
    own_choice = any("by you" in proposal.matches["orders", name].why for name in ("total_amount", "unit_price"))
    settled = way if (close and not whose) or own_choice else None
    proposal.questions["amount"] = Question(text, answers, settled, "money" if settled else "")
