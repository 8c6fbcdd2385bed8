"""Measure the dashboard side by side with what one would pick instead; write results.md, results.json and results.png.

    python benchmarks/run.py --orders 10_000 1_000_000 10_000_000 --loading --browser --opening

The databases are kept in --folder for the next run. It needs the requirements of the notebook, of the tests and of this
folder.
"""

import argparse
import tempfile
from pathlib import Path

from apart import in_own_process

PAGES = ("Overview", "Customers", "Products", "Inventory")  # the page "Data & SQL" has no figures of a selection
TOO_SLOW = 10_000  # milliseconds for the whole shop: such an engine is not asked of a larger one
ENGINES = ("ours", "polars", "duckdb", "duckdb-tables", "pandas", "sqlite")


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=[10_000, 1_000_000, 10_000_000], help="sizes of shops")
    parser.add_argument("--selections", type=int, default=200, help="random selections, the same for every engine")
    parser.add_argument("--page-selections", type=int, default=60, help="of them, for each page but the overview")
    parser.add_argument("--slow-selections", type=int, default=3, help="that even a slow engine answers")
    parser.add_argument("--seconds", type=float, default=60, help="after which an engine answers no more of them")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "shop-benchmarks", help="of databases"
    )
    parser.add_argument("--results", type=Path, default=Path(__file__).resolve().parent, help="folder of the results")
    parser.add_argument("--loading", action="store_true", help="make the databases anew, and measure that")
    parser.add_argument("--importing", type=int, default=540_000, help="lines of a shop's own CSV file; 0 for none")
    parser.add_argument("--browser", action="store_true", help="measure clicks in Chromium, too")
    parser.add_argument("--opening", action="store_true", help="measure opening the page and running all cells, too")
    return parser.parse_args()


def measure(asked: argparse.Namespace, orders: int) -> dict:
    """Measure everything that is asked of a shop of one size."""
    limits = (asked.selections, asked.slow_selections, asked.seconds)
    say(f"{orders:,} orders: loading")
    loading = in_own_process("measures", "loading", asked.folder, orders, asked.loading)
    data = {}
    for name in asked.engines:
        say(f"{orders:,} orders: {name}")
        data[name] = in_own_process("measures", "data", name, asked.folder, orders, limits)
    kernel = {}
    for page in PAGES:
        say(f"{orders:,} orders: kernel, page {page}")
        count = asked.selections if page == "Overview" else min(asked.selections, asked.page_selections)
        kernel[page] = in_own_process("measures", "kernel", page, asked.folder, orders, (count, *limits[1:]))
    say(f"{orders:,} orders: following")
    following = in_own_process("measures", "following", asked.folder, orders)
    return {"orders": orders, "loading": loading, "data": data, "kernel": kernel, "following": following}


def say(text: str) -> None:
    """Tell how far the run is."""
    print(text, flush=True)


def main() -> None:
    """Measure, write the results, and say which targets are met."""
    asked = arguments()
    asked.folder.mkdir(parents=True, exist_ok=True)
    sizes = sorted(asked.orders)
    results: dict = {"sizes": []}
    if asked.opening:
        say("running all cells")
        results["running"] = in_own_process("pages", "running")
    if asked.importing:
        say(f"{asked.importing:,} lines of a CSV file")
        results["importing"] = in_own_process("measures", "importing", asked.folder, asked.importing)
    for orders in sizes:
        size = measure(asked, orders)
        for what, wanted in (("clicks", asked.browser), ("opening", asked.opening)):
            if wanted:
                say(f"{orders:,} orders: {what}")
                size[what] = in_own_process("pages", what, asked.folder, orders)
        results["sizes"].append(size)
        asked.engines = [name for name in asked.engines if size["data"][name].get("whole", 0) < TOO_SLOW]
        said = in_own_process("report", "write", results, asked.results)  # so that a run that stops has said something
    say(said)


if __name__ == "__main__":
    main()
