"""Questions asked ahead: the copy begins with them, and makes once what several of them read."""

from collections.abc import Container, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import pandas as pd

from shopboard.following import ColumnarEngine
from shopboard.sqltext import names_in, needed, parameters_in, read_by_several, with_in_front

LONGEST = {"order_lines", "checkouts"}


@dataclass(frozen=True, eq=False)
class Around:
    """What questions about one selection have around them: CTEs that they may read, values of parameters."""

    ctes: Mapping[str, str]  # each reads only those before it
    values: Mapping[str, Any]

    def composed(self, sql: str) -> tuple[str, dict[str, Any], set[str]]:
        """Return the text that is run for a question, its parameters, and which it names that have no value.

        Names are looked for in each part, which comes again, and not in the whole, which is another for each selection.
        """
        ctes = needed(sql, self.ctes)
        named = {name for part in (sql, *ctes.values()) for name in parameters_in(part)}
        found = {name: self.values[name] for name in sorted(named & self.values.keys())}
        return with_in_front(sql, ctes), found, named - self.values.keys()

    def is_long(self, name: str) -> bool:
        """Say whether a CTE is made of rows of the shop's longest models, and so takes longer than a table of it."""
        texts = needed(self.ctes[name], self.ctes).values()
        return any(names_in(text) & LONGEST for text in (self.ctes[name], *texts))


@dataclass(frozen=True, eq=False)
class Held:
    """What stands around questions, and the tables that hold some of it, name -> table."""

    around: Around
    tables: Mapping[str, str]

    def short(self) -> Around:
        """Return the same, with the tables read in place of what they hold."""
        ctes = self.around.ctes
        held = {name: f"SELECT * FROM {table}" for name, table in self.tables.items() if name in ctes}
        return Around({**ctes, **held}, self.around.values)

    def read(self, sql: str) -> str:
        """Return a question that is word for word a step that is held as a SELECT of that; others as they are."""
        steps = {self.around.ctes[name]: name for name in self.tables}
        return f"SELECT * FROM {steps[sql]}" if sql in steps else sql

    def before(self, name: str) -> "Held":
        """Return what stands around a CTE: those before it."""
        ctes = dict(takewhile(lambda cte: cte[0] != name, self.around.ctes.items()))
        return Held(Around(ctes, self.around.values), self.tables)


class Ahead:
    """Asks questions before somebody needs their answers, and holds the rows of steps that several of them read.

    `steps` are the names of the CTEs that may be held, as tables, until other questions are asked.
    """

    def __init__(self, engine: ColumnarEngine, steps: Container[str]) -> None:
        self.engine, self.steps = engine, steps
        self.workers = ThreadPoolExecutor(engine.at_once)
        self.coming: dict[tuple, Future[pd.DataFrame]] = {}
        self.making: dict[str, Future[None]] = {}  # table of a step -> when it is made

    def ask(self, asked: Iterable[tuple[tuple, str, Around]]) -> None:
        """Begin with questions in their order, each under a key by which somebody takes its answer, or its error."""
        self.settle()
        asked = list(asked)
        held: dict[Around, Held] = {}
        for place, around in enumerate(dict.fromkeys(around for _, _, around in asked)):
            alike = [sql for _, sql, these in asked if these is around]
            shared = [name for name in read_by_several(alike, around.ctes, self.steps) if around.is_long(name)]
            held[around] = Held(around, {name: f"held_{place}_{name}" for name in shared})
        for key, sql, around in asked:
            steps = self._made(held[around].read(sql), held[around])
            self.coming[key] = self.workers.submit(self._answer, sql, held[around], steps)

    def _made(self, sql: str, held: Held) -> list[Future[None]]:
        """Begin with the steps that a question reads of those that are held, each after those that it reads itself."""
        found = []
        for name in needed(sql, held.around.ctes):
            if name in held.tables:
                table, step, before = held.tables[name], held.around.ctes[name], held.before(name)
                if table not in self.making:
                    self.making[table] = self.workers.submit(self._hold, table, step, before, self._made(step, before))
                found.append(self.making[table])
        return found

    def _hold(self, table: str, sql: str, held: Held, steps: list[Future[None]]) -> None:
        for step in steps:
            step.result()
        text, values, _ = held.short().composed(sql)
        self.engine.hold(table, text, values)

    def _answer(self, sql: str, held: Held, steps: list[Future[None]]) -> pd.DataFrame:
        wait(steps)
        if any(step.exception() for step in steps):  # as where there is no room for it
            text, values, _ = held.around.composed(sql)
        else:
            text, values, _ = held.short().composed(held.read(sql))
        return self.engine.run(text, values)

    def take(self, key: tuple) -> pd.DataFrame | None:
        """Return the answer to a question that was asked ahead, once; None if it was not. Raises its error."""
        coming = self.coming.pop(key, None)
        return coming.result() if coming else None

    def settle(self) -> None:
        """Drop what was asked, and wait for what has begun: the tables may change after this."""
        begun: list[Future[Any]] = [*self.making.values(), *self.coming.values()]
        for one in begun:
            one.cancel()
        wait(begun)
        self.coming.clear()
        self.engine.let_go(self.making)
        self.making.clear()

    def close(self) -> None:
        """End, and let go of what is held."""
        self.settle()
        self.workers.shutdown()
