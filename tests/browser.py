"""Real servers and a real browser for the page."""

import json
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

from playwright.sync_api import Browser, Locator, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT = 180_000  # milliseconds at most until a host has shown its many cells, on a machine that does more beside
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"

READ_CARDS = """() => {
    const cards = [...document.querySelectorAll(".shop-page .sb-card[data-card]")].filter(card => card.offsetParent);
    if (!cards.length || cards.some(card => card.dataset.state === "loading")) return null;
    const read = card => {
        if (!card.matches(".sb-kind-chart") || card.dataset.state !== "ready") return card.innerText;
        const plot = card.querySelector(".js-plotly-plot");
        const trace = ({ x, y, z, labels, values, customdata }) => ({ x, y, z, labels, values, customdata });
        return plot?.data?.map(trace) ?? null;
    };
    const plain = (_, value) => (ArrayBuffer.isView(value) ? [...value] : value === undefined ? null : value);
    return JSON.stringify(Object.fromEntries(cards.map(card => [card.dataset.card, read(card)])), plain);
}"""  # a text: what Playwright does with each value of a result takes fifty times as long


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
    # Jupyter starts the first of its programs that it finds.
    own = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    with (folder / f"{kind}.log").open("w") as log:
        environment = {**os.environ, "PATH": own}
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, env=environment)
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
    page.goto(address, timeout=WAIT)
    if kind == "classic":
        page.wait_for_selector(".code_cell", timeout=WAIT)
        page.wait_for_selector(".kernel_idle_icon", state="attached", timeout=WAIT)
        page.wait_for_function("Jupyter.notebook.kernel && Jupyter.notebook.kernel.widget_manager", timeout=WAIT)
        page.wait_for_timeout(3_000)  # it still loads what draws the widgets
        page.evaluate("Jupyter.notebook.execute_all_cells()")
    elif kind != "voila":
        page.wait_for_selector(".jp-Notebook", timeout=WAIT)
        page.wait_for_timeout(3_000)
        if kind == "lab" and page.locator(".jp-FileBrowser").is_visible():
            page.keyboard.press("Control+b")  # its files would take the width that a narrow window lacks
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_selector(".shop-page", state="attached", timeout=WAIT)
    page.evaluate("document.querySelectorAll('.Toastify').forEach(news => news.remove())")  # Lab's, above the page
    page.locator(".shop-page").scroll_into_view_if_needed()
    wait_until(lambda: drawn(page), 60, "the charts")


def drawn(page: Page) -> dict | None:
    """Return what the board shows once each of its charts is drawn."""
    found = cards(page)
    return found if found and None not in found.values() else None


def cards(page: Page) -> dict | None:
    """Return what the board shows: card -> its chart's traces, else its text; None while anything is on its way."""
    found = page.evaluate(READ_CARDS)
    return json.loads(found) if found else None


def changed(page: Page, before: dict, names: tuple[str, ...]) -> dict:
    """Wait until each of the named cards differs from before; return all that are shown then."""

    def differs():
        now = cards(page)
        return now if now and all(now.get(name) != before.get(name) for name in names) else None

    return wait_until(differs, 20, f"a change of {', '.join(names)}")


def card(page: Page, name: str) -> Locator:
    """Return a card by its id."""
    return page.locator(f'.shop-page .sb-card[data-card="{name}"]')


def tile(page: Page, measure: str) -> str:
    """Return what a tile says, exactly: "$754,912.20" where it shows "$755k"."""
    tile = page.locator(f'.shop-page .sb-tile[data-name="{measure}"]')
    exact = tile.locator(".sb-hidden", has_text=", exactly ")
    if exact.count():
        return exact.first.text_content().removeprefix(", exactly ")
    return tile.locator(".sb-value").inner_text()
