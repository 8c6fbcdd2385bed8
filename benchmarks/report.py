"""The results of a run as a text with tables, as JSON and as a picture, and whether the targets are met."""

import json
import math
import os
import platform
import sqlite3
import subprocess
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from itertools import combinations
from pathlib import Path
from statistics import median, quantiles

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

NAMES = {
    "ours": "this dashboard",
    "polars": "Polars, prepared",
    "duckdb": "DuckDB, prepared",
    "duckdb-tables": "DuckDB, the four tables",
    "pandas": "pandas, prepared",
    "sqlite": "SQLite, the four tables",
    "kernel": "this dashboard, to the last message",
}
COLOURS = {
    "ours": "#1f4e79",
    "kernel": "#1f4e79",
    "duckdb": "#b8860b",
    "duckdb-tables": "#8a6508",
    "polars": "#2e7d5b",
    "pandas": "#8e5aa8",
    "sqlite": "#b3261e",
}
LIBRARIES = ("pandas", "numpy", "plotly", "ipywidgets", "duckdb", "polars")
KERNEL = {10_000: 100, 1_000_000: 100, 10_000_000: 300}  # milliseconds at most, the median of a page
WHOLE_SHOP = 1_500  # milliseconds at most, the whole shop at the largest size
OPENING = 3  # seconds more at most, at the largest size
FIRST_OPENING = 1_000  # milliseconds at most, of a page at the smallest size
FILLING = 100_000  # orders a second at least
RUN_ALL, VOILA = 8, 6  # seconds at most
TOLERANCE = 0.005  # half a cent


def machine() -> dict[str, str]:
    """Return what a reader needs to know of the machine and of what ran on it."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), cpu)
    elif platform.system() == "Darwin":
        cpu = subprocess.check_output(["sysctl", "-n", "machdep.cpu.brand_string"], text=True).strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": date.today().isoformat(),
        "CPU": f"{cpu}, {os.cpu_count()} cores",
        "memory": f"{memory:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        **{name: found for name in LIBRARIES if (found := installed(name))},
    }


def installed(library: str) -> str:
    """Return a library's version; empty where it is missing."""
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def write(results: dict, folder: Path) -> str:
    """Write the results into a folder; return the targets, each with whether it is met."""
    check_answers(results)
    results = {"machine": machine(), **results, "targets": targets(results)}
    for size in results["sizes"]:
        for measured in size["data"].values():
            measured.pop("answers", None)
    folder.mkdir(parents=True, exist_ok=True)
    whole = json.dumps(rounded(results), indent=1)
    (folder / "results.json").write_text(whole + "\n", encoding="utf-8")
    (folder / "results.md").write_text(text(results), encoding="utf-8")
    picture(results).savefig(folder / "results.png", dpi=150)
    return "\n".join(results["targets"])


def rounded(value: object) -> object:
    """Return results with fewer digits, and lists of numbers as texts, which JSON then keeps on a line."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, list) and all(isinstance(part, float) for part in value):
        return " ".join(f"{part:.4g}" for part in value)
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def check_answers(results: dict) -> None:
    """Raise where two engines' tiles differ: times of wrong answers are worth nothing."""
    for size in results["sizes"]:
        answered = {name: measured["answers"] for name, measured in size["data"].items() if "answers" in measured}
        for one, other in combinations(answered, 2):
            for tiles in zip(answered[one], answered[other], strict=False):
                if not all(same(a, b) for a, b in zip(*tiles, strict=True)):
                    raise ValueError(f"{one} and {other} differ at {size['orders']:,} orders: {tiles}")


def same(one: float | None, other: float | None) -> bool:
    """Say whether two figures agree: to half a cent, or as far as sums of ten million floats in other orders do."""
    return one == other if None in (one, other) else math.isclose(one, other, rel_tol=1e-10, abs_tol=TOLERANCE)


def times_ours(size: dict, name: str) -> float | None:
    """Return how many times as long as ours an engine takes for the selections that both answered."""
    times, ours = (size["data"].get(engine, {}).get("times") for engine in (name, "ours"))
    return median(times) / median(ours[: len(times)]) if times and ours else None


def targets(results: dict) -> list[str]:
    """Return each target, whether it is met, and by how much."""
    smallest, largest = results["sizes"][0], results["sizes"][-1]
    lines = []

    def target(met: bool, said: str) -> None:
        lines.append(f"{'met' if met else 'NOT met'}: {said}")

    for size in results["sizes"]:
        orders = f"at {size['orders']:,} orders"
        rivals = ["duckdb", "polars"] if size is largest else ["duckdb"]
        for name in rivals:
            if ratio := times_ours(size, name):
                if name == "duckdb":
                    target(ratio >= 1, f"{orders} {NAMES[name]} takes {ratio:.2f} times as long (target: at least 1)")
                whole = size["data"][name]["whole"] / size["data"]["ours"]["whole"]
                said = f"{orders} {NAMES[name]} takes {whole:.2f} times as long for the whole shop (target: at least 1)"
                target(whole >= 1, said)
        for page, measured in size["kernel"].items():
            limit, took = KERNEL.get(size["orders"], 300), median(measured["times"])
            target(
                took <= limit, f"{orders} the page {page} takes {took:.0f} ms in the kernel (target: at most {limit})"
            )
    for page, measured in largest["kernel"].items():
        whole = measured["whole"]
        said = f"{page} takes {whole:,.0f} ms for the whole of the largest shop (target: at most {WHOLE_SHOP:,})"
        target(whole <= WHOLE_SHOP, said)
    for page, measured in smallest["kernel"].items():
        said = f"{page} opens in {measured['opening']:,.0f} ms at the smallest size (target: at most {FIRST_OPENING:,})"
        target(measured["opening"] <= FIRST_OPENING, said)
    more = (largest["kernel"]["Overview"]["opening"] - smallest["kernel"]["Overview"]["opening"]) / 1_000
    target(more <= OPENING, f"the largest shop opens {more:.1f} s later than the smallest (target: at most {OPENING})")
    if loading := largest["loading"]:
        filled = loading["orders_per_second"]
        target(filled >= FILLING, f"{filled:,.0f} orders a second are filled and copied (target: at least {FILLING:,})")
    if running := results.get("running"):
        took = median(running["without"])
        target(took <= RUN_ALL, f"all cells run in {took:.1f} s (target: at most {RUN_ALL})")
    if opening := smallest.get("opening"):
        took = median(opening["charts"])
        target(took <= VOILA, f"Voilà shows the page in {took:.1f} s (target: at most {VOILA})")
    return lines


def shown(value: float | None) -> str:
    """Return a number with as many digits as can be trusted; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def slowest(times: list[float]) -> float | None:
    """Return the time that 95 of 100 stay below; None where there are too few to say."""
    return quantiles(times, n=20)[-1] if len(times) >= 20 else None


def table(head: str, rows: list[list[str]]) -> str:
    """Return a table in Markdown; all columns but the first two hold numbers."""
    columns = head.split(" | ")
    rule = ["---:"] + ["---"] + ["---:"] * (len(columns) - 2)
    return "\n".join("| " + " | ".join(row) + " |" for row in [columns, rule, *rows])


def data_rows(results: dict) -> list[list[str]]:
    """Return the rows of the table of engines."""
    rows = []
    for size in results["sizes"]:
        for name, measured in size["data"].items():
            start = [f"{size['orders']:,}", NAMES[name]]
            if "missing" in measured:
                rows.append([*start, f"`{measured['missing']}` is not installed", *["–"] * 7])
                continue
            times = measured["times"]
            numbers = [median(times), slowest(times), measured["whole"], measured["processor"], times_ours(size, name)]
            rows.append(
                [*start, *map(shown, numbers), f"{len(times):,}", shown(measured["load"]), shown(measured["memory"])]
            )
    return rows


def kernel_rows(results: dict) -> list[list[str]]:
    """Return the rows of the table of the kernel: the sizes of a page stand together."""
    rows = []
    for page in results["sizes"][0]["kernel"]:
        for size in results["sizes"]:
            kernel = size["kernel"][page]
            numbers = [median(kernel["times"]), slowest(kernel["times"])]
            numbers += [kernel[name] for name in ("whole", "by_click", "opening", "messages", "kilobytes", "memory")]
            rows.append([f"{size['orders']:,}", page, *map(shown, numbers), f"{len(kernel['times']):,}"])
    return rows


def loading_rows(results: dict) -> list[list[str]]:
    """Return the rows of the table of loading."""
    steps = ("made", "opened", "orders_per_second", "memory", "size")
    done = [(size["orders"], size["loading"]) for size in results["sizes"] if size["loading"]]
    return [[f"{orders:,}", "a new database", *(shown(loading[step]) for step in steps)] for orders, loading in done]


def following_rows(results: dict) -> list[list[str]]:
    """Return the rows of the table of following."""
    rows = []
    for size in results["sizes"]:
        for where, one in size["following"].items():
            to_the_page = shown(median(one["times"])) if one["followed"] else "does not follow"
            rows.append([f"{size['orders']:,}", f"1,000 orders, {where}", to_the_page, shown(median(one["write"]))])
    return rows


def page_rows(results: dict) -> list[list[str]]:
    """Return the rows of the table of the page and of the notebook as a whole."""
    rows = []
    for size in results["sizes"]:
        orders = f"{size['orders']:,}"
        if clicks := size.get("clicks"):
            times = clicks["times"]
            rows.append([orders, "a click, to the last drawing", f"{shown(median(times))} ms", f"{len(times)}"])
        if opening := size.get("opening"):
            for what, times in (
                ("the charts stand", opening["charts"]),
                ("a first click is answered", opening["answered"]),
            ):
                rows.append([orders, f"Voilà: {what}", f"{shown(median(times))} s", f"{len(times)}"])
    if running := results.get("running"):
        for what, times in running.items():
            rows.append(["10,000", f"Run all cells, {what} a database", f"{shown(median(times))} s", f"{len(times)}"])
    return rows


FIGURES_NOTE = """Milliseconds. Each engine answers the same random selections (regions, categories, first and last day)
of the same shop with the DataFrames of what the Overview shows; all gave the same answers. *Whole shop* is one
selection of all there is. *Processor* is time on all cores together. *Times ours* compares the medians over the
selections that both answered. What is made ready beforehand is not in these times: *load* in seconds, and the most
*memory* held, in MB. An engine that takes over ten seconds for a whole shop is not asked of a larger one."""

KERNEL_NOTE = """Milliseconds in the kernel: filters set, figures read, charts composed, and every message packed and
signed as a kernel does, short of the socket. *Whole shop* is one selection of all there is; *by click* is what a card
of it takes that waits to be asked for. *Opening* is the first opening of a page; that of the overview makes the
dashboard. Messages and kB are per selection; *memory* is the most that the process held, in MB, the overview
included."""

LOADING_NOTE = """Seconds to make the database with its columnar copy, and to open both again; the most memory held, and
the file, in MB."""

FOLLOWING_NOTE = """Milliseconds until `dashboard.refresh()` shows what another process has written on the
Overview, and for that process to write it."""

IMPORTING_NOTE = """Seconds from a CSV file, a line per product of an invoice, to the page: read, matched, checked,
loaded into four tables, copied and drawn; *pandas* is `read_csv` and `to_sql` into one table as it stands. The most
memory held, in MB."""


def text(results: dict) -> str:
    """Return the results as Markdown."""
    parts = [
        "# How fast it is",
        "![Time to the figures of the page against the number of orders, a line per engine](results.png)",
        "Written by `python benchmarks/run.py`, in one run on one machine:",
        "\n".join(f"- {name}: {value}" for name, value in results["machine"].items()),
        "## Targets",
        "\n".join(f"- {line}" for line in results["targets"]),
        "## From a selection to the figures of the whole page",
        FIGURES_NOTE,
        table(
            "orders | engine | median | 95 % below | whole shop | processor | times ours | selections | load | memory",
            data_rows(results),
        ),
        "## From a selection to the last message to the page",
        KERNEL_NOTE,
        table(
            "orders | page | median | 95 % below | whole shop | by click | opening | messages | kB | memory "
            "| selections",
            kernel_rows(results),
        ),
        "## New orders",
        FOLLOWING_NOTE,
        table("orders | what | to the page | writing", following_rows(results)),
    ]
    if rows := loading_rows(results):
        head = "orders | what | made | opened | orders per second | memory | file"
        parts += [
            "## Loading",
            LOADING_NOTE,
            table(head, rows),
        ]
    if found := results.get("importing"):
        row = [f"{found['lines']:,}", f"{found['loaded']:,}", shown(found["to_the_page"]), shown(found["by_pandas"])]
        row += [shown(found["to_the_page"] / found["by_pandas"]), shown(found["memory"])]
        head = "lines | loaded | to the page | pandas | times pandas | memory"
        parts += ["## A file of one's own", IMPORTING_NOTE, table(head, [row])]
    if rows := page_rows(results):
        parts += ["## The page", "Medians.", table("orders | what | time | times measured", rows)]
    return "\n\n".join(parts) + "\n"


def picture(results: dict) -> Figure:
    """Draw milliseconds against the number of orders, both logarithmic, a line per engine with its name at its end."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel="orders", ylabel="milliseconds, median")
    lines = {name: [] for name in NAMES}
    for size in results["sizes"]:
        for name, measured in {**size["data"], "kernel": size["kernel"]["Overview"]}.items():
            if "times" in measured:
                lines[name].append((size["orders"], median(measured["times"])))
    lines = {name: points for name, points in lines.items() if points}
    for name, points in lines.items():
        style = {"linestyle": ":" if name == "kernel" else "-", "linewidth": 2.5 if name == "ours" else 1.5}
        axes.plot(*zip(*points, strict=True), marker="o", markersize=4, color=COLOURS[name], **style)
    ends = sorted((points[-1][1], points[-1][0], name) for name, points in lines.items())
    apart = (ends[-1][0] / ends[0][0]) ** (1 / 16)  # of two labels, so that none stands on another
    low = 0.0
    for milliseconds, orders, name in ends:
        low = max(milliseconds, low * apart)
        label = f"  {NAMES[name]}, {shown(milliseconds)} ms"
        axes.annotate(label, (orders, low), color=COLOURS[name], va="center", annotation_clip=False)
    axes.set_title("From a selection to the figures of the whole page", loc="left")
    axes.set_xticks([size["orders"] for size in results["sizes"]])
    axes.grid(color="#eeeeee")
    axes.spines[["top", "right"]].set_visible(False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", which="minor", length=0)
    return figure
