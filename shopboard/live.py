"""Orders that come in while the page is open: the sample sells on, and the page looks for what anybody has written."""

import os
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from threading import Event, Thread

from shopboard.database import connect

TICKS_A_DAY = 10  # a day of the sample passes in so many steps
LONGEST = 900  # steps, after which a page that nobody has closed stops by itself

SELL_ON = """
INSERT INTO orders
SELECT
    (SELECT MAX(order_id) FROM orders) + ROW_NUMBER() OVER (ORDER BY order_id),
    customer_id, product_id, $day, quantity, total_amount, status, order_number, region
FROM orders
WHERE order_date = $model AND order_number % $ticks = $tick
"""


def add_live_orders(path: str | Path, after: str, step: int) -> None:
    """Let the sample sell for a tenth of a day: what it sold on a like day before, as new orders.

    `after` is the last day of the sample itself, `step` counts the tenths since. The table `live_orders` holds what was
    added, for `remove_live_orders`.
    """
    with closing(connect(path, "rw")) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE IF NOT EXISTS live_orders (order_id INTEGER PRIMARY KEY, process INTEGER)")
        (first,) = connection.execute("SELECT MIN(order_date) FROM orders").fetchone()
        (newest,) = connection.execute("SELECT MAX(order_id) FROM orders").fetchone()
        day = date.fromisoformat(after) + timedelta(days=1 + step // TICKS_A_DAY)
        year_before = day - timedelta(days=364)
        model = year_before if year_before >= date.fromisoformat(first) else day - timedelta(days=28)
        named = {"day": day.isoformat(), "model": model.isoformat(), "ticks": TICKS_A_DAY, "tick": step % TICKS_A_DAY}
        connection.execute(SELL_ON, named)
        connection.execute(
            "INSERT INTO live_orders SELECT order_id, ? FROM orders WHERE order_id > ?", (os.getpid(), newest)
        )


class Clock:
    """Calls a function with 0, 1, 2, … once a second, never before the last call has ended, until it is stopped."""

    def __init__(self, tick: Callable[[int], None], seconds: float = 1.0) -> None:
        self.tick, self.seconds = tick, seconds
        self._stopped = Event()
        self._thread: Thread | None = None

    @property
    def runs(self) -> bool:
        """Whether it goes on."""
        return self._thread is not None and self._thread.is_alive() and not self._stopped.is_set()

    def start(self) -> None:
        """Begin to tick, from 0."""
        if not self.runs:
            self._stopped = Event()
            self._thread = Thread(target=self._run, args=(self._stopped,), daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Tick no more."""
        self._stopped.set()

    def _run(self, stopped: Event) -> None:
        for step in range(LONGEST):
            if stopped.wait(self.seconds):
                return
            self.tick(step)
