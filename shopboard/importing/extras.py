"""Columns of money that the amount of a line does not come from, such as discounts and refunds, and what becomes of them."""

import re

from shopboard.importing import counted
from shopboard.importing.amounts import amounts_of_orders, is_less
from shopboard.importing.columns import COMPARED
from shopboard.importing.likeness import likeness
from shopboard.importing.links import columns_of_headers, sampled_numbers, writing_in
from shopboard.importing.meaning import Column, Proposal, Question, identifier
from shopboard.importing.raw import literal
from shopboard.importing.repeats import lines_only
from shopboard.importing.statuses import status_of
from shopboard.importing.values import some_number, squashed
from shopboard.importing.words import FIELDS, pattern

WAYS = {"leave it out": "leave", "take it off": "subtract", "add it": "add", "count it as returned": "returned"}

SIGNS = {"leave": 0, "subtract": -1, "add": 1, "returned": -1}  # what a way does to revenue

REFUND = "refund|erstatt|rembours|reembols|rimbors|terugbetaal|zwrot|iade"

DISCOUNT = "{discount}|sconto|popust|coupon|voucher|gutschein|promo|rebate"

OF_ORDERS = "freight|shipping|postage|versand|porto|frete|livraison|envio"

OTHERS = (
    "freight|ship(ping|ment)?(cost|price|amount|fee|charge|total)|shipping$|postage|frete|porto|versand|livraison|envio"
    "|(^|sales|order|line|item|total|amount)(vat|tax)(es)?($|amount|total)|mwst|steuer|tva|iva$|btw|moms|tips?($|amount)|gratuity"
    "|paid|bezahlt|pagado|paye$|fees?$|gebuhr|commission|handling|surcharge|insurance|gift(card|wrap)|storecredit|duties"
)


def ask_money(proposal: Proposal) -> None:
    """Ask what becomes of each column of money that is not zero and not used; open only where the amount surely lacks it."""
    proposal.extras = {}
    used = {match.column for key, match in proposal.matches.items() if key != ("orders", "discount")}
    if not proposal.taken("total_amount"):  # else a discount is not computed with
        used.add(proposal.taken("discount"))
    total = FIELDS["orders"]["total_amount"]
    for column in dict.fromkeys([*proposal.columns[proposal.lines], *columns_of_headers(proposal, proposal.lines)]):
        name = squashed(column.name)
        if name.removeprefix("base") in {squashed(other.name).removeprefix("base") for other in proposal.extras}:
            continue  # of a line and of its order, or in two currencies: the same money
        off = bool(re.search(pattern(DISCOUNT), name)) and "before" not in name  # what it was before discounts is none
        named = off or re.search(f"{REFUND}|{OTHERS}", name)
        if column in used or column.expression or column.table not in proposal.reached[proposal.lines]:
            continue
        counts = re.search("(id|code|no|nr|number)$|quantity|qty|(?<!dis)(?<!ac)count|units|items$", name)
        if counts or column.numbers < 0.8 or column.dates > 0.5 or not (kind := kind_of(proposal, column)):
            continue
        if not named and likeness(column, total) <= 0.5 and not may_be_money(proposal, column):
            continue
        proposal.extras[column] = kind
        by_price = not proposal.taken("total_amount")
        missing = off and (proposal.is_gross or (by_price and not proposal.is_net))
        missing = missing and not is_taken_off(proposal, column)
        taken = None if re.search(REFUND, name) or missing else "leave"
        text = f"{column.name} is not in the amount of a line, as far as the numbers tell. What becomes of it?"
        ways = WAYS if named else {"leave it out": "leave", "take it as the amount instead": "instead"}
        proposal.questions[f"money {column.name}"] = Question(text, ways, taken, "money")


def is_taken_off(proposal: Proposal, discount: Column) -> bool:
    """Say whether the amount is another price of the lines times their quantity, less a discount: it is in the amount then."""
    total, quantity = proposal.taken("total_amount"), proposal.taken("quantity")
    if not total or not quantity or {total.table, quantity.table, discount.table} != {proposal.lines}:
        return False
    unit = FIELDS["orders"]["unit_price"]
    prices = (price for price in proposal.columns[proposal.lines] if price != total and likeness(price, unit))
    sampled = (sampled_numbers(proposal, total, price, quantity, discount) for price in prices)
    return any(is_less([(money, one * pieces, less) for money, one, pieces, less in rows]) for rows in sampled)


def discount_lines(proposal: Proposal) -> str:
    """Return SQL for the condition that a line is a discount on others of its order: its name says so and stands only below zero; empty if none is."""
    named = proposal.matches["products", "product_name"].column
    number, total = map(proposal.taken, ("order_number", "total_amount"))
    money = [total] if total else [column for name in ("unit_price", "quantity") if (column := proposal.taken(name))]
    if not named or not number or not money or any(column.table != proposal.lines for column in (named, *money)):
        return ""
    amount = " * ".join(number_sql(proposal, column) for column in money)
    sql = f"SELECT {named.sql} FROM {identifier(proposal.lines)} WHERE {named.sql} IS NOT NULL GROUP BY 1 HAVING MAX({amount}) < 0"
    names = [name for (name,) in proposal.connection.execute(sql) if re.search(pattern(DISCOUNT), squashed(str(name)))]
    return f"{named.sql} IN ({', '.join(map(literal, names))})" if names else ""


def ask_discount_lines(proposal: Proposal) -> None:
    """Ask about discounts that are lines of their own: they lower the other lines of their orders, unless the user says otherwise."""
    if not proposal.amounts_of_orders and (condition := discount_lines(proposal)):
        sql = f"SELECT COUNT(*) FROM {identifier(proposal.lines)} WHERE {condition}"
        ways = {"take them off the other lines of their orders": "subtract", "count them as returned": "returned"}
        text = f"{counted(proposal.value(sql), 'line')} below zero that a discount's name stands on"
        proposal.questions["lost discount"] = Question(text, ways, "subtract", "lost")


def with_discounts(select: str, names: list[str]) -> str:
    """Return a SELECT of lines in which those that are `off` lower the others of their order, each by its share; where there are none, they stay."""
    of = "OVER (PARTITION BY order_number)"
    kept = ", ".join(name for name in names if name != "total_amount")
    return (
        f"WITH with_discounts AS (\n{select}\n),\nof_orders AS (\n    SELECT\n        *,\n        SUM(CASE WHEN off THEN total_amount ELSE 0 END) {of} AS discount,\n"
        f"        SUM(CASE WHEN off THEN 0 ELSE total_amount END) {of} AS goods\n    FROM with_discounts\n)\n"
        f"SELECT\n    {kept},\n    CASE WHEN discount < 0 AND goods + discount >= 0 AND TYPEOF(total_amount) <> 'text' THEN ROUND(total_amount + total_amount * discount / goods, 6) "
        "ELSE total_amount END AS total_amount\nFROM of_orders\nWHERE NOT (off AND goods + discount >= 0)"
    )


def may_be_money(proposal: Proposal, column: Column) -> bool:
    """Say whether a column of the lines that no name tells of may hold money: it has cents, and is no measure of anything else."""
    cents = any(re.search(r"[.,]\d\d?\D*$", sample) for sample in column.samples)
    of_line = column.table == proposal.lines and column.whole < 0.9
    return of_line and cents and not re.search(NO_MONEY, column.name.lower())


NO_MONEY = "price|preis|prix|prec|cost|kost|profit|gewinn|gananc|utilidad|lucro|guadagn|winst|zysk|прибыл|keuntung|^kar$|利益|利润|수익|margin|marge|weight|gewicht|rate|ratio|pct|percent|%|score|rating|lat|lon|lng|age|size|length|width|height|depth|volume|kg|index|balance|saldo|stock|hour|day|time|growth|exchange|currency"


def kind_of(proposal: Proposal, column: Column) -> str:
    """Say whether a column holds money of a "line" or of an "order", or a "share" of the amount; empty if it is zero."""
    sql = f"SELECT DISTINCT {column.sql} FROM {identifier(column.table)} WHERE {column.sql} IS NOT NULL"
    values = proposal.connection.execute(f"{sql} LIMIT {COMPARED}")
    numbers = [number for (value,) in values if (number := some_number(value))]
    if not numbers:
        return ""
    share = re.search("percent|pct|prozent|rate", squashed(column.name)) or any("%" in text for text in column.samples)
    if share or max(map(abs, numbers)) <= 1:
        return "share" if re.search(pattern(DISCOUNT), squashed(column.name)) and proposal.is_gross else ""
    of = proposal.taken("order_number")
    if column.table != proposal.lines:
        return "order"
    if of and of.table == proposal.lines:
        orders, once, same = amounts_of_orders(proposal, column, of)
        few = 1 if re.search(f"^order|{OF_ORDERS}", squashed(column.name)) else 3
        if orders >= few and max(once, same) > 0.9 * orders:
            return "order"
    return "line"


def number_sql(proposal: Proposal, column: Column) -> str:
    """Return SQL for the number that a column writes."""
    writing = writing_in(proposal, column)
    return f"CAST({column.sql} AS REAL)" if writing.plain else f"NUMBER({column.sql}, '{writing.sign or '.'}')"


def chosen_extras(proposal: Proposal) -> dict[Column, str]:
    """Return the columns of money that change the amount, each with the way it does."""
    taken = {column: proposal.questions[f"money {column.name}"].taken for column in proposal.extras}
    return {column: way for column, way in taken.items() if way in SIGNS and way != "leave"}


def extra_sql(proposal: Proposal, column: Column, name: str) -> str:
    """Return SQL for what a column comes to on a line, given as `name` beside the line's amount and order."""
    amount = f"COALESCE({name}, 0)"
    if chosen_extras(proposal)[column] != "add":  # some write what is taken off below zero
        amount = f"ABS({amount})"
    if proposal.extras[column] == "share":
        percent = 100 if max((abs(some_number(text) or 0) for text in column.samples), default=0) > 1 else 1
        return f"total_amount * {amount} / {percent}.0"
    if proposal.extras[column] == "order":
        order = "COALESCE(order_number, order_id)" if proposal.taken("order_number") else "order_id"
        whole = f"MAX({amount}) OVER (PARTITION BY {order})"
        part = f"1.0 * total_amount / NULLIF(SUM(total_amount) OVER (PARTITION BY {order}), 0)"
        return f"COALESCE({whole} * {part}, 0)"
    return amount


def with_extras(proposal: Proposal, select: str, columns: list[str], notes: list[str]) -> str:
    """Return a SELECT of lines in which the chosen columns of money, given as extra_1 and so on, are in the amount."""
    chosen = chosen_extras(proposal)
    if not chosen:
        return select
    names = {column: f"extra_{place}" for place, column in enumerate(proposal.extras, 1)}
    parts = {"subtract": "", "add": "", "returned": ""}
    words = {"subtract": "taken off", "add": "added", "returned": "counted as returned"}
    for column, way in chosen.items():
        parts[way] += f" + {extra_sql(proposal, column, names[column])}"
        notes.append(f"{column.name} is {words[way]}")
    changed = "".join(f" {sign} ({parts[way][3:]})" for way, sign in (("add", "+"), ("subtract", "-")) if parts[way])
    amount = f"CASE WHEN TYPEOF(total_amount) IN ('text', 'VARCHAR') THEN total_amount ELSE ROUND(total_amount{changed}, 6) END"
    kept = [name for name in columns if name != "total_amount"]
    back = f", CASE WHEN COALESCE({'status' if 'status' in columns else 'NULL'}, '') NOT IN ({ill_words_sql(proposal)}) THEN {parts['returned'][3:]} ELSE 0 END AS returned"
    text = f"WITH as_given AS (\n{select}\n),\nwith_money AS (\n    SELECT {', '.join(kept)}, {amount} AS total_amount{back if parts['returned'] else ''}\n    FROM as_given\n)\n"
    if not parts["returned"]:
        return f"{text}SELECT {', '.join([*kept, 'total_amount'])} FROM with_money"
    others = [name for name in kept if name not in ("order_id", "status")]
    if "order_number" not in others:  # what came back belongs to the order that it came from
        others.append("order_id AS order_number")
    status = "status" if "status" in columns else "'Completed' AS status"
    return (
        f"{text}SELECT CAST(order_id AS TEXT) AS order_id, {', '.join(others)}, {status}, ROUND(total_amount - returned, 6) AS total_amount\n"
        "FROM with_money\nWHERE returned = 0 OR returned < total_amount - 0.005\nUNION ALL\n"
        f"SELECT CAST(order_id AS TEXT) || ' refund', {', '.join(others)}, 'Returned', returned\nFROM with_money\nWHERE returned > 0"
    )


def extras_apart(proposal: Proposal, select: str, columns: list[str], _: list[str]) -> str:
    """Return a SELECT of lines with what each column of money comes to on a line beside the amount, as money_1 and so on."""
    if not proposal.extras:
        return select
    apart = "".join(
        f",\n    CASE WHEN TYPEOF(total_amount) IN ('text', 'VARCHAR') THEN 0 ELSE {extra_sql(proposal, column, f'extra_{place}')} END AS money_{place}"
        for place, column in enumerate(proposal.extras, 1)
    )
    return f"WITH as_given AS (\n{select}\n)\nSELECT\n    {', '.join(columns)}{apart}\nFROM as_given"


def ill_words_sql(proposal: Proposal) -> str:
    """Return, as SQL lists them, the words of a status that mean cancelled or returned: such lines gave back all already."""
    column = proposal.taken("status")
    words = [word for word in proposal.statuses.get(column, []) if status_of(word) in ("Cancelled", "Returned")]
    return ", ".join(map(literal, dict.fromkeys(["Cancelled", "Returned", *words])))


def sum_of(proposal: Proposal, column: Column) -> float:
    """Return what a column of money comes to; that of an order counts once."""
    number, table = proposal.taken("order_number"), identifier(column.table)
    value, lines = number_sql(proposal, column), lines_only(proposal) if column.table == proposal.lines else ""
    sql = f"SELECT {value} AS money FROM {table} WHERE {column.sql} IS NOT NULL{lines}"
    if proposal.extras[column] == "order" and number and column.table == proposal.lines:
        sql = f"SELECT MAX({value}) AS money FROM {table} WHERE {column.sql} IS NOT NULL{lines} GROUP BY {number.sql}"
    return proposal.connection.execute(f"SELECT COALESCE(SUM(money), 0) FROM ({sql}) AS given").fetchone()[0]
