"""Real servers and a real browser for the page."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

CHARTS = ("daily_revenue", "category_share", "regional_heatmap", "top_customers", "sales_rating")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"

SHOWN = (
    "[...document.querySelectorAll('.shop-page .js-plotly-plot')].find(plot => plot.offsetParent)"  # of the page chosen
)
READ_CHARTS = (
    f"() => {{ const plot = {SHOWN};"
    """
    if (!plot || !plot.data) return null;
    const charts = {};
    for (const trace of plot.data) {
        const {x, y, z, labels, values, customdata} = trace;
        (charts[trace.meta] = charts[trace.meta] || []).push({x, y, z, labels, values, customdata});
    }
    return charts;
}"""
)


def servers() -> list[str]:
    """Return what can show the page here: Notebook 7 and JupyterLab, or the classic Notebook 6; and Voilà."""

    def installed(package: str) -> int:
        """Return the major version of a package, -1 where it is missing."""
        try:
            return int(version(package).split(".")[0])
        except PackageNotFoundError:
            return -1

    found = {"notebook": installed("notebook") >= 7, "classic": installed("notebook") == 6}
    found |= {"lab": installed("jupyterlab") >= 4, "voila": installed("voila") >= 0}
    return [kind for kind, there in found.items() if there]


def find_browser() -> str | None:
    """Return the path of a Chromium or Chrome of this machine; None lets Playwright use its own."""
    found = [path for path in map(shutil.which, NAMES) if path]
    return found[0] if found else (MAC if os.path.exists(MAC) else None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium, Playwright's own (fetched if needed) where the machine has none."""
    path = find_browser()
    if path is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def server(kind: str, folder: Path) -> Iterator[str]:
    """Serve the notebook of a folder by "notebook", "classic", "lab" or "voila"; yield the page's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    name = "ecommerce_dashboard.ipynb"
    open_server = ["--allow-root", "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"]
    arguments, path = {
        "voila": (["voila", name], "/"),
        "notebook": (["jupyter", "notebook", *open_server], f"/notebooks/{name}"),
        "classic": (["jupyter", "notebook", "--allow-root", "--NotebookApp.token="], f"/notebooks/{name}"),
        "lab": (["jupyter", "lab", *open_server], f"/lab/tree/{name}"),
    }[kind]
    command = [sys.executable, "-m", *arguments, f"--port={port}", "--no-browser"]
    with (folder / f"{kind}.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            if kind != "voila":  # asking Voilà would run the notebook
                wait_until(lambda: answers(f"http://127.0.0.1:{port}/api"), 60, f"{kind} to answer")
            else:
                wait_until(lambda: listens(port), 60, "Voilà to listen")
            yield f"http://127.0.0.1:{port}{path}"
        finally:
            process.terminate()
            process.wait(20)


def answers(address: str) -> bool:
    """Say whether a server answers at an address."""
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except (urllib.error.URLError, OSError):
        return False


def listens(port: int) -> bool:
    """Say whether a server listens at a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition, seconds: float, what: str):
    """Wait until `condition()` is true and return what it gave; fail after some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds:.0f} seconds in vain for {what}")


def open_page(page: Page, kind: str, address: str) -> None:
    """Open the notebook as a user would, run all cells, and wait until the dashboard stands."""
    page.goto(address, timeout=90_000)
    if kind == "classic":
        page.wait_for_selector(".code_cell", timeout=60_000)
        page.wait_for_selector(".kernel_idle_icon", state="attached", timeout=60_000)
        page.wait_for_function("Jupyter.notebook.kernel && Jupyter.notebook.kernel.widget_manager", timeout=60_000)
        page.wait_for_timeout(3_000)  # it still loads what draws the widgets
        page.evaluate("Jupyter.notebook.execute_all_cells()")
    elif kind != "voila":
        page.wait_for_selector(".jp-Notebook", timeout=60_000)
        page.wait_for_timeout(3_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_selector(".shop-page", state="attached", timeout=90_000)
    page.locator(".shop-page").scroll_into_view_if_needed()
    wait_until(lambda: charts(page), 60, "the charts")


def charts(page: Page) -> dict | None:
    """Return what the browser has drawn: chart -> its traces' data."""
    return page.evaluate(READ_CHARTS)


def changed(page: Page, before: dict, names=CHARTS) -> dict:
    """Wait until each of the named charts differs from before; return what is drawn then."""

    def differs():
        now = charts(page)
        return now if all(now[name] != before[name] for name in names) else None

    return wait_until(differs, 20, f"a change of {', '.join(names)}")


def tile(page: Page, measure: str) -> str:
    """Return what a tile says."""
    return page.locator(f'.shop-tile[data-measure="{measure}"] > div').nth(1).inner_text()
