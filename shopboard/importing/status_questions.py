"""What the words of a status mean: known, or asked."""

import re

from shopboard.importing.columns import row_number_of
from shopboard.importing.links import columns_of_headers
from shopboard.importing.matching import ill_words, status_words
from shopboard.importing.meaning import Column, Proposal, Question, identifier
from shopboard.importing.repeats import lines_only
from shopboard.importing.statuses import SPELLINGS, meaning_of
from shopboard.importing.values import plain_words, squashed


def ask_status(proposal: Proposal) -> None:
    """Ask what those words of status mean that are not known."""
    column = proposal.taken("status")
    proposal.statuses, proposal.bare_orders = {}, 0.0
    if column and column.dates > 0.8 and column.filled < 0.9:
        proposal.questions["no day"] = Question(
            f"{1 - column.filled:.0%} of the lines have no {column.name}. What are those?",
            {
                "not yet sent or paid: pending": "Pending",
                "sold all the same, such as in a store: completed": "Completed",
            },
            None,
            "status",
        )
    means = {**{status: status for status in SPELLINGS}, "set such lines aside": "aside"}
    if column and column.dates <= 0.8:
        words = proposal.statuses[column] = status_words(proposal, column)[:40]
        billed = INVOICED & {word.strip().lower() for word in words}
        meant = {
            word: "Pending" if billed and word.strip().lower() in ("sent", "viewed") else meant_in(column, word)
            for word in words
        }
        if {"Completed", None}.isdisjoint(meant.values()):  # what waits elsewhere, such as Approved, may be sold here
            meant = {word: None if status == "Pending" else status for word, status in meant.items()}
        for word in words:
            proposal.questions[f"status {word}"] = Question(
                f"What does “{word}” in {column.name} mean?",
                means,
                meant[word],
                "status",
            )
        proposal.bare_orders = share_without(proposal, column)
        if proposal.bare_orders > 0.02:
            proposal.questions["no status"] = Question(
                f"{proposal.bare_orders:.0%} of the orders have no {column.name}. What are those?",
                means,
                None,
                "status",
            )
    near = dict.fromkeys([*proposal.columns[proposal.lines], *columns_of_headers(proposal, proposal.lines)])
    rest = f"as {column.name} says" if column and column.dates <= 0.8 else "nothing more"
    for other in near:
        if other != column and (words := words_beside(proposal, other)):
            proposal.statuses[other] = list(words)
            for word, meaning in words.items():
                proposal.questions[f"status {other.name}: {word}"] = Question(
                    f"What does “{word}” in {other.name} mean?", {rest: "", **means}, meaning, "status"
                )


def words_beside(proposal: Proposal, column: Column) -> dict[str, str]:
    """Return what the words of a second status mean: only a cancellation, a return or no sale counts, and of payments what is still to be paid."""
    ill = ill_words(proposal, column)
    paid = re.search(PAYMENT, squashed(column.name)) and len(known := status_words(proposal, column)) <= 12
    if not ill and not (paid and any(meant_in(column, word) == "Completed" for word in known)):
        return {}
    pending = {
        word: "Pending" for word in status_words(proposal, column) if paid and meant_in(column, word) == "Pending"
    }
    return {word: {**pending, **ill}.get(word, "") for word in status_words(proposal, column)}


def meant_in(column: Column, word: str) -> str | None:
    """Return what a word means in a column: a payment or return that is approved is made, while such an order may wait for one."""
    approved = re.fullmatch(r"(appro|aprob|aprov)\w+", plain_words(word))
    of = squashed(f"{column.table} {column.name}")
    return "Completed" if approved and re.search(f"{PAYMENT}|return|refund|retou|devol", of) else meaning_of(word)


INVOICED = {"overdue", "viewed", "unpaid", "draft", "partial"}  # beside these, what was sent is a bill
PAYMENT = "(payment|zahl|paiement|pago|pagament|betal|platb|opla)(?!.*(method|mode|type|art$|metod))|financial|paid|payst|platno"


def share_without(proposal: Proposal, column: Column) -> float:
    """Return the share of orders, or of lines where nothing tells orders apart, on none of whose lines a column has a value."""
    if column.table != proposal.lines or column.filled == 1:
        return 0.0
    amount = proposal.taken("total_amount") or proposal.taken("unit_price")
    priced = (
        f"{amount.sql} IS NOT NULL" if amount and amount.table == proposal.lines else "1"
    )  # a note below is no line
    lines = f"WHERE {priced}{lines_only(proposal)}"
    number = proposal.taken("order_number")
    of = (
        number.sql
        if number and number.table == proposal.lines and number.filled > 0.98
        else "rowid"
        if row_number_of(proposal.connection, proposal.lines) == "rowid"
        else ""
    )
    if number and number.table == proposal.lines and 0.05 < number.filled <= 0.98:  # only an order's first line tells
        lines += f" AND {number.sql} IS NOT NULL"
    if not of:
        return 1 - column.filled
    sql = f"SELECT AVG(CASE WHEN filled = 0 THEN 1.0 ELSE 0.0 END) FROM (SELECT COUNT({column.sql}) AS filled FROM {identifier(proposal.lines)} {lines} GROUP BY {of}) AS of_orders"
    return proposal.value(sql) or 0.0
