"""The SQL for the status of a line, and what it assumes."""

import re
from collections.abc import Iterator

from shopboard.importing.extras import WAYS, number_sql
from shopboard.importing.likeness import STATE, akin
from shopboard.importing.links import columns_of_headers, writing_in
from shopboard.importing.matching import status_words
from shopboard.importing.meaning import Column, Link, Proposal, Question, identifier
from shopboard.importing.raw import literal
from shopboard.importing.statements import from_sql, loads_once
from shopboard.importing.status_questions import meant_in
from shopboard.importing.statuses import LEFT_OUT, SPELLINGS, status_of
from shopboard.importing.values import squashed
from shopboard.importing.words import pattern


def status_sql(proposal: Proposal) -> tuple[str | None, list[str]]:
    """Return SQL for a line's status, and what it assumes."""
    column = proposal.taken("status")
    number = proposal.taken("order_number") or proposal.taken("order_id")
    cases, notes, sql = [], [] if column else states_not_read(proposal, number), None
    words: dict[str, str | None] = {}
    proposal.beside = []  # other columns that tell of a status
    if proposal.all_returned:
        return literal("Returned"), [f"the lines of {proposal.lines} count as returned"]
    if column and column.dates > 0.8:
        without = proposal.answer("no day") or "Pending"
        sql = f"CASE WHEN COALESCE(TRIM({column.sql}, CHAR(9, 10, 13, 32, 160)), '') = '' THEN '{without}' ELSE 'Completed' END"
        notes.append(f"a line without {column.name} is {without.lower()}, one with it completed")
    elif column:
        words = {word: proposal.questions[f"status {word}"].taken for word in proposal.statuses[column]}
        turned = "".join(
            f" WHEN {literal(word)} THEN {literal(status if status != 'aside' else f'{LEFT_OUT}{word}')}"
            for word, status in words.items()
            if status and status != status_of(word)
        )
        text = f"CAST({column.sql} AS TEXT)" if column.numbers else column.sql
        sql = f"CASE {text}{turned} ELSE {column.sql} END" if turned else column.sql
        bare = proposal.answer("no status")
        if bare in SPELLINGS:
            sql = f"COALESCE({sql}, {literal(bare)})"
            notes.append(f"a line without {column.name} counts as {bare.lower()}")
    near = dict.fromkeys([*proposal.columns[proposal.lines], *columns_of_headers(proposal, proposal.lines)])
    ill = [word for word, status in words.items() if status in ("Cancelled", "Returned")]
    well = f" AND COALESCE({column.sql}, '') NOT IN ({', '.join(map(literal, ill))})" if ill and column else ""
    if number and number.table == proposal.lines and (returned := returned_sql(proposal, number)):
        cases.append(f"WHEN {returned[0]}{well} THEN 'Returned'")
        notes.append(f"what is in {returned[1]} counts as returned")
    pending: list[str] = []
    for other in near:
        if other != column and (condition := flagged(proposal, other)):
            meaning, sql_of_flag = condition
            waits = meaning == "Pending"
            (pending if waits else cases).append(f"WHEN {sql_of_flag}{well if waits else ''} THEN {literal(meaning)}")
            counts = "is left out" if meaning.startswith(LEFT_OUT) else f"counts as {meaning.lower()}"
            notes.append(f"a line {'that is not' if waits else 'with'} {other.name} {counts}")
            proposal.beside.append(other)
        elif other != column and other in proposal.statuses:
            told = {word: proposal.questions[f"status {other.name}: {word}"].taken for word in proposal.statuses[other]}
            for meaning in ("aside", "Cancelled", "Returned", "Completed", "Pending"):
                if those := ", ".join(literal(word) for word, status in told.items() if status == meaning):
                    counts = f"{LEFT_OUT}{those.replace(chr(39), '')}" if meaning == "aside" else meaning
                    case = f"WHEN {other.sql} IN ({those}){well} THEN {literal(counts)}"
                    (pending if meaning == "Pending" else cases).append(case)
                    ends = "is left out" if meaning == "aside" else f"counts as {meaning.lower()}"
                    notes.append(f"{those.replace(chr(39), '')} in {other.name} {ends}")
                    proposal.beside.append(other)
    cases += pending  # what is cancelled or returned waits for no payment
    if loads_once(proposal):
        cases.insert(0, f"WHEN {proposal.place} THEN {literal(LEFT_OUT + proposal.elsewhere)}")
        notes.append(f"of lines that are {proposal.elsewhere}, one is loaded")
    if number and has_credit_notes(proposal, number):
        cases.append(f"WHEN {number.sql} GLOB 'C[0-9]*' THEN 'Cancelled'")
        notes.append(f"a C before {number.name} marks a cancellation")
    return (f"CASE {' '.join(cases)} ELSE {sql or literal('Completed')} END" if cases else sql), notes


def no_pieces(column: Column) -> str:
    """Return SQL for the condition that a quantity is written as 0."""
    return f"CAST({column.sql} AS TEXT) IN ('0', '0.0', '0.00', '0,00')"


def part_of_piece(proposal: Proposal, column: Column) -> str:
    """Return SQL for the condition that a quantity is no whole number."""
    number = number_sql(proposal, column)
    return f"TYPEOF({number}) = 'real' AND {number} <> CAST({number} AS INTEGER)"


def count_lines_of_nothing(proposal: Proposal, values: dict, notes: list[str]) -> None:
    """Let cancelled lines of no pieces or no amount count all the same, as one piece and as 0; and lines of money but no pieces, if the user says so."""
    quantity, total, status = (proposal.taken(name) for name in ("quantity", "total_amount", "status"))
    words = [word for word in proposal.statuses.get(status, []) if status_of(word) == "Cancelled"] if status else []
    says = values["status"] and not (status and status.dates > 0.8)
    cancelled = (
        f"{values['status']} IN ({', '.join(map(literal, dict.fromkeys(['Cancelled', *words])))})" if says else ""
    )
    any_of_none = f"SELECT COUNT(*) FROM {identifier(proposal.lines)} WHERE {{}}"
    if quantity and cancelled and proposal.value(any_of_none.format(no_pieces(quantity))):
        values["quantity"] = f"CASE WHEN {no_pieces(quantity)} AND {cancelled} THEN 1 ELSE {values['quantity']} END"
        notes.append(f"a cancelled line of which {quantity.name} is 0 counts as one piece")
    if quantity and proposal.answer("lost parts") == "load":
        rounded = f"COALESCE(NULLIF(ROUND({number_sql(proposal, quantity)}), 0), 1)"
        parts = part_of_piece(proposal, quantity)
        values["quantity"] = f"CASE WHEN {parts} THEN {rounded} ELSE {values['quantity']} END"
        notes.append(
            f"parts of a piece in {quantity.name} are rounded to whole pieces, at least one, which changes no amount"
        )
    if quantity and total and proposal.answer("lost quantity", "aside") != "aside":
        paid = f"{no_pieces(quantity)} AND {number_sql(proposal, total)} <> 0"
        values["quantity"] = f"CASE WHEN {paid} THEN 1 ELSE {values['quantity']} END"
        notes.append(f"a line of which {quantity.name} is 0 counts as one piece where it has an amount")
    if total and total.table == proposal.lines and total.filled < 1 and words and cancelled:
        values["total_amount"] = (
            f"CASE WHEN {total.sql} IS NULL AND {cancelled} THEN 0 ELSE {values['total_amount']} END"
        )
        notes.append(f"a cancelled line without {total.name} counts as 0")


def flagged(proposal: Proposal, column: Column) -> tuple[str, str] | None:
    """Return the status that a column of yes and no, or of a day that few lines have, stands for by its name, and SQL for when; None for others."""
    name = squashed(column.name)
    meanings = {
        "Returned": "return|refund|retour|retoure|devuelto|devol|rembours|rimbors|reso$",
        "Cancelled": "cancel|storn|annul|void",
        f"{LEFT_OUT}{column.name}": "deleted|^test$|test(order|data)?$|sandbox|spam",
    }
    if re.fullmatch("(is)?(paid|bezahlt|pagado|pagato|pago|paye|betaald)", name) and len(column.samples) == 2:
        return ("Pending", f"LOWER({column.sql}) NOT IN {YES}") if says_yes_or_no(column) else None
    for meaning, words in meanings.items():
        if pattern(f"(is|was|has|been|{{order}}|{{product}})*({words})").match(name) and not re.search(
            "quant|qty|menge|amount|count|betrag|fee|able|eligib|polic|allow|until|window", name
        ):
            why = re.search("reason|grund|raison|motiv", name)
            if says_yes_or_no(column) and not why:
                return meaning, f"LOWER({column.sql}) IN {YES}"
            if 0 < column.filled < 0.5 and (column.dates > 0.9 or (why and column.numbers < 0.2)):
                some = f"TRIM({column.sql}, CHAR(9, 10, 13, 32, 160)) <> ''"
                return meaning, f"{some} AND {column.sql} NOT LIKE '0000-00%'"
    return None


def says_yes_or_no(column: Column) -> bool:
    """Say whether a column's values are those of yes and no."""
    return bool(column.samples) and {sample.strip().lower() for sample in column.samples} <= YES_OR_NO


def states_not_read(proposal: Proposal, number: Column | None) -> list[str]:
    """Return in a note which tables are not joined to the lines, but tell words of a status of their orders."""
    told = [
        table
        for table, columns in proposal.columns.items()
        if number
        and table not in proposal.reached[proposal.lines]
        and any(akin(column, number) == "name" for column in columns)
        and any(
            any(map(status_of, status_words(proposal, one))) for one in columns if re.search(STATE, squashed(one.name))
        )
    ]
    said = f"each line counts as completed: {', '.join(told)} may tell another state of some orders, but is not read"
    return [said] if told else []


def tables_of_returns(
    proposal: Proposal, number: Column
) -> Iterator[tuple[str, dict[str, Column], Column | None, str]]:
    """Yield each table of returns: its columns by name, the one that names the order, and the FROM of those that were not refused."""
    for table in [
        table for table in proposal.columns if table != proposal.lines and re.search(RETURNS, squashed(table))
    ]:
        theirs = {squashed(column.name): column for column in proposal.columns[table]}
        same = (
            column for name, column in theirs.items() if name == squashed(number.name) or akin(column, number) == "name"
        )
        conditions = [
            f"LOWER({column.sql}) IN {YES}"
            for name, column in theirs.items()
            if re.search(RETURNS, name) and says_yes_or_no(column)
        ][:1]
        for name, column in theirs.items():
            words = status_words(proposal, column) if re.search(STATE, name) and column.numbers < 0.2 else []
            if undone := [word for word in words if meant_in(column, word) in ("Cancelled", "Pending")]:
                conditions.append(f"COALESCE({column.sql}, '') NOT IN ({', '.join(map(literal, undone))})")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        yield table, theirs, next(same, None), f"FROM {identifier(table)}{where}"


def returned_sql(proposal: Proposal, number: Column) -> tuple[str, str] | None:
    """Return SQL that says whether a line is in a table of returns, and that table's name: by its line, its order and product, or its order."""
    key, product = proposal.taken("order_id"), proposal.taken("product_id")
    own = squashed(key.name) if key and key != number else "id"
    sold = squashed(product.name) if product and product.table == proposal.lines else ""
    for table, theirs, order, rest in tables_of_returns(proposal, number):
        if table in proposal.summed:
            continue
        if key and own in theirs and own not in ("id", "rowid", "index"):
            return f"{key.sql} IN (SELECT {theirs[own].sql} {rest})", table
        if order and product and sold in theirs:
            return f"({number.sql}, {product.sql}) IN (SELECT {order.sql}, {theirs[sold].sql} {rest})", table
        if order:
            return f"{number.sql} IN (SELECT {order.sql} {rest})", f"{table}, each order as a whole,"
    return None


RETURNS = "return|retour|refund|ruckgabe|retoure|devol|reembols|rembours|resi$|reso$|rimbors|zwrot|iade"


def ask_refunds(proposal: Proposal) -> None:
    """Ask about money that a table of returns gives back where it is less than what was sold in those orders."""
    proposal.summed = {}
    number = proposal.taken("order_number") or proposal.taken("order_id")
    if number is None or number.table != proposal.lines or not (returned := returned_sql(proposal, number)):
        return
    total, whole = proposal.taken("total_amount"), proposal.amounts_of_orders
    parts = [total] if total else [column for name in ("unit_price", "quantity") if (column := proposal.taken(name))]
    if not whole and any(column.table != proposal.lines for column in parts):
        return
    amount = " * ".join(number_sql(proposal, column) for column in parts)
    lines = f"{from_sql(proposal, proposal.lines, parts)} WHERE {returned[0]} GROUP BY {number.sql}"
    sold = proposal.value(
        f"SELECT SUM(sold) FROM (SELECT {'MAX' if whole else 'SUM'}({amount}) AS sold {lines}) AS of_orders"
    )
    for table, theirs, order, rest in tables_of_returns(proposal, number):
        money = next((one for name, one in theirs.items() if re.search(MONEY, name) and one.numbers > 0.9), None)
        if not order or not money or not writing_in(proposal, money).plain:
            continue
        if (proposal.value(f"SELECT SUM({money.sql}) {rest}") or 0) < 0.98 * (sold or 0):
            names = f"{order.sql} AS {identifier(order.name)}, SUM({money.sql}) AS {identifier(money.name)}"
            proposal.summed[table] = f"SELECT {names} {rest} GROUP BY {order.sql}"
            proposal.reached[proposal.lines][table] = [Link(number, order)]
            proposal.extras[money] = "order"
            text = (
                f"{table} gives back less than was sold in the orders that it names. What becomes of its {money.name}?"
            )
            proposal.questions[f"money {money.name}"] = Question(text, WAYS, None, "money")


MONEY = "^(?!.*(id|no|count|method)$)(amount|betrag|montant|importe|valor|importo|sum|total|refund|value)|(amount|total|value)$"


def has_credit_notes(proposal: Proposal, number: Column) -> bool:
    """Say whether a C before some orders' numbers marks a cancellation, the others being numbers alone."""
    sql = f"SELECT SUM({number.sql} GLOB 'C[0-9]*'), SUM({number.sql} GLOB '[0-9]*'), COUNT(*) FROM {identifier(number.table)} WHERE {number.sql} IS NOT NULL"
    credits, others, rows = (value or 0 for value in proposal.connection.execute(sql).fetchone())
    return 0 < credits < others and credits + others > 0.95 * rows


YES = "('yes', 'y', 'true', 't', '1', '1.0', 'ja', 'j', 'oui', 'si', 'sim', 'x')"


YES_OR_NO = set("yes y true t 1 1.0 0.0 ja j oui si sim x no n false f 0 nein non nao".split())
