"""What is measured of the page itself: in a real browser, under Voilà, and in a fresh kernel."""

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
    document.addEventListener('click', () => { shop.changed = performance.now(); }, true);
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


def regions(page: object) -> object:
    """Return the list of regions, opened."""
    group = page.get_by_role("group", name="Regions", exact=True, include_hidden=True)
    found = page.locator(".shop-page details.shop-list", has=group)
    if found.get_attribute("open") is None:
        found.locator("summary").click()
    return found


def choose(page: object, region: str) -> None:
    """Choose a region alone, as a user does; return once the status line says so."""
    row = regions(page).locator("li", has=page.get_by_text(region, exact=True))
    row.hover()
    row.get_by_role("button", name=f"Only {region}", exact=True).click()
    page.locator(".shop-page .shop-status").filter(has_text=region).first.wait_for(timeout=60_000)


def clicks(folder: Path, orders: int, rounds: int = 30) -> dict:
    """Measure clicks: from the choice of a region to the last drawing of the charts, in milliseconds."""
    with voila(folder, orders) as (chromium, address):
        page = opened(chromium, address)
        page.evaluate(WATCH)
        names = regions(page).locator("li label").all_inner_texts()
        times = []
        for number in range(rounds):
            choose(page, names[number % len(names)].strip())
            page.wait_for_function(SETTLED)
            times.append(page.evaluate("shop.drawn - shop.changed"))
    return {"times": times}


def opening(folder: Path, orders: int, rounds: int = 3) -> dict:
    """Measure, in seconds, opening the page by Voilà: until the charts stand, and until a first click is answered."""
    charts, answered = [], []
    with voila(folder, orders) as (chromium, address):
        for _ in range(rounds):
            started = time.perf_counter()
            page = opened(chromium, address)
            charts.append(time.perf_counter() - started)
            choose(page, regions(page).locator("li label").first.inner_text().strip())
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
                nbformat.write(notebook, Path(folder) / notebook_module.NOTEBOOK.name)  # it imports its own cells
                client = nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}})
                started = time.perf_counter()
                client.execute(stderr=subprocess.DEVNULL)  # warnings of the kernel, not of the notebook
                times.append(time.perf_counter() - started)
    return seconds
