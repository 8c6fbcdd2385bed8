"""What is measured of the page itself: in a real browser, under Voilà, and in a fresh kernel."""

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbclient
import nbformat

import browser
import notebook_module
import shops

WATCH = """() => {  // notes when a filter was last changed and when the charts were last drawn
    window.shop = {changed: 0, drawn: 0};
    document.addEventListener('change', () => { shop.changed = performance.now(); }, true);
    for (const plot of document.querySelectorAll('.shop-page .js-plotly-plot'))
        plot.on('plotly_afterplot', () => { shop.drawn = performance.now(); });
}"""
SETTLED = "() => shop.drawn > shop.changed && performance.now() - shop.drawn > 400"  # drawn, and not again for a while


@contextmanager
def voila(folder: Path, orders: int) -> Iterator[tuple[object, str]]:
    """Serve the notebook with the database of a sample shop that stands; yield a browser and the page's address."""
    notebook = notebook_module.settings_changed(**shops.changed_settings(Path(folder).resolve(), orders))
    with tempfile.TemporaryDirectory() as place, browser.chromium() as chromium:
        nbformat.write(notebook, Path(place) / notebook_module.NOTEBOOK.name)
        with browser.server("voila", Path(place)) as address:
            yield chromium, address


def opened(chromium: object, address: str) -> object:
    """Open the page in a new tab and return it once the charts stand."""
    page = chromium.new_page(viewport={"width": 1600, "height": 1400})
    browser.open_page(page, "voila", address)
    return page


def choose(page: object, regions: list[str]) -> str:
    """Choose regions as a user does; return what the status line says then."""
    status = page.locator(".shop-page [role=status]")
    before = status.inner_text()
    page.locator(".shop-page select[multiple]").first.select_option(regions)
    return browser.wait_until(lambda: (now := status.inner_text()) != before and now, 60, "the page to answer")


def clicks(folder: Path, orders: int, rounds: int = 30) -> dict:
    """Measure clicks: from the change of a filter to the last drawing of the charts, and the kernel's part of it."""
    with voila(folder, orders) as (chromium, address):
        page = opened(chromium, address)
        page.evaluate(WATCH)
        names = page.locator(".shop-page select[multiple]").first.locator("option").all_inner_texts()
        times, kernel = [], []
        for number in range(rounds):  # each region in turn alone, then with the next one
            chosen = [names[number % len(names)], names[(number + number // len(names) % 2) % len(names)]]
            said = choose(page, chosen)
            page.wait_for_function(SETTLED)
            times.append(page.evaluate("shop.drawn - shop.changed"))
            kernel.append(float(re.search(r"([\d,]+) ms", said)[1].replace(",", "")))
    return {"times": times, "kernel": kernel}


def opening(folder: Path, orders: int, rounds: int = 3) -> dict:
    """Measure, in seconds, opening the page by Voilà: until the charts stand, and until a first click is answered."""
    charts, answered = [], []
    with voila(folder, orders) as (chromium, address):
        for _ in range(rounds):
            started = time.perf_counter()
            page = opened(chromium, address)
            charts.append(time.perf_counter() - started)
            first = page.locator(".shop-page select[multiple]").first.locator("option").first.inner_text()
            choose(page, [first])
            answered.append(time.perf_counter() - started)
            page.close()
    return {"charts": charts, "answered": answered}


def running(rounds: int = 3) -> dict:
    """Measure, in seconds, running all cells from a fresh kernel: without a database, and with the one made then."""
    seconds = {"without": [], "with": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            for times in seconds.values():
                notebook = notebook_module.read_notebook()
                client = nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}})
                started = time.perf_counter()
                client.execute(stderr=subprocess.DEVNULL)  # warnings of the kernel, not of the notebook
                times.append(time.perf_counter() - started)
    return seconds
