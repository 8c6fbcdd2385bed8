"""What the tables of a source are taken to mean: proposed, asked about, corrected, until its SELECTs are accepted."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, cast

from shopboard.importing.columns import columns_of_table
from shopboard.importing.links import base_of, find_links, row_count, tables_reached
from shopboard.importing.mapping import select_entity, select_orders, united
from shopboard.importing.matching import match_entity, match_fields, possible_lines
from shopboard.importing.meaning import Column, Match, Proposal, identifier
from shopboard.importing.questions import ask_questions
from shopboard.importing.raw import proposed_tables
from shopboard.importing.repeats import find_totals
from shopboard.importing.reviews import select_reviews
from shopboard.problems import ShopProblem

FEW, LONG = 1_000, 1_000_000  # rows, and letters of a text, of an answer that is kept; a larger one is not


@dataclass
class Answer:
    """The rows that a SELECT gives, as a cursor gives them."""

    description: Sequence
    rows: Iterator[Any]

    def __iter__(self) -> Iterator[Any]:
        return self.rows

    def fetchone(self) -> Any:
        """Return the next row, None after the last one."""
        return next(self.rows, None)

    def fetchall(self) -> list:
        """Return all rows that are left."""
        return list(self.rows)


class Remembered:
    """What a proposal needs of a connection to its source; small answers are kept, by the SQL that asked for them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.answers: dict[tuple, tuple[Sequence, list]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def execute(self, sql: str, parameters: Sequence = ()) -> Answer:
        """Return what a SELECT gives."""
        asked = (sql, *parameters)
        if asked not in self.answers:
            cursor = self.connection.execute(sql, parameters)
            rows = cursor.fetchmany(FEW + 1)
            if len(rows) > FEW or any(len(value) > LONG for row in rows for value in row if isinstance(value, str)):
                return Answer(cursor.description, chain(rows, cursor))
            self.answers[asked] = cursor.description, rows
        description, rows = self.answers[asked]
        return Answer(description, iter(rows))


def propose(connection: sqlite3.Connection, lines: str | None = None) -> Proposal:
    """Return what the tables of a source are taken to mean; `lines` names the table of the lines of orders, if given."""
    asked = connection if isinstance(connection, Remembered) else cast(sqlite3.Connection, Remembered(connection))
    proposal = Proposal(asked, {table: columns_of_table(asked, table) for table in proposed_tables(asked)})
    leave_out_copies(proposal)
    proposal.links = find_links(proposal)
    proposal.reached = {table: tables_reached(proposal, table) for table in proposal.columns}
    proposal.possible = possible_lines(proposal)
    proposal.lines = lines or next(iter(proposal.possible), "")
    if proposal.lines:
        match_fields(proposal)
        find_totals(proposal)
        ask_questions(proposal)
    return proposal


def leave_out_copies(proposal: Proposal) -> None:
    """Leave out tables that hold the same rows as another one, under another name."""
    for table in list(proposal.columns):
        names = [identifier(column.name) for column in proposal.columns[table] if not column.expression]
        for other in list(proposal.columns):
            same = [identifier(column.name) for column in proposal.columns[other] if not column.expression]
            if other > table and names == same and row_count(proposal, table) == row_count(proposal, other) > 0:
                rows = [f"SELECT {', '.join(names)} FROM {identifier(of)}" for of in (table, other)]
                sql = f"SELECT COUNT(*) FROM ({rows[0]} EXCEPT {rows[1]}) AS others"
                if not proposal.value(sql):
                    proposal.copies[other] = table
    for copy in proposal.copies:
        del proposal.columns[copy]


def answer_question(proposal: Proposal, key: str, value: str | None) -> None:
    """Take an answer to a question."""
    proposal.questions[key] = replace(proposal.questions[key], taken=value)
    if key == "amount" and value is not None:
        total, price, _ = proposal.amounts_differ
        choose_column(proposal, "orders", "unit_price", None if value == "total" else price)
        choose_column(proposal, "orders", "total_amount", total if value == "total" else None)
    if key.startswith("shortened ") and value == "none":
        choose_column(proposal, "orders", key.removeprefix("shortened "), None)
    if key.startswith("money ") and value == "instead":
        column = next(column for column in proposal.extras if key == f"money {column.name}")
        choose_column(proposal, "orders", "unit_price", None)
        choose_column(proposal, "orders", "total_amount", column)
    if key == "small" and value == "count":
        choose_column(proposal, "orders", "total_amount", None)
    if key in ("quantity", "product") and value is not None:
        field, choices = "quantity", proposal.columns[proposal.lines]
        if key == "product":
            field, choices = "product_id", proposal.product_choices
        choose_column(proposal, "orders", field, next((column for column in choices if column.sql == value), None))


def choose_column(proposal: Proposal, table: str, name: str, column: Column | None) -> None:
    """Take the user's column for a field, and propose anew what follows from it."""
    answers = {key: question.taken for key, question in proposal.questions.items() if question.taken is not None}
    base = {"orders": proposal.lines, "reviews": proposal.reviews}.get(table) or base_of(proposal, table)
    if column and column.table not in proposal.reached[base]:
        raise ShopProblem(
            f"A row of {base} does not say which row of {column.table} it belongs to: choose a column that it does."
        )
    proposal.matches[table, name] = Match(column, 1.0, "chosen by you" if column else "left out by you")
    if (table, name) in (("orders", "customer_id"), ("orders", "product_id")):
        match_entity(proposal, {"customer_id": "customers", "product_id": "products"}[name], name)
    find_totals(proposal)
    ask_questions(proposal)
    from_columns = {"amount", "product", "quantity"}  # the columns as they are now tell the answer
    for key in answers.keys() & proposal.questions.keys() - from_columns:
        answer_question(proposal, key, answers[key])


PLACES = ("status", "money", "region", "lost")  # of questions that the preview shows beside their figures


def what_is_lacking(proposal: Proposal, open_places: tuple[str, ...] = ()) -> str:
    """Return what is lacking before the proposal can be loaded, but for questions of `open_places`; empty if nothing."""
    empty = [table for table, columns in proposal.columns.items() if not any(column.filled for column in columns)]
    if not proposal.lines and len(empty) == len(proposal.columns):
        return f"{', '.join(empty)} has a header and no rows: export it again, with the orders of some days."
    if not proposal.lines:
        dated = any(column.dates > 0.8 for columns in proposal.columns.values() for column in columns)
        lacks = "" if dated else " (no column holds dates)"
        return f"No table has what a line of an order needs, a date and an amount{lacks}: choose another file, or write the four SELECTs as `mapping`."
    lacking = [] if proposal.taken("order_date") else ["the date of an order"]
    if not any(proposal.taken(name) for name in ("total_amount", "unit_price")):
        lacking.append("the amount of a line, or the price of one")
    if lacking:
        return f"Choose the column that holds {' and '.join(lacking)}."
    for question in proposal.questions.values():
        if question.taken is None and question.place not in open_places:
            return f"Please answer: {question.text}"
    others = ((other.lines, what_is_lacking(other, open_places)) for other in other_proposals(proposal))
    return next((f"{lines}: {problem}" for lines, problem in others if problem), "")


def other_proposals(proposal: Proposal) -> list[Proposal]:
    """Return the proposals for the other tables whose lines are to be loaded, too."""
    tables = {
        key.removeprefix("also "): question.taken
        for key, question in proposal.questions.items()
        if key.startswith("also ") and question.taken in ("load", "returned")
    }
    for table, way in tables.items():
        if table not in proposal.more:
            other = propose(proposal.connection, table)
            other.questions = {key: one for key, one in other.questions.items() if not key.startswith("also ")}
            proposal.more[table] = other
        proposal.more[table].all_returned = way == "returned"
    return [proposal.more[table] for table in tables]


def proposed_selects(proposal: Proposal) -> dict[str, str]:
    """Return a SELECT for each of the four tables; what it assumes begins with `-- assumed:` and is stated in the receipt."""
    others = [(other.matches, other.questions) for other in other_proposals(proposal)]
    state = repr((proposal.matches, proposal.questions, proposal.all_returned, others))
    if proposal.made[0] == state:
        return dict(proposal.made[1])
    orders = select_orders(proposal)
    selects = {
        "customers": select_entity(proposal, "customers", "customer_id"),
        "products": select_entity(proposal, "products", "product_id"),
        "orders": orders,
    }
    if proposal.reviews or "reviews" in map(str.lower, proposal.columns):  # else a table of that name would be read
        selects["reviews"] = select_reviews(proposal)
    for other in other_proposals(proposal):
        theirs = proposed_selects(other)
        for table in ("customers", "products", "orders"):
            selects[table] = united(table, selects[table], theirs[table], other.lines)
    selects["orders"] = unread_tables(proposal, selects) + selects["orders"]
    proposal.made = state, dict(selects)
    return selects


def tables_unread(proposal: Proposal, selects: dict[str, str]) -> list[str]:
    """Return the tables of the source that no SELECT reads."""
    text = re.sub(r"(?m)^-- .*$", "", "\n".join(selects.values()))
    names = {table: re.escape(identifier(table)) for table in proposal.columns}
    return [table for table, name in names.items() if not re.search(rf"(?<!\w){name}(?!\w)", text)]


def unread_tables(proposal: Proposal, selects: dict[str, str]) -> str:
    """Return, as a line to begin a SELECT with, the tables of the source that no SELECT reads; empty if there are none."""
    unread = tables_unread(proposal, selects)
    shown = ", ".join(f"{table} ({row_count(proposal, table):,} rows)" for table in unread[:8])
    more = f" and {len(unread) - 8} more" if len(unread) > 8 else ""
    return f"-- assumed: not read: {' '.join(f'{shown}{more}'.split())}\n" if unread else ""
