"""The lines of orders as a proposal reads them: what words and money come to, and what another choice makes of a trial."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shopboard.importing import accounts
from shopboard.importing.extras import SIGNS, chosen_extras, extras_apart, sum_of
from shopboard.importing.mapping import select_orders
from shopboard.importing.meaning import Column, Proposal
from shopboard.importing.raw import literal
from shopboard.importing.receipt import sums
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
    of_customer: bool  # whether a line's region is its customer's alone

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
        "region" in proposal.questions and proposal.questions["region"].taken == "customer",
    )


def select_apart(proposal: Proposal, beside: dict[str, Column]) -> str:
    """Return the SELECT for the lines of orders with each column of money apart, as money_1 and so on, and amounts without them."""
    asked, chosen = proposal.questions, chosen_extras(proposal)
    keys = [f"money {column.name}" for column in proposal.extras if column not in chosen]
    proposal.questions = {**asked, **{key: replace(asked[key], taken="subtract") for key in keys}}
    try:
        return select_orders(proposal, beside, extras_apart)
    finally:
        proposal.questions = asked


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
    rows = []
    for column, name in zip(proposal.extras, reading.money, strict=True):
        asked = proposal.questions[key := f"money {column.name}"]
        effect = round(float(sold[name].sum()), 2) if "subtract" in asked.answers.values() else None
        rows.append((key, column.name, round(sum_of(proposal, column), 2), effect, asked.taken))
    return pd.DataFrame(rows, columns=["key", "column", "total", "effect", "taken"])


class Lines:
    """The lines of a reading, as arrays, and where each stands in a shop that was loaded on trial, in the file `trial`.

    Raises ValueError or IndexError where some of their numbers are none.
    """

    def __init__(self, reading: Reading, trial: Path) -> None:
        self.reading, self.trial = reading, trial
        numbers = [reading.quantity, "total_amount", *reading.money]
        codes = [code_of(name, reading.known) for name in (reading.status, *reading.words)]
        given = [f"GROUP_CONCAT({code}, '')" for code in codes]
        given += [f"GROUP_CONCAT(IFNULL({name}, 'nan'))" for name in ("order_id", *numbers)]
        ((*found,),) = reading.rows(*given)
        statuses, *self.words = map(decoded, found[: len(codes)])
        self.ids, *texts = found[len(codes) :]
        self.quantity, self.amount, *self.money = map(numbers_in, texts)
        self.placed = {reading.of_customer: self.places(reading)}
        # Rows come in one order, whichever of their values are asked for; a database might read some from an index instead.
        self.in_order = np.array_equal(statuses, statuses_of(reading))

    def counted(self, reading: Reading) -> tuple[dict[str, Any], pd.DataFrame] | None:
        """Return the figures that add up the lines, and their tally, as another reading has statuses and money; None where it changes more."""
        if not self.in_order or not self.stays(reading):
            return None
        statuses = statuses_of(reading)
        signs = zip(reading.signs, self.money, strict=True)
        amount = np.round(self.amount + sum(sign * money for sign, money in signs), 6)
        if reading.of_customer not in self.placed:
            self.placed[reading.of_customer] = self.places(reading)
        found = sums_of(meanings(reading.known)[statuses], self.quantity, amount, *self.placed[reading.of_customer])
        return None if found is None else (found, self.tally(reading, statuses))

    def places(self, reading: Reading) -> tuple[np.ndarray, pd.DataFrame]:
        """Return where each line stands in the trial, and the places."""
        with closing(sqlite3.connect(self.trial)) as trial:
            region = "customers.region" if reading.of_customer else accounts.REGION
            return places_of(trial, region, self.ids, len(self.quantity))

    def stays(self, reading: Reading) -> bool:
        """Say whether another reading has the lines, their pieces and amounts, and money beside as this one has them."""
        before, now = self.reading, reading
        (places, _), *_ = self.placed.values()
        if before.signs != now.signs and any(money[places < 0].any() for money in self.money):
            return False  # what is set aside would come to something else
        if common_parts(before.select) == common_parts(now.select):
            return True
        numbers = (before.quantity, "total_amount", *before.money)
        sums_of_lines = [f"{count}({name})" for name in numbers for count in ("SUM", "COUNT")]
        return list(before.rows(*sums_of_lines)) == list(now.rows(*sums_of_lines))

    def tally(self, reading: Reading, statuses: np.ndarray) -> pd.DataFrame:
        """Return what `tally_of` does."""
        codes = dict(zip(["status", *reading.words], [statuses, *self.words], strict=True))
        money = dict(zip(reading.money, self.money, strict=True))
        lines = pd.DataFrame({**codes, "lines": 1, "amount": np.nan_to_num(self.amount), **money})
        tally = lines.groupby(list(codes), as_index=False).sum()
        texts = np.array([*reading.known, None], object)
        return tally.assign(**{name: texts[tally[name].to_numpy()] for name in codes})


def code_of(name: str, known: list[str]) -> str:
    """Return SQL for one sign that tells which of some words a text is."""
    cases = " ".join(f"WHEN {literal(word)} THEN {literal(chr(48 + place))}" for place, word in enumerate(known))
    return f"CASE CAST({name} AS TEXT) {cases} ELSE '/' END"  # the sign before "0"


def decoded(signs: str | None) -> np.ndarray:
    """Return which words the signs of `code_of` tell, -1 for other words.

    One text for all lines: to fetch a row for each would take four times as long.
    """
    return np.frombuffer((signs or "").encode("utf-16-le"), np.uint16).astype(int) - 48


def numbers_in(text: str | None) -> np.ndarray:
    """Return the numbers that a text holds with commas between; raises ValueError where one is none."""
    return np.array(text.split(",") if text else [], float)


def statuses_of(reading: Reading) -> np.ndarray:
    """Return the place in `known` of each line's status, -1 for others."""
    ((signs,),) = reading.rows(f"GROUP_CONCAT({code_of(reading.status, reading.known)}, '')")
    return decoded(signs)


def common_parts(select: str) -> list[str]:
    """Return the lines of a SELECT but for notes, status and region; each of its values stands on a line of its own."""
    lines = (line.rstrip(",") for line in select.splitlines())
    return [line for line in lines if not line.startswith("-- ") and not line.endswith((" AS status", " AS region"))]


def meanings(words: list[str]) -> np.ndarray:
    """Return the place in STATUSES that each word means; -1 for unknown ones, and once more at the end for none."""
    return np.array([STATUSES.index(status) if (status := status_of(word)) else -1 for word in [*words, None]])


def places_of(trial: sqlite3.Connection, region: str, ids: str | None, count: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Return where each line stands in a shop that was loaded on trial, -1 where it was set aside, and the places: month, region, category."""
    lines = accounts.sql("lines", region=region)
    columns = "cell INTEGER PRIMARY KEY, month, region, category, UNIQUE (month, region, category)"
    trial.execute(f"CREATE TEMP TABLE cells ({columns})")
    trial.execute(f"INSERT INTO cells SELECT DISTINCT NULL, month, region, category FROM ({lines}) AS lines")
    ((loaded, cells),) = trial.execute(
        f"SELECT GROUP_CONCAT(order_id), GROUP_CONCAT(cell - 1) FROM ({lines}) AS lines INNER JOIN cells USING (month, region, category)"
    )
    at = numbers_in(loaded).astype(int)
    if trial.execute("SELECT EXISTS (SELECT 1 FROM source_ids WHERE kind = 'orders')").fetchone()[0]:  # by their rows
        places = at - 1
    else:  # by their own numbers, of which the first counts
        own = numbers_in(ids)
        order = np.argsort(own, kind="stable")
        places = order[np.searchsorted(own[order], at)]
    found = np.full(count, -1)
    found[places] = numbers_in(cells).astype(int)
    return found, pd.read_sql_query("SELECT month, region, category FROM cells ORDER BY cell", trial)


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
