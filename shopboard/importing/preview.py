"""What a source would be counted as, found by loading it on trial; and the same figures of a shop that was loaded."""

import io
import sqlite3
from contextlib import closing, redirect_stdout
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

import pandas as pd

from shopboard.database import COLUMNS
from shopboard.importing.accounts import was_counted
from shopboard.importing.extras import SIGNS
from shopboard.importing.likeness import akin
from shopboard.importing.lines import Lines, Reading, money_beside, reading_of, tally_of, words_of_statuses
from shopboard.importing.links import key_values, row_count
from shopboard.importing.loading import ON_TRIAL, load_source, trial_key
from shopboard.importing.mapping import region_of_order, select_orders
from shopboard.importing.meaning import Column, Proposal, identifier
from shopboard.importing.proposal import PLACES, other_proposals, proposed_selects, tables_unread, what_is_lacking
from shopboard.importing.receipt import Figures, figures
from shopboard.importing.staging import Staged
from shopboard.importing.values import key_text
from shopboard.importing.visitors import asked
from shopboard.places import scratch_folder
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
    problem: str = ""  # why it could not be loaded as it is


class Trial:
    """A source that is loaded on trial, into a folder of its own, as often as its mapping changes.

    Of a change that leaves the lines, of what words and money mean and whose region counts, the figures are counted from the last trial.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = scratch_folder()
        self.path = Path(self.folder.name) / "trial.1.unfinished"
        self.staged: dict[str, Staged] = {}
        self.state = ""  # what a change may not touch if this trial is to do; empty where it cannot do at all
        self.reading: Reading | None = None  # of the trial
        self.lines: Lines | None = None  # of that reading, once a change asks for them
        self.shown: Preview | None = None

    def forget(self) -> None:
        """Delete what was loaded."""
        for key in [key for key, path in ON_TRIAL.items() if path == self.path]:
            del ON_TRIAL[key]
        self.path.unlink(missing_ok=True)
        self.reading = self.lines = self.shown = None
        self.state = ""

    def preview(self, proposal: Proposal | None, selects: dict) -> Preview:
        """Return what a source comes to, as its SELECTs stand; of a proposal also what is left to its user to decide."""
        if self.tells(proposal, selects) and (counted := self.counted_anew(proposal)):
            return counted
        self.forget()
        connection, problem = self.loaded(selects)
        with closing(connection):
            if problem and not was_counted(connection):
                raise ShopProblem(problem)
            found = figures(connection)
            region_lines = lines_of_other_regions(proposal, selects, connection, self.settings.is_visitors)
        if not proposal or not proposal.lines:
            return Preview(**vars(found), problem=problem)
        self.reading = reading_of(proposal)
        self.shown = Preview(
            **vars(found),
            **choices(proposal, self.reading, tally_of(self.reading)),
            region_lines=region_lines,
            not_read=tables_not_read(proposal, selects),
            problem=problem,
        )
        if not problem and not any(f"{reason}".startswith("status is") for reason in found.reasons["reason"]):
            self.state = state_of(proposal, selects)
        return self.shown

    def tells(self, proposal: Proposal | None, selects: dict) -> bool:
        """Say whether the figures may be counted from the lines of the last trial."""
        if not self.state or proposal is None or self.state != state_of(proposal, selects):
            return False
        # Where the customer's region counts, the regions of orders were not loaded.
        return not self.reading.of_customer or proposal.questions["region"].taken == "customer"

    def loaded(self, selects: dict) -> tuple[sqlite3.Connection, str]:
        """Load the source; return the database, and what forbids to load it so.

        Loading it for good copies that database, if neither source nor mapping has changed.
        """
        connection, problem = sqlite3.connect(self.path), ""
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        for table, (key, *others) in COLUMNS.items():
            connection.execute(f"CREATE TABLE {table} ({key} INTEGER PRIMARY KEY, {', '.join(others)})")
        settings = replace(self.settings, mapping=selects)
        try:
            with redirect_stdout(io.StringIO()):
                load_source(connection, settings, self.staged)
            ON_TRIAL[trial_key(settings)] = self.path
        except ShopProblem as error:
            problem = str(error)
        connection.commit()
        return connection, problem

    def counted_anew(self, proposal: Proposal) -> Preview | None:
        """Return what the lines of the trial come to as a proposal now reads them; None where it would load others."""
        reading = reading_of(proposal)
        if self.lines is None:
            try:
                self.lines = Lines(self.reading, self.path)
            except (ValueError, IndexError):
                self.state = ""
                return None
            known, _ = self.lines.counted(self.reading) or ({}, None)
            if not known or any(not same(known[name], getattr(self.shown, name)) for name in known):
                self.state = ""
                return None
        counted = self.lines.counted(reading)
        if counted is None:
            return None
        found, tally = counted
        return replace(self.shown, **found, **choices(proposal, reading, tally))

    def close(self) -> None:
        """Delete what was loaded, and its folder."""
        self.forget()
        self.folder.cleanup()


def same(one: object, other: object) -> bool:
    """Say whether two figures, or tables of them, are the same."""
    return one.equals(other) if isinstance(one, pd.DataFrame) else one == other


def choices(proposal: Proposal, reading: Reading, tally: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return what is told beside the choices of words and of money."""
    return {"words": words_of_statuses(proposal, reading, tally), "money": money_beside(proposal, reading, tally)}


def state_of(proposal: Proposal, selects: dict) -> str:
    """Return all that decides what is loaded, but for what words of statuses mean, what money is added or taken off, and whose region counts."""
    quick = ("status", "money", "region")
    of_lines = {key: asked.taken for key, asked in proposal.questions.items() if asked.place not in quick}
    others = {table: select for table, select in selects.items() if table != "orders"}
    own = not what_is_lacking(proposal, PLACES) and selects.get("orders") == proposed_selects(proposal)["orders"]
    # What came back of a line is a line of its own.
    splits = any(asked.taken == "returned" for asked in proposal.questions.values())
    if not own or splits or other_proposals(proposal):
        return ""
    return repr((proposal.matches, sorted(of_lines.items(), key=str), others))


def lines_of_other_regions(
    proposal: Proposal | None, selects: dict[str, str], trial: sqlite3.Connection, apart: bool
) -> int:
    """Return on how many lines the region of the order is not that of the customer."""
    if not proposal or "region" not in proposal.questions:
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
    rows = [(copy, row_count(proposal, copy), f"the same rows as {table}") for copy, table in proposal.copies.items()]
    others = {proposal.lines, *(other.lines for other in other_proposals(proposal))}
    unread = tables_unread(proposal, {table: selects[table] for table in COLUMNS if table in selects})
    rows += [(one, row_count(proposal, one), why_not_joined(proposal, one)) for one in unread if one not in others]
    return pd.DataFrame(rows, columns=["table", "rows", "why"])


def why_not_joined(proposal: Proposal, table: str) -> str:
    """Say how many lines would match a table's rows, by the columns of which most do."""
    if table in proposal.reached[proposal.lines]:
        return f"reached by {proposal.reached[proposal.lines][table][-1].column.name}, but nothing in it is needed"
    best: tuple[int, Column | None, Column | None] = (0, None, None)
    lines = row_count(proposal, proposal.lines)
    for key in proposal.columns[table]:
        for column in proposal.columns[proposal.lines]:
            made = column.expression or key.expression
            values = None if made or not akin(column, key) else key_values(proposal, key)
            if values is not None:
                sql = f"SELECT {column.sql}, COUNT(*) FROM {identifier(column.table)} GROUP BY 1"
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
