"""What a source would be counted as, found by loading it on trial; and the same figures of a shop that was loaded."""

import io
import re
import sqlite3
from contextlib import closing, redirect_stdout
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

import pandas as pd

from shopboard.database import COLUMNS, table_names
from shopboard.importing.extras import SIGNS, sum_of
from shopboard.importing.figures import Figures, figures
from shopboard.importing.likeness import akin
from shopboard.importing.links import key_values, row_count
from shopboard.importing.loading import ON_TRIAL, load_source, trial_key
from shopboard.importing.mapping import region_of_order, select_orders
from shopboard.importing.meaning import Column, Proposal, identifier
from shopboard.importing.proposal import other_proposals
from shopboard.importing.statuses import status_of
from shopboard.importing.values import key_text
from shopboard.importing.visitors import asked
from shopboard.problems import ShopProblem
from shopboard.settings import Settings


@dataclass(frozen=True)
class Preview(Figures):
    """The figures that a proposal comes to, and what else was found of which the user decides."""

    words: pd.DataFrame = field(default_factory=pd.DataFrame)  # key, column, word, lines, amount
    money: pd.DataFrame = field(
        default_factory=pd.DataFrame
    )  # key, column, total, effect (unknown of what can only be the amount itself), taken, one per column not used
    region_lines: int = 0  # lines whose order and customer have different regions
    not_read: pd.DataFrame = field(default_factory=pd.DataFrame)  # table, rows, why
    assumed: tuple[str, ...] = ()
    problem: str = ""  # why it could not be loaded as it is


def forget_trial(folder: str) -> Path:
    """Delete what was loaded into `folder` on trial; return where the next one is to stand."""
    path = Path(folder) / "trial.1.unfinished"
    for key in [key for key, trial in ON_TRIAL.items() if trial == path]:
        del ON_TRIAL[key]
    path.unlink(missing_ok=True)
    return path


def load_on_trial(settings: Settings, folder: str) -> tuple[sqlite3.Connection, str]:
    """Load a source into a database in `folder`, in place of an earlier trial; return it, and what forbids to load it so.

    Loading it for good copies that database, if neither source nor mapping has changed.
    """
    path = forget_trial(folder)
    connection, problem = sqlite3.connect(path), ""
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    for table, (key, *others) in COLUMNS.items():
        connection.execute(f"CREATE TABLE {table} ({key} INTEGER PRIMARY KEY, {', '.join(others)})")
    try:
        with redirect_stdout(io.StringIO()):
            load_source(connection, settings)
        ON_TRIAL[trial_key(settings)] = path
    except ShopProblem as error:
        problem = str(error)
    connection.commit()
    return connection, problem


def preview(proposal: Proposal | None, settings: Settings, selects: dict, folder: str) -> Preview:
    """Return what a source comes to, as its SELECTs stand; of a proposal also what is left to its user to decide."""
    connection, problem = load_on_trial(replace(settings, mapping=selects), folder)
    with closing(connection):
        if problem and "set_aside" not in table_names(connection):
            raise ShopProblem(problem)
        found = figures(connection)
        region_lines = lines_of_other_regions(proposal, selects, connection, settings.is_visitors) if proposal else 0
        assumed = tuple(text for (text,) in connection.execute("SELECT assumption FROM assumptions"))
    more = {}
    if proposal and proposal.lines:
        more = {
            "words": words_of_statuses(proposal),
            "money": money_beside(proposal),
            "region_lines": region_lines,
            "not_read": tables_not_read(proposal, selects),
        }
    return Preview(**vars(found), **more, assumed=assumed, problem=problem)


def words_of_statuses(proposal: Proposal) -> pd.DataFrame:
    """Return one row per word of a status, as the shop writes it: the question's key, column, word, lines and money."""
    rows = []
    main = proposal.matches["orders", "status"].column
    for column in proposal.statuses:
        select = select_orders(proposal, {"word": column})
        sql = f"SELECT word, COUNT(*), COALESCE(SUM(total_amount), 0) FROM ({select}) AS lines WHERE word IS NOT NULL GROUP BY word ORDER BY 2 DESC"
        for word, lines, amount in proposal.connection.execute(sql):
            key = f"status {word}" if column == main else f"status {column.name}: {word}"
            if key in proposal.questions:
                rows.append((key, column.name, str(word), lines, round(amount, 2)))
    return pd.DataFrame(rows, columns=["key", "column", "word", "lines", "amount"])


def money_beside(proposal: Proposal) -> pd.DataFrame:
    """Return one row per column of money that is not used: its total, by how much it would lower revenue, and the way taken."""
    rows = []
    for column in proposal.extras:
        key = f"money {column.name}"
        question = proposal.questions[key]
        revenues = []
        try:
            for way in ("leave", "subtract") if "subtract" in question.answers.values() else ():
                proposal.questions[key] = replace(question, taken=way)
                revenues.append(revenue_of(proposal))
        finally:
            proposal.questions[key] = question
        effect = round(revenues[0] - revenues[1], 2) if revenues else None
        rows.append((key, column.name, round(sum_of(proposal, column), 2), effect, question.taken))
    return pd.DataFrame(rows, columns=["key", "column", "total", "effect", "taken"])


def revenue_of(proposal: Proposal) -> float:
    """Return the sum of the lines whose status counts as Completed."""
    select = select_orders(proposal)
    status = "status" if " AS status" in select else "NULL"
    sql = f"SELECT {status}, COALESCE(SUM(total_amount), 0) FROM ({select}) AS lines GROUP BY 1"
    found = proposal.connection.execute(sql).fetchall()
    return sum(amount for word, amount in found if word is None or status_of(str(word)) == "Completed")


def lines_of_other_regions(proposal: Proposal, selects: dict[str, str], trial: sqlite3.Connection, apart: bool) -> int:
    """Return on how many lines the region of the order is not that of the customer."""
    if "region" not in proposal.questions:
        return 0
    if proposal.questions["region"].taken == "order":
        sql = "SELECT COUNT(*) FROM orders INNER JOIN customers USING (customer_id) WHERE orders.region <> customers.region"
        return trial.execute(sql).fetchone()[0]
    lines = select_orders(proposal, {"went_to": region_of_order(proposal)})
    sql = (
        f"SELECT COUNT(*) FROM ({lines}) AS lines INNER JOIN ({selects['customers']}) AS people ON people.customer_id = lines.customer_id "
        "WHERE lines.went_to <> people.region"
    )
    return asked(proposal.connection, sql, apart)[1][0][0]


def tables_not_read(proposal: Proposal, selects: dict[str, str]) -> pd.DataFrame:
    """Return one row per table that no SELECT reads: its rows, and why it is not joined to the lines."""
    text = re.sub(r"(?m)^-- .*$", "", "\n".join(selects[table] for table in COLUMNS if table in selects))
    rows = [(copy, row_count(proposal, copy), f"the same rows as {table}") for copy, table in proposal.copies.items()]
    others = {proposal.lines, *(other.lines for other in other_proposals(proposal))}
    for table in proposal.columns:
        if table not in others and not re.search(rf"(?<!\w){re.escape(identifier(table))}(?!\w)", text):
            rows.append((table, row_count(proposal, table), why_not_joined(proposal, table)))
    return pd.DataFrame(rows, columns=["table", "rows", "why"])


def why_not_joined(proposal: Proposal, table: str) -> str:
    """Say how many lines would match a table's rows, by the columns of which most do."""
    if table in proposal.reached[proposal.lines]:
        return f"reached by {proposal.reached[proposal.lines][table][-1].column.name}, but nothing in it is needed"
    best: tuple[int, Column | None, Column | None] = (0, None, None)
    lines = row_count(proposal, proposal.lines)
    for key in proposal.columns[table]:
        for column in proposal.columns[proposal.lines]:
            if (
                akin(column, key)
                and not column.expression
                and not key.expression
                and key_values(proposal, key) is not None
            ):
                sql = f"SELECT {column.sql}, COUNT(*) FROM {identifier(column.table)} GROUP BY 1"
                values = key_values(proposal, key)
                found = sum(n for value, n in proposal.connection.execute(sql) if key_text(value) in values)
                best = max(best, (found, column, key), key=lambda pair: pair[0])
    found, column, key = best
    if column is None or key is None:
        return "no column of the lines refers to it"
    return f"{column.name} = {key.name} on {found:,} of {lines:,} lines only"


def explained(shown: Preview, known: float, month: str = "") -> str:
    """Say by how much the revenue, of a month if one is given, differs from what the user knows, and which choice makes that up."""
    revenue = shown.revenue
    if month:
        revenue = round(float(shown.months.loc[shown.months["month"] == month, "revenue"].sum()), 2)
    gap = round(known - revenue, 2)
    if abs(gap) < 0.005:
        return f"Revenue{f' of {month}' if month else ''} is {revenue:,.2f}, as you know it."
    said = f"Revenue{f' of {month}' if month else ''} is {revenue:,.2f}: {abs(gap):,.2f} {'less' if gap > 0 else 'more'} than {known:,.2f}."
    changes: list[tuple[str, float]] = [
        (f"{row.status} lines counted as Completed", row.amount)
        for row in shown.statuses.itertuples()
        if row.status != "Completed"
    ]
    changes += [(f"“{row.word}” not counted as Completed", -row.amount) for row in shown.words.itertuples()]
    for row in shown.money.itertuples():
        if pd.isna(row.effect):
            if not month and abs(row.total - known) < 0.005:
                return f"{said} {row.column} comes to just that."
            continue
        now = SIGNS.get(row.taken or "leave", 0)
        ways = {"left out": 0, "taken off": -1, "added": 1}
        changes += [(f"{row.column} {way}", (sign - now) * row.effect) for way, sign in ways.items() if sign != now]
    changes.append(("the lines that are set aside", shown.set_aside_amount))
    for count in (1, 2):
        for some in combinations(changes, count) if not month else ():
            if abs(sum(money for _, money in some) - gap) < 0.015:
                return f"{said} The difference is {' and '.join(f'{what} ({money:+,.2f})' for what, money in some)}."
    return said + ("" if month else " No single choice makes that up, nor do two.")
