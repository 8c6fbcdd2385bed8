"""What is measured without a browser. Each function runs in a process of its own and returns plain values."""

import contextlib
import csv
import io
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import comm
import pandas as pd
from comm.base_comm import BaseComm
from ipykernel.jsonutil import json_clean
from jupyter_client.session import Session

from shopboard.ask import Filters, open_shop
from shopboard.dashboard import Dashboard
from shopboard.database import connect
from shopboard.opening import open_or_ask
from shopboard.settings import Settings

import notebook_module
import shops
from apart import other_process, peak_memory
from engines import ENGINES, MEASURES, Engine

NEW_ORDERS = 1_000
ROUNDS = 4  # how often new orders are written


def milliseconds_since(started: float) -> float:
    """Return the milliseconds since a reading of `time.perf_counter`."""
    return (time.perf_counter() - started) * 1_000


def selections(whole: Filters, limits: tuple[int, int, float]) -> Iterator[Filters]:
    """Yield random selections as far as the limits allow: how many, at least how many, seconds for the others."""
    count, least, seconds = limits
    began = time.perf_counter()
    for number, filters in enumerate(shops.random_selections(whole, count)):
        if number >= least and time.perf_counter() - began > seconds:
            return
        yield filters


def data(name: str, folder: Path, orders: int, limits: tuple[int, int, float]) -> dict:
    """Measure an engine: from a selection to the DataFrames of the Overview."""
    if ENGINES[name].missing():
        return {"missing": ENGINES[name].missing()}
    shop = shops.shop_of(folder, orders)
    engine = ENGINES[name]()
    started = time.perf_counter()
    engine.load(shop)
    load = time.perf_counter() - started
    whole = page_time(engine)
    if whole < limits[2] * 1_000:  # the first page warms the caches: it counts only where a second would take too long
        whole = page_time(engine)
    times, answers = [], []
    processor = time.process_time()
    for filters in selections(engine.whole, limits):
        started = time.perf_counter()
        page = engine.page(filters)
        times.append(milliseconds_since(started))
        answers.append([None if pd.isna(value) else value for value in page["tiles"]["now"].loc[MEASURES].tolist()])
    processor = (time.process_time() - processor) * 1_000 / len(times)
    held = {"load": load, "memory": peak_memory()}
    return {**held, "whole": whole, "processor": processor, "times": times, "answers": answers}


def page_time(engine: Engine) -> float:
    """Return the milliseconds that an engine takes for the whole shop; no answer is one that was kept."""
    engine.shop.forget()
    started = time.perf_counter()
    engine.page(engine.whole)
    return milliseconds_since(started)


class PackedComm(BaseComm):
    """A comm that does with a message what a kernel does: clean, pack and sign it. Only the socket is missing."""

    session = Session(key=b"benchmark")
    last, messages, size = 0.0, 0, 0  # when the last message was ready; how many there were, and their bytes

    def publish_msg(
        self, msg_type: str, data: object = None, metadata: object = None, buffers: object = None, **keys: object
    ) -> None:
        """Pack a message."""
        content = json_clean({"data": data or {}, "comm_id": self.comm_id, **keys})
        message = self.session.msg(msg_type, content, metadata=json_clean(metadata or {}))
        parts = [*self.session.serialize(message, ident=self.topic), *(buffers or [])]
        PackedComm.last = time.perf_counter()
        PackedComm.messages += 1
        PackedComm.size += sum(memoryview(part).nbytes for part in parts)


def opened_dashboard(folder: Path, orders: int, **changed: object) -> Dashboard:
    """Return the dashboard of a sample shop, with widgets that pack their messages as if a browser listened."""
    comm.create_comm = PackedComm
    shop = open_shop(shops.settings_of(folder, orders, **changed), shops.DESIGN)
    return Dashboard(shop, shops.PAGES)


def check_page(dashboard: Dashboard) -> None:
    """Raise where the page, or a card of it, says that something went wrong."""
    failed = [card for card in dashboard.board.cards if card["state"] == "failed"]
    if "shop-alert" in dashboard.status.value or failed:
        raise RuntimeError(dashboard.status.value + str(failed)[:500])


def kernel(page: str, folder: Path, orders: int, limits: tuple[int, int, float]) -> dict:
    """Measure the kernel while a page is shown: from a selection to the last message to the page.

    Its first opening is measured, too: that of the overview is the making of the whole dashboard with the shop's copy,
    for the others it is what a click on their name takes.
    """
    started = time.perf_counter()
    dashboard = opened_dashboard(folder, orders)
    opening = milliseconds_since(started)
    if dashboard.navigation.value != page:
        opening = milliseconds_to_last_message(lambda: setattr(dashboard.navigation, "value", page))
    check_page(dashboard)
    everything = dashboard.shop.everything()
    first = shops.random_selections(everything, 1, seed=1)[0]
    dashboard.go(selection=first)
    dashboard.shop.forget()
    whole = milliseconds_to_last_message(lambda: dashboard.go(selection=everything))
    waiting = [card["id"] for card in dashboard.board.cards if card["state"] == "waiting"]
    wanted = [{"event": {"card": card, "event": "wanted"}} for card in waiting]
    by_click = [milliseconds_to_last_message(lambda: dashboard.board._received(None, one, None)) for one in wanted]  # noqa: B023
    times = []
    PackedComm.messages = PackedComm.size = 0
    for filters in selections(everything, limits):
        times.append(milliseconds_to_last_message(lambda: dashboard.go(selection=filters)))  # noqa: B023
        check_page(dashboard)
    return {
        "opening": opening,
        "whole": whole,
        "by_click": max(by_click, default=None),
        "times": times,
        "messages": PackedComm.messages / len(times),
        "kilobytes": PackedComm.size / len(times) / 1e3,
        "memory": peak_memory(),
    }


def milliseconds_to_last_message(act: Callable[[], object]) -> float:
    """Do something for the page and return the milliseconds until the last message was ready."""
    started = time.perf_counter()
    act()
    return (PackedComm.last - started) * 1_000


def loading(folder: Path, orders: int, anew: bool) -> dict | None:
    """Make the database of a sample shop with its columnar copy, in seconds; None where it stands already."""
    settings = shops.settings_of(folder, orders)
    if anew:
        for file in folder.glob(f"*{Path(settings.database).name}*"):
            file.unlink()
    if Path(settings.database).exists():
        return None
    with contextlib.redirect_stdout(io.StringIO()):  # the progress bar
        started = time.perf_counter()
        shop = open_shop(settings, shops.DESIGN)
        made = time.perf_counter() - started
        shop.close()
        started = time.perf_counter()
        open_shop(settings, shops.DESIGN).close()
        opened = time.perf_counter() - started
    return {
        "made": made,
        "opened": opened,
        "orders_per_second": orders / made,
        "memory": peak_memory(),
        "size": Path(settings.database).stat().st_size / 1e6,
    }


def write_export(path: Path, lines: int, seed: int = 0) -> None:
    """Write an export as shops do: one CSV file, a line per product of an invoice, dates with the month first."""
    chance = random.Random(seed)
    prices = [round(chance.uniform(0.3, 30), 2) for _ in range(4_000)]
    countries = ["United Kingdom"] * 8 + ["France", "Germany", "España", "Österreich"]
    written, number = 0, 536_365
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
        )
        while written < lines:
            minutes = 525_600 * written // lines
            when = pd.Timestamp(2010, 12, 1) + pd.Timedelta(minutes=minutes)
            customer = "" if chance.random() < 0.24 else 12_346 + chance.randrange(4_300)
            country = countries[customer % len(countries) if customer else 0]
            returned = chance.random() < 0.02
            for _ in range(min(1 + chance.randrange(40), lines - written)):
                product = chance.randrange(len(prices))
                quantity = chance.randrange(1, 25) * (-1 if returned else 1)
                day = f"{when.month}/{when.day}/{when.year} {when.hour}:{when.minute:02}"
                code, name = f"{10_000 + product}", f'ITEM {product}, "{countries[product % 12].upper()}"'
                writer.writerow(
                    (f"{'C' * returned}{number}", code, name, quantity, day, prices[product], customer, country)
                )
                written += 1
            number += 1


def importing(folder: Path, lines: int) -> dict:
    """Measure the seconds from a CSV file to the page, and those of pandas to bring it into SQLite as it is."""
    path = folder / f"export-{lines}.csv"
    if not path.exists():
        write_export(path, lines)
    with tempfile.TemporaryDirectory() as place, contextlib.redirect_stdout(io.StringIO()):
        changed = {"source": str(path), "mapping": "proposed", "database": f"{place}/shop.db", "exports": place}
        settings = Settings(**{**notebook_module.default_settings(), **changed})
        started = time.perf_counter()
        open_or_ask(settings, shops.DESIGN)
        dashboard = Dashboard(open_shop(settings, shops.DESIGN), shops.PAGES)
        to_the_page = time.perf_counter() - started
        sql = "SELECT rows_loaded FROM reconciliation WHERE table_name = 'orders'"
        (loaded,) = dashboard.shop.connection.execute(sql).fetchone()
        memory = peak_memory()
        started = time.perf_counter()
        with contextlib.closing(sqlite3.connect(f"{place}/plain.db")) as connection:
            pd.read_csv(path).to_sql("lines", connection, index=False)
        by_pandas = time.perf_counter() - started
    return {"lines": lines, "loaded": loaded, "to_the_page": to_the_page, "by_pandas": by_pandas, "memory": memory}


def write_orders(path: str, where: str, seed: int) -> dict:
    """Write new orders like those there are, on the "last day" or at "random days"; return their time and revenue.

    Each is a checkout of its own.
    """
    rng = random.Random(seed)
    connection = connect(path, "rw")
    start, end = connection.execute(
        "SELECT (SELECT MIN(order_date) FROM orders), (SELECT MAX(order_date) FROM orders)"
    ).fetchone()
    last = date.fromisoformat(end)
    days = (last - date.fromisoformat(start)).days
    highest = connection.execute("SELECT MAX(order_id) FROM orders").fetchone()[0]
    like = "SELECT customer_id, product_id, quantity, total_amount, status FROM orders WHERE order_id = ?"
    rows = []
    for new in range(highest + 1, highest + 1 + NEW_ORDERS):
        customer, product, quantity, amount, status = connection.execute(like, (rng.randint(1, highest),)).fetchone()
        day = last - timedelta(days=0 if where == "last day" else rng.randint(0, days))
        rows.append((new, customer, product, day.isoformat(), quantity, amount, status, 1_000_000_000 + new, None))
    started = time.perf_counter()
    with connection:
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    write = milliseconds_since(started)
    connection.close()
    return {"write": write, "revenue": sum(row[5] for row in rows if row[6] == "Completed")}


def following(folder: Path, orders: int) -> dict:
    """Measure how long the Overview takes to show what another process has written, by the kind of new orders.

    `dashboard.refresh()` is the call that notices them. A revenue that does not grow by theirs has not followed.
    """
    settings, results = shops.settings_of(folder, orders), {}
    place = Path(folder) / f"following-{orders}"
    try:
        with other_process() as other:
            for where in ("last day", "random days"):
                place.mkdir()
                copy = place / Path(settings.database).name
                shutil.copyfile(settings.database, copy)
                dashboard = opened_dashboard(folder, orders, database=str(copy))
                dashboard.go(selection=dashboard.shop.everything())
                written, times, followed = [], [], True
                for seed in range(ROUNDS):
                    whole = dashboard.shop.everything()
                    before = dashboard.shop.ask(shops.STORY.TILES, whole)["revenue"][0]
                    written.append(other.submit(write_orders, str(copy), where, seed).result())
                    times.append(milliseconds_to_last_message(dashboard.refresh))
                    check_page(dashboard)
                    after = dashboard.shop.ask(shops.STORY.TILES, whole)["revenue"][0]
                    followed &= bool(abs(after - before - written[-1]["revenue"]) < 0.005)
                results[where] = {"times": times, "write": [one["write"] for one in written], "followed": followed}
                dashboard.shop.close()
                shutil.rmtree(place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return results
