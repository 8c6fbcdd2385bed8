"""The lines of orders as a proposal reads them: what words and money beside come to, and what another choice makes of a trial."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from shopboard.importing.extras import SIGNS, sum_of
from shopboard.importing.figures import PLACES, sums
from shopboard.importing.mapping import select_apart
from shopboard.importing.meaning import Proposal
from shopboard.importing.raw import BATCH_ROWS, literal
from shopboard.importing.statuses import SPELLINGS, status_of

STATUSES = list(SPELLINGS)
CANCELLED, RETURNED = STATUSES.index("Cancelled"), STATUSES.index("Returned")


@dataclass
class Reading:
    """How a proposal reads its lines as its choices stand: a SELECT with money beside apart from the amounts."""

    connection: sqlite3.Connection
    select: str
    status: str  # SQL for these two, which the SELECT may lack
    quantity: str
    known: list[str]  # words that the status may be
    words: list[str]  # names of columns that tell of a status, as the shop writes them
    money: list[str]  # names of columns of money beside
    signs: list[int]  # what each of those does to the amounts

    def rows(self, *values: str, rest: str = "") -> Iterable[tuple]:
        """Return what values, in SQL, come to."""
        return self.connection.execute(f"SELECT {', '.join(values)} FROM (\n{self.select}\n) AS lines{rest}")


def reading_of(proposal: Proposal) -> Reading:
    """Return how a proposal reads its lines now."""
    beside = {f"word_{place}": column for place, column in enumerate(proposal.statuses, 1)}
    select = select_apart(proposal, beside)
    names = {name for name, *_ in proposal.connection.execute(f"SELECT * FROM (\n{select}\n) LIMIT 0").description}
    return Reading(
        proposal.connection,
        select,
        "status" if "status" in names else "'Completed'",
        "quantity" if "quantity" in names else "1",
        list(dict.fromkeys([*STATUSES, *(word for words in proposal.statuses.values() for word in words)])),
        list(beside),
        [f"money_{place}" for place in range(1, len(proposal.extras) + 1)],
        [SIGNS.get(proposal.questions[f"money {column.name}"].taken or "leave", 0) for column in proposal.extras],
    )


def tally_of(reading: Reading) -> pd.DataFrame:
    """Return one row per status and words: lines, their amount without money beside, and each of that."""
    names = ["status", *reading.words, "lines", "amount", *reading.money]
    if not reading.words and not reading.money:  # nobody asks for it
        return pd.DataFrame(columns=names)
    groups = [reading.status, *reading.words]
    sums_of_money = (f"COALESCE(SUM({name}), 0)" for name in ("total_amount", *reading.money))
    rest = f" GROUP BY {', '.join(map(str, range(1, len(groups) + 1)))}"
    return pd.DataFrame(list(reading.rows(*groups, "COUNT(*)", *sums_of_money, rest=rest)), columns=names)


def words_of_statuses(proposal: Proposal, reading: Reading, tally: pd.DataFrame) -> pd.DataFrame:
    """Return one row per word of a status, as the shop writes it: the question's key, column, word, lines and money."""
    rows = []
    main = proposal.matches["orders", "status"].column
    amounts = tally["amount"] + sum(sign * tally[name] for sign, name in zip(reading.signs, reading.money, strict=True))
    tally = tally.assign(amount=amounts)
    for column, name in zip(proposal.statuses, reading.words, strict=True):
        found = tally.groupby(name)[["lines", "amount"]].sum().sort_values("lines", ascending=False, kind="stable")
        for word, lines, amount in found.itertuples():
            key = f"status {word}" if column == main else f"status {column.name}: {word}"
            if key in proposal.questions:
                rows.append((key, column.name, str(word), int(lines), round(float(amount), 2)))
    return pd.DataFrame(rows, columns=["key", "column", "word", "lines", "amount"])


def money_beside(proposal: Proposal, reading: Reading, tally: pd.DataFrame) -> pd.DataFrame:
    """Return one row per column of money that is not used: its total, by how much it would lower revenue, and the way taken."""
    sold = tally[[status_of(status) == "Completed" for status in tally["status"]]]
    rows = [
        (
            key,
            column.name,
            round(sum_of(proposal, column), 2),
            round(float(sold[name].sum()), 2),
            proposal.questions[key].taken,
        )
        for column, name in zip(proposal.extras, reading.money, strict=True)
        if (key := f"money {column.name}")
    ]
    return pd.DataFrame(rows, columns=["key", "column", "total", "effect", "taken"])


class Lines:
    """The lines of a reading, as arrays, and where each stands in a shop that was loaded on trial."""

    def __init__(self, reading: Reading, trial: sqlite3.Connection) -> None:
        ids: list = []
        names = [reading.status, *reading.words]
        self.texts: list[dict] = [{} for _ in names]  # text -> its place
        parts: list[list[np.ndarray]] = [[] for _ in range(len(names) + 2 + len(reading.money))]
        rows = iter(reading.rows("order_id", *names, reading.quantity, "total_amount", *reading.money))
        while batch := list(islice(rows, BATCH_ROWS)):
            first, *others = zip(*batch, strict=True)
            ids += first
            for place, column in enumerate(others):
                known = self.texts[place] if place < len(names) else None
                some = numbers(column) if known is None else [known.setdefault(text, len(known)) for text in column]
                parts[place].append(np.array(some))
        arrays = [np.concatenate(some) if some else np.empty(0, int) for some in parts]
        self.words, (self.quantity, self.amount, *self.money) = arrays[: len(names)], arrays[len(names) :]
        self.places, self.cells = places_of(trial, ids)
        statuses, self.same = statuses_of(reading)
        # Rows come in one order, whichever of their values are asked for; a database might read them from an index instead.
        told = np.array([reading.known.index(text) if text in reading.known else -1 for text in self.texts[0]] or [-1])
        self.in_order = np.array_equal(told[self.words[0]], statuses)

    def counted(self, reading: Reading) -> tuple[dict[str, Any], pd.DataFrame] | None:
        """Return the figures that add up the lines, and their tally, as another reading has statuses and money; None where it changes more."""
        statuses, same = statuses_of(reading)
        if same != self.same or not self.in_order:
            return None
        signs = zip(reading.signs, self.money, strict=True)
        amount = np.round(self.amount + sum(sign * money for sign, money in signs), 6)
        found = sums_of(meanings(reading.known)[statuses], self.quantity, amount, self.places, self.cells)
        return None if found is None else (found, self.tally(reading, statuses))

    def money_aside(self) -> bool:
        """Say whether lines that were set aside have money beside, which would change what they come to."""
        return any(money[self.places < 0].any() for money in self.money)

    def tally(self, reading: Reading, statuses: np.ndarray) -> pd.DataFrame:
        """Return what `tally_of` does."""
        codes = dict(zip(["status", *reading.words], [statuses, *self.words[1:]], strict=True))
        money = dict(zip(reading.money, self.money, strict=True))
        lines = pd.DataFrame({**codes, "lines": 1, "amount": np.nan_to_num(self.amount), **money})
        tally = lines.groupby(list(codes), as_index=False).sum()
        texts = [reading.known, *map(list, self.texts[1:])]
        named = {name: [(*known, None)[code] for code in tally[name]] for name, known in zip(codes, texts, strict=True)}
        return tally.assign(**named)


def numbers(values: Iterable) -> np.ndarray:
    """Return values as floats, as SQLite takes those of a column of numbers; NaN for those that are none."""
    return pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").to_numpy(float)


def meanings(words: list[str]) -> np.ndarray:
    """Return the place in STATUSES that each word means; -1 for unknown ones, and once more at the end for none."""
    return np.array([STATUSES.index(status) if (status := status_of(word)) else -1 for word in [*words, None]])


def statuses_of(reading: Reading) -> tuple[np.ndarray, tuple]:
    """Return the place in `known` of each line's status, -1 for others; and sums that stay what they are if nothing else changes.

    One text for all lines: to fetch a row for each would take four times as long.
    """
    cases = " ".join(f"WHEN {literal(word)} THEN {literal(chr(48 + n))}" for n, word in enumerate(reading.known))
    code = f"CASE CAST({reading.status} AS TEXT) {cases} ELSE '/' END"  # the sign before "0"
    numbers = (reading.quantity, "total_amount", *reading.money)
    sums_of_lines = (f"{count}({name})" for name in numbers for count in ("SUM", "COUNT"))
    ((codes, *same),) = reading.rows(f"GROUP_CONCAT({code}, '')", *sums_of_lines)
    return np.frombuffer((codes or "").encode("utf-16-le"), np.uint16).astype(int) - 48, tuple(same)


def places_of(trial: sqlite3.Connection, ids: list) -> tuple[np.ndarray, pd.DataFrame]:
    """Return where each line stands in a shop that was loaded on trial, -1 where it was set aside, and the places: month, region, category.

    Raises KeyError where the shop's lines cannot be told by their ids.
    """
    named = dict(trial.execute("SELECT id, source_id FROM source_ids WHERE kind = 'orders'"))
    at: dict[str, int] = {}
    for place, number in enumerate(ids):
        at.setdefault(str(number).strip().removesuffix(".0"), place)
    cells: dict[tuple, int] = {}
    found = np.full(len(ids), -1)
    for number, *cell in trial.execute(f"SELECT order_id, month, region, category FROM ({PLACES}) AS lines"):
        found[at[named.get(number) or str(number)]] = cells.setdefault(tuple(cell), len(cells))
    return found, pd.DataFrame(list(cells), columns=["month", "region", "category"])


def sums_of(
    statuses: np.ndarray, quantity: np.ndarray, amount: np.ndarray, places: np.ndarray, cells: pd.DataFrame
) -> dict[str, Any] | None:
    """Return the figures that add up lines, each in its place; None where some of them would not be loaded so."""
    kept = places >= 0
    status, pieces, money = statuses[kept], quantity[kept], amount[kept]
    negative = money < 0
    nothing = (pieces < 0) & (money == 0)
    if (status < 0).any() or not np.isfinite(money + pieces).all() or nothing.any() or 2 * negative.sum() > len(money):
        return None
    back = negative | (pieces < 0)
    status = np.where(back & (status != CANCELLED), RETURNED, status)
    group, size = places[kept] * len(STATUSES) + status, len(cells) * len(STATUSES)
    parts = cells.loc[cells.index.repeat(len(STATUSES))].assign(
        status=STATUSES * len(cells),
        lines=np.bincount(group, minlength=size),
        amount=np.bincount(group, np.abs(money), size),
        units=np.bincount(group, np.abs(pieces), size),
    )
    sold = parts["status"] == "Completed"
    parts = parts.assign(revenue=parts["amount"].where(sold, 0.0), units=parts["units"].where(sold, 0.0))
    return {**sums(parts[parts["lines"] > 0]), "total": round(float(money.sum()), 2)}
