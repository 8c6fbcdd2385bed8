"""What is measured without a browser. Each function runs in a process of its own and returns plain values."""

import contextlib
import csv
import io
import random
import shutil
import sqlite3
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import comm
import pandas as pd
from comm.base_comm import BaseComm
from ipykernel.jsonutil import json_clean
from jupyter_client.session import Session

import notebook_module
import shops
from apart import other_process, peak_memory
from engines import ENGINES

NEW_ORDERS = 1_000
FOLLOWING = {"Overview": 5, "Customers": 3, "Products": 3}  # page -> how often new orders are written while it is shown


def milliseconds_since(started: float) -> float:
    """Return the milliseconds since a reading of `time.perf_counter`."""
    return (time.perf_counter() - started) * 1_000


def selections(notebook: types.ModuleType, whole: object, limits: tuple[int, int, float]) -> Iterator:
    """Yield random selections as far as the limits allow: how many, at least how many, seconds for the others."""
    count, least, seconds = limits
    began = time.perf_counter()
    for number, filters in enumerate(shops.random_selections(notebook, whole, count)):
        if number >= least and time.perf_counter() - began > seconds:
            return
        yield filters


def data(name: str, folder: Path, orders: int, limits: tuple[int, int, float]) -> dict:
    """Measure an engine: from a selection to the DataFrames of the whole page."""
    if ENGINES[name].missing():
        return {"missing": ENGINES[name].missing()}
    notebook = notebook_module.load()
    engine = ENGINES[name](notebook)
    started = time.perf_counter()
    engine.load(str(shops.database_of(folder, orders)))
    load = time.perf_counter() - started
    whole = page_time(engine)
    if whole < limits[2] * 1_000:  # the first page warms the caches: it counts only where a second would take too long
        whole = page_time(engine)
    times, answers = [], []
    processor = time.process_time()
    for filters in selections(notebook, engine.whole, limits):
        started = time.perf_counter()
        page = engine.page(filters)
        times.append(milliseconds_since(started))
        answers.append(page["tiles"]["now"].tolist())
    processor = (time.process_time() - processor) * 1_000 / len(times)
    held = {"load": load, "memory": peak_memory()}
    return {**held, "whole": whole, "processor": processor, "times": times, "answers": answers}


def page_time(engine: object) -> float:
    """Return the milliseconds that an engine takes for the whole shop."""
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


def load_with_comms() -> types.ModuleType:
    """Return the notebook's functions, with widgets that pack their messages as if a browser listened."""
    notebook = notebook_module.load()
    comm.create_comm = PackedComm
    return notebook


def check_page(dashboard: object) -> None:
    """Raise where the page says that something went wrong, or shows another selection than the filters say."""
    if "shop-alert" in dashboard.status.value:
        raise RuntimeError(dashboard.status.value)
    shown, chosen = dashboard.data.filters, dashboard.selection()
    if (shown.categories, shown.start, shown.end) != (chosen.categories, chosen.start, chosen.end):
        raise RuntimeError(f"{shown} is shown instead of {chosen}")


def kernel(page: str, folder: Path, orders: int, limits: tuple[int, int, float]) -> dict:
    """Measure the kernel while a page is shown: from a selection to the last message to the page.

    Its first opening is measured, too: that of the overview is the making of the whole dashboard, for the others it is
    what a click on their name takes.
    """
    notebook = load_with_comms()
    started = time.perf_counter()
    dashboard = notebook.Dashboard(shops.settings_of(notebook, folder, orders))
    opening = milliseconds_since(started)
    if dashboard.navigation.value != page:
        opening = milliseconds_to_last_message(lambda: setattr(dashboard.navigation, "value", page))
        check_page(dashboard)
    PackedComm.messages = PackedComm.size = 0
    whole = milliseconds_to_last_message(lambda: dashboard.select(dashboard.whole))
    times = []
    PackedComm.messages = PackedComm.size = 0
    for filters in selections(notebook, dashboard.whole, limits):
        times.append(milliseconds_to_last_message(lambda: dashboard.select(filters)))  # noqa: B023
        check_page(dashboard)
    return {
        "opening": opening,
        "whole": whole,
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
    """Make the database of a sample shop, and measure its steps in seconds; None where it stands already."""
    notebook = notebook_module.load()
    settings = shops.settings_of(notebook, folder, orders)
    if anew:
        Path(settings.database).unlink(missing_ok=True)
    spent = {"generate": 0.0, "fill": 0.0}

    def drawn(settings: object, draw: Callable = notebook.sample_shop) -> Iterator:
        """Draw the sample as the notebook does, and count the time."""
        tables = draw(settings)
        while True:
            started = time.perf_counter()
            table = next(tables, None)
            spent["generate"] += time.perf_counter() - started
            if table is None:
                return
            yield table

    def filled(*arguments: object, fill: Callable = notebook.fill_with_sample) -> None:
        """Fill the tables as the notebook does, and count the time."""
        started = time.perf_counter()
        fill(*arguments)
        spent["fill"] = time.perf_counter() - started

    notebook.sample_shop, notebook.fill_with_sample = drawn, filled
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):  # the progress bar
        notebook.open_or_build(settings)
    built = time.perf_counter()
    notebook.summarise(settings)
    done = time.perf_counter()
    if not spent["fill"]:
        return None
    return {
        "generate": spent["generate"],
        "insert": spent["fill"] - spent["generate"],
        "index": built - started - spent["fill"],
        "summarise": done - built,
        "orders_per_second": orders / (done - started),
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
    notebook = notebook_module.load()
    with tempfile.TemporaryDirectory() as place, contextlib.redirect_stdout(io.StringIO()):
        changed = {"source": str(path), "mapping": "proposed", "database": f"{place}/shop.db", "exports": place}
        settings = notebook.Settings(**{**notebook_module.default_settings(), **changed})
        started = time.perf_counter()
        notebook.open_or_ask(settings)
        settings = notebook.replace(settings, mapping={})
        notebook.summarise(settings)
        dashboard = notebook.Dashboard(settings)
        to_the_page = time.perf_counter() - started
        (loaded,) = dashboard.connection.execute(
            "SELECT rows_loaded FROM reconciliation WHERE table_name = 'orders'"
        ).fetchone()
        memory = peak_memory()
        started = time.perf_counter()
        with contextlib.closing(sqlite3.connect(f"{place}/plain.db")) as connection:
            pd.read_csv(path).to_sql("lines", connection, index=False)
        by_pandas = time.perf_counter() - started
    return {"lines": lines, "loaded": loaded, "to_the_page": to_the_page, "by_pandas": by_pandas, "memory": memory}


def write_orders(path: str, where: str, seed: int) -> dict:
    """Write new orders like those there are, on the "last day" or at "random days"; return their time and sums.

    Each is a checkout of its own. What returns with the time is what each page's total must grow by.
    """
    notebook = notebook_module.load()
    rng = random.Random(seed)
    connection = notebook.connect(path, "rw")
    whole = notebook.everything(connection)
    last = notebook.date.fromisoformat(whole.end)
    days = (last - notebook.date.fromisoformat(whole.start)).days
    highest = connection.execute("SELECT MAX(order_id) FROM orders").fetchone()[0]
    like = "SELECT customer_id, product_id, quantity, total_amount, status FROM orders WHERE order_id = ?"
    rows = []
    for new in range(highest + 1, highest + 1 + NEW_ORDERS):
        customer, product, quantity, amount, status = connection.execute(like, (rng.randint(1, highest),)).fetchone()
        day = last - notebook.timedelta(days=0 if where == "last day" else rng.randint(0, days))
        rows.append((new, customer, product, day.isoformat(), quantity, amount, status, 1_000_000_000 + new))
    started = time.perf_counter()
    with connection:
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    write = milliseconds_since(started)
    connection.close()
    completed = [row[5] for row in rows if row[6] == "Completed"]
    return {"write": write, "Overview": sum(completed), "Products": sum(completed), "Customers": len(completed)}


def total_shown(dashboard: object) -> float:
    """Return a total of the page shown that grows with new orders: revenue, or on the page Customers the orders."""
    page, data = dashboard.navigation.value, dashboard.data
    if page == "Customers":
        return float(data.new_and_returning[["new_orders", "returning_orders", "guest_orders"]].to_numpy().sum())
    return float(data.tiles.loc["revenue", "now"] if page == "Overview" else data.product_sales["revenue"].sum())


def following(folder: Path, orders: int) -> dict:
    """Measure, per page and kind of new orders, how long the page takes to show what another process has written.

    `dashboard.refresh()` is the call that notices them. A page whose total does not grow by theirs has not followed.
    """
    notebook = load_with_comms()
    settings = shops.settings_of(notebook, folder, orders)
    copy = Path(folder) / f"following-{orders}.db"
    results = {page: {} for page in FOLLOWING}
    try:
        with other_process() as other:
            for where in ("last day", "random days"):
                shutil.copyfile(settings.database, copy)
                dashboard = notebook.Dashboard(notebook.replace(settings, database=str(copy)))
                for page, rounds in FOLLOWING.items():
                    dashboard.navigation.value = page
                    written, times, followed = [], [], True
                    for seed in range(rounds):
                        before = total_shown(dashboard)
                        written.append(other.submit(write_orders, str(copy), where, seed).result())
                        times.append(milliseconds_to_last_message(dashboard.refresh))
                        check_page(dashboard)
                        followed &= abs(total_shown(dashboard) - before - written[-1][page]) < 0.005
                    write = [one["write"] for one in written]
                    results[page][where] = {"times": times, "write": write, "followed": followed}
    finally:
        for file in copy.parent.glob(f"{copy.name}*"):
            file.unlink()
    return results
