"""What a process does that is killed, or that runs beside others: each function is called in a process of its own."""

import base64
import multiprocessing
import os
import random
import re
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

from shopboard import columnar
from shopboard.ask import open_shop
from shopboard.building import open_or_build
from shopboard.dashboard import Dashboard
from shopboard.database import connect
from shopboard.following import ColumnarEngine
from shopboard.live import add_live_orders
from shopboard.pages import Page
from shopboard.places import save
from shopboard.settings import Settings

import notebook_module
from small_shop import SMALL, design

STORY = notebook_module.load()
DESIGN = design(STORY)
SHEETS = STORY.REPORT.sheets
PAGES = [value for value in vars(STORY).values() if isinstance(value, Page) and value not in SHEETS]
REVENUE = "SELECT ROUND(SUM(total_amount), 2) FROM orders WHERE status = 'Completed'"


def own_process(target: Callable, *arguments: object) -> multiprocessing.Process:
    """Start a function in a process forked from one that has imported all this, and has no threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["attacks"])
    process = context.Process(target=_alone, args=(target, *arguments), daemon=True)
    with patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):  # by which that process finds this file
        process.start()
    return process


def nothing(_: Path) -> None:
    """Do nothing: the process that others are forked from has begun."""


def _alone(target: Callable, folder: Path, *arguments: object) -> None:
    """Call a function in a group of processes of its own, with temporary files beside the shop."""
    os.setpgrp()
    use_temporary(folder)
    os.chdir(folder)
    target(folder, *arguments)


def use_temporary(folder: Path) -> None:
    """Have temporary files lie in the folder `tmp`."""
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder / "tmp")


def settings_of(folder: Path, **changed: object) -> Settings:
    """Return the settings of a small sample in a folder."""
    own = {"database": str(folder / "ecommerce.db"), "exports": str(folder / "exports"), **SMALL, **changed}
    return Settings(**{**notebook_module.default_settings(), **own})


def revenue_of(path: Path) -> float:
    """Return the revenue that a record holds."""
    with closing(connect(path)) as record:
        return record.execute(REVENUE).fetchone()[0]


def build(folder: Path, seed: int) -> None:
    """Build another sample in the place of the one that stands."""
    open_or_build(settings_of(folder, seed=seed), DESIGN)


def copy(folder: Path, _: int) -> None:
    """Make the columnar copy, as of a large shop, in a file."""
    columnar.LINES_IN_MEMORY = 5
    while True:
        columnar.copy_file(folder / "ecommerce.db").unlink(missing_ok=True)
        ColumnarEngine(folder / "ecommerce.db", STORY.MODELS).close()


def write(folder: Path, _: int) -> None:
    """Write as another program does, in transactions that do not fit into its memory."""
    with closing(sqlite3.connect(folder / "ecommerce.db", isolation_level=None)) as record:
        record.execute("PRAGMA cache_size = 2")
        for quantity in range(1, 1_000):
            record.execute("UPDATE orders SET quantity = ?", (quantity,))


def sell(folder: Path, _: int) -> None:
    """Let the sample sell on, as a page does that is open."""
    for step in range(1_000):
        add_live_orders(folder / "ecommerce.db", "2025-12-31", step)


def export(folder: Path, _: int) -> None:
    """Write a file for the user again and again."""
    for number in range(1_000):
        save(folder / "exports", "answer.txt", lambda path, n=number: path.write_text(str(n % 10) * 1_000_000))


def few_writes(folder: Path, seed: int) -> None:
    """Write to each table, some rows at a time."""
    chance = random.Random(seed)
    path = folder / "ecommerce.db"
    for number in range(10):
        with closing(sqlite3.connect(path, timeout=60)) as record, record:
            record.execute("BEGIN IMMEDIATE")
            key = chance.randrange(1, 60)
            record.execute("UPDATE orders SET total_amount = total_amount + 1 WHERE order_id % 60 = ?", (key,))
            record.execute("UPDATE customers SET region = ? WHERE customer_id = ?", (chance.choice("NSEW"), key))
            record.execute("UPDATE products SET category = ? WHERE product_id = ?", (f"New {seed % 2}", key))
            record.execute("DELETE FROM reviews WHERE review_id = ?", (seed * 10 + number,))


def opened(folder: Path, seed: int) -> None:
    """Open a shop whose copy is in a file, and write down what its page would show."""
    columnar.LINES_IN_MEMORY = 5
    with closing(open_shop(settings_of(folder, seed=seed), DESIGN)) as shop:
        (folder / "shown" / str(os.getpid())).write_text(str(round(shop.ask(STORY.TILES).loc[0, "revenue"], 2)))


def visit(folder: Path, name: str, region: str) -> None:
    """Open the page, choose a region, press the button of an export, and keep what the link gives."""
    with closing(open_shop(settings_of(folder), DESIGN)) as shop:
        page = Dashboard(shop, PAGES, report=STORY.REPORT)
        page.filters.regions.value = (region,)
        page._export(name)
        content = re.search(r"base64,([^\"]*)", page.download.value)
        (folder / "shown" / region).write_bytes(base64.b64decode(content[1]) if content else page.status.value.encode())
        page.close()
