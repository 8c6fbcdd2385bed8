"""The shop's file among other programs: killed, copied over, deleted, damaged, on a disk that is full, or with others."""

import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import attacks
import pytest
from attacks import DESIGN, PAGES, STORY, own_process, revenue_of, settings_of
from test_following import assert_current

from shopboard import columnar, places, soundness
from shopboard.ask import SqliteEngine, open_shop
from shopboard.building import open_or_build
from shopboard.dashboard import Dashboard
from shopboard.database import COLUMNS, connect
from shopboard.following import ColumnarEngine
from shopboard.notes import TRIGGERS
from shopboard.problems import ShopProblem
from shopboard.saved import keep_views

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs processes that can be killed and forked")

SEEDS = (1, 2)  # of the two samples that take each other's place


@pytest.fixture(scope="session")
def shops(tmp_path_factory):
    """The two samples: seed -> its file as it was made, and its revenue."""
    own_process(attacks.nothing, tmp_path_factory.mktemp("shop")).join()  # it keeps temporary files of its own
    made = {}
    for seed in SEEDS:
        folder = tmp_path_factory.mktemp("shop")
        open_or_build(settings_of(folder, seed=seed), DESIGN)
        path = folder / "ecommerce.db"
        made[seed] = (path.read_bytes(), revenue_of(path))
    return made


@pytest.fixture
def folder(tmp_path, shops, monkeypatch):
    """A folder with the first sample, which a page has opened before, and with all temporary files."""
    folder = tmp_path / "shop"
    for name in ("tmp", "exports", "shown"):
        (folder / name).mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))
    (folder / "ecommerce.db").write_bytes(shops[1][0])
    return folder


def names_in(folder):
    """Return what is in a folder and below, without folders that are meant to be there."""
    found = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    return found - {"ecommerce.db", "tmp", "exports", "shown", ".ecommerce.db.duckdb"}


def figures(folder, seed=1, **options):
    """Return the revenue that the page would show."""
    with closing(open_shop(settings_of(folder, seed=seed), DESIGN, **options)) as shop:
        return round(shop.ask(STORY.TILES).loc[0, "revenue"], 2)


# ------------------------------------------------------------------ kills


def quantities_in(path):
    with closing(connect(path)) as record:
        return record.execute("SELECT COUNT(DISTINCT quantity) FROM orders").fetchone()[0]


KILLS = [50, pytest.param(500, marks=pytest.mark.long)]


@pytest.mark.parametrize("count", KILLS)
def test_kills_leave_a_whole_shop_and_nothing_else(folder, shops, count):
    """Each kill comes at a moment of its own; the next opening finds one of the two shops, and clears all else away."""
    chance, path = random.Random(count), folder / "ecommerce.db"
    as_made, as_sold = soundness.existing_fingerprint(path), quantities_in(path)
    deeds = (attacks.build, attacks.copy, attacks.write, attacks.sell, attacks.export)
    for number in range(count):
        process = own_process(deeds[number % len(deeds)], folder, 2)
        time.sleep(chance.uniform(0.0, 0.6))
        process.kill()
        process.join()
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)
        found = soundness.existing_fingerprint(path)  # which checks all of it
        assert open_or_build(settings_of(folder, seed=1), DESIGN)[:6] == ("Opened" if found == as_made else "Replac")
        assert quantities_in(path) in (1, as_sold)  # all of a transaction or nothing
        assert revenue_of(path) == shops[1][1]
        assert names_in(folder) <= {"exports/answer.txt"}
        if (answer := folder / "exports" / "answer.txt").exists():
            assert len(set(answer.read_text())) == 1
            assert answer.stat().st_size == 1_000_000
        path.write_bytes(shops[1][0])
    assert figures(folder) == shops[1][1]


def test_a_journal_that_was_not_begun_is_removed(folder, shops):
    journal = folder / "ecommerce.db-journal"
    for content in (b"", bytes(512)):
        journal.write_bytes(content)
        assert figures(folder) == shops[1][1]
        assert not journal.exists()


def test_what_is_written_is_on_the_disk_before_and_after_it_gets_its_name(folder, monkeypatch):
    done, sync, rename = [], os.fsync, os.replace

    def noted_sync(descriptor):
        sync(descriptor)
        done.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name.split(".")[-1])

    def noted_rename(source, target):
        rename(source, target)
        done.append("renamed")

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(os, "replace", noted_rename)
    open_or_build(settings_of(folder, seed=2), DESIGN)
    assert done == ["unfinished", "shop", "renamed", "shop"]
    done.clear()
    places.save(folder / "exports", "answer.txt", lambda path: path.write_text("whole"))
    assert done == ["unfinished", "exports", "renamed", "exports"]


def test_a_process_is_not_taken_for_another_of_the_same_number():
    own = places.process_name()
    assert places.still_running(own)
    assert places.still_running(str(os.getpid()))
    if "-" in own:  # the system says when a process began
        assert not places.still_running(f"{os.getpid()}-1")
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert not places.still_running(str(ended.pid))


def test_only_what_a_dead_process_left_is_removed(folder):
    """Files and folders of others that look a little alike stay."""
    dead = "999999999-1-0123abcd"
    left = [f".ecommerce.db.{dead}.unfinished", f".ecommerce.db.duckdb.{dead}.unfinished.wal", f"tmp/shopboard-{dead}"]
    stay = [f".a.{places.process_name()}-0123abcd.unfinished", ".notes.unfinished", "tmp/shopboard-2024", "tmp/shop-1"]
    for name in left + stay:
        (folder / name).mkdir() if name.startswith("tmp") else (folder / name).write_text("")
    places.remove_leftovers(folder)
    assert names_in(folder) == set(stay)


# ------------------------------------------------------------------ other programs at the same file


@pytest.fixture
def page(folder):
    """A page that shows the first sample."""
    with closing(open_shop(settings_of(folder, seed=1), DESIGN)) as shop:
        page = Dashboard(shop, PAGES)
        yield page
        page.close()


def shown(page):
    """Return the revenue on the page."""
    return round(page.shop.ask(STORY.TILES).loc[0, "revenue"], 2)


def statement(sql):
    """Return what another program does that runs SQL, without foreign keys."""

    def run(path):
        with closing(sqlite3.connect(path)) as record:
            record.executescript(sql)

    return run


def cut(share):
    """Return what another program does that cuts the file to a share of its size, or is not ready with copying it."""
    return lambda path: os.truncate(path, int(path.stat().st_size * share))


def write_over(path, at=0.0, what=b"\x5a"):
    with path.open("rb+") as file:
        size = path.stat().st_size
        file.seek(int(size * at))
        file.write(what * ((size - file.tell()) // len(what)))


OUTRAGES = {
    "cut to nothing": cut(0),
    "cut to half": cut(0.5),
    "written over": write_over,
    "written over from the middle": lambda path: write_over(path, at=0.3),
    "zeros": lambda path: write_over(path, what=b"\0"),
    "deleted": lambda path: path.unlink(),
    "a folder in its place": lambda path: (path.unlink(), path.mkdir()),
    "another program's database in its place": lambda path: (path.unlink(), statement("CREATE TABLE x (y)")(path)),
    **{f"{table} dropped": statement(f"DROP TABLE {table}") for table in COLUMNS},
    **{f"{table} renamed": statement(f"ALTER TABLE {table} RENAME TO other") for table in COLUMNS},
    "a column dropped": statement("ALTER TABLE customers RENAME COLUMN region TO place"),
}


@pytest.mark.parametrize("name", OUTRAGES)
def test_a_page_says_what_became_of_its_file_and_goes_on_when_it_is_whole(folder, shops, page, name):
    path = folder / "ecommerce.db"
    for _ in range(2):
        OUTRAGES[name](path)
        page.refresh()
        assert "shop-alert" in page.status.value
        assert "unforeseen" not in page.status.value
        assert "ecommerce.db" in page.status.value
        assert shown(page) == shops[1][1]  # of before
        if path.is_dir():
            path.rmdir()
        path.write_bytes(shops[1][0])  # in place, or as a new file
        page.refresh()
        assert "shop-alert" not in page.status.value, page.status.value
        assert shown(page) == shops[1][1]


def test_a_page_says_which_lines_an_emptied_table_leaves_out(folder, shops, page):
    path = folder / "ecommerce.db"
    for table in ("reviews", "customers", "products", "orders"):
        statement(f"DELETE FROM {table}")(path)
        page.refresh()
        assert 'role="alert"' not in page.status.value
        said = "800 order lines are in no figure" in page.header.value
        assert said == (table == "products")
        with closing(SqliteEngine(path)) as record:
            assert_current(page.shop.engine, STORY, path)
            assert record.run("SELECT COUNT(*) AS n FROM orders", {})["n"].tolist() == [0 if table == "orders" else 800]
    path.write_bytes(shops[1][0])
    page.refresh()
    assert shown(page) == shops[1][1]
    assert "shop-alert" not in page.header.value


def test_a_table_that_is_made_anew_is_followed(folder, page):
    """As by a program that replaces a table whole: its triggers are gone, and what is written to it is on the page."""
    path = folder / "ecommerce.db"
    with closing(sqlite3.connect(path)) as record:
        (made,) = record.execute("SELECT sql FROM sqlite_master WHERE name = 'orders'").fetchone()
    anew = "CREATE TEMP TABLE kept AS SELECT * FROM orders; DROP TABLE orders;"
    statement(f"{anew} {made}; INSERT INTO orders SELECT * FROM kept WHERE order_id <= 500")(path)
    page.refresh()
    assert_current(page.shop.engine, STORY, path)
    statement("UPDATE orders SET total_amount = 1.0, status = 'Completed'")(path)
    page.refresh()
    assert shown(page) == 500
    assert "shop-alert" not in page.status.value


@pytest.mark.parametrize("how", ["renamed", "copied over"])
def test_a_page_moves_to_the_shop_that_takes_its_place(folder, shops, page, how):
    path = folder / "ecommerce.db"
    for seed in (2, 1, 2):
        new = folder / "new.db"
        new.write_bytes(shops[seed][0])
        new.replace(path) if how == "renamed" else shutil.copyfile(new, path)
        page.refresh()
        assert "shop-alert" not in page.status.value
        assert ("has replaced ecommerce.db" in page.header.value) == (how == "renamed")
        assert shown(page) == shops[seed][1]
        statement("UPDATE orders SET total_amount = total_amount + 1 WHERE order_id = 1")(path)
        page.refresh()
        assert_current(page.shop.engine, STORY, path)
        assert "has replaced" not in page.header.value


def test_a_file_that_is_copied_over_while_the_page_refreshes(folder, shops, page):
    """Half-copied files are refused or read for the moment; what the page shows in the end is what stands there."""
    path, ended = folder / "ecommerce.db", threading.Event()

    def copying():
        for number in range(60):
            content = shops[SEEDS[number % 2]][0]
            with path.open("r+b") as file:
                file.truncate(0)
                for start in range(0, len(content), 16_384):
                    file.write(content[start : start + 16_384])
                    file.flush()
        ended.set()

    other = threading.Thread(target=copying)
    other.start()
    while not ended.is_set():
        page.refresh()
        assert "unforeseen" not in page.status.value
    other.join()
    time.sleep(0.02)  # longer than the clock of a file system ticks
    page.refresh()
    assert "shop-alert" not in page.status.value
    assert shown(page) == shops[2][1]
    assert_current(page.shop.engine, STORY, path)


def test_what_many_programs_write_is_on_the_page(folder, page):
    writers = [own_process(attacks.few_writes, folder, seed) for seed in range(4)]
    while any(writer.is_alive() for writer in writers):
        time.sleep(0.05)
        page.refresh()
        assert "unforeseen" not in page.status.value
    assert [writer.exitcode for writer in writers] == [0, 0, 0, 0]
    page.refresh()
    assert "shop-alert" not in page.status.value
    assert_current(page.shop.engine, STORY, folder / "ecommerce.db")


def test_a_log_that_is_written_first_is_no_damage(folder, shops):
    """A database in WAL mode may be longer or shorter than its pages say, as long as its log is there."""
    path = folder / "ecommerce.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("PRAGMA wal_autocheckpoint = 0")
        other.execute(
            "INSERT INTO orders SELECT order_id + 10000, " + ", ".join(COLUMNS["orders"][1:]) + " FROM orders"
        )
        assert path.stat().st_size == len(shops[1][0])
        assert open_or_build(settings_of(folder, seed=1), DESIGN).startswith("Opened")
        with closing(open_shop(settings_of(folder, seed=1), DESIGN)) as shop:
            assert round(shop.ask(STORY.TILES).loc[0, "revenue"], 2) == pytest.approx(2 * shops[1][1])
            other.execute("DELETE FROM orders WHERE order_id > 10000")
            assert shop.refresh()
            assert round(shop.ask(STORY.TILES).loc[0, "revenue"], 2) == shops[1][1]
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            assert not shop.refresh()
        assert open_or_build(settings_of(folder, seed=2), DESIGN).startswith("Replaced")
    assert figures(folder, seed=2) == shops[2][1]


def test_kernels_that_build_at_once_leave_one_whole_shop(folder, shops):
    path = folder / "ecommerce.db"
    path.unlink()
    kernels = [own_process(attacks.opened, folder, seed) for seed in (1, 1, 2, 2)]
    for kernel in kernels:
        kernel.join(120)
    assert [kernel.exitcode for kernel in kernels] == [0] * 4
    seen = {float(file.read_text()) for file in (folder / "shown").iterdir()}
    assert seen <= {shops[1][1], shops[2][1]}
    assert revenue_of(path) in seen
    assert {name for name in names_in(folder) if "shown" not in name} == set()


@pytest.mark.parametrize("name", ["Page as a file", "Printed report"])
def test_visitors_who_export_at_once_get_their_own(folder, name):
    """Each link holds its own visitor's selection, though all write a file of the same name into one folder."""
    regions = ["North", "South", "East"]
    open_or_build(settings_of(folder), DESIGN)
    visitors = [own_process(attacks.visit, folder, name, region) for region in regions]
    for visitor in visitors:
        visitor.join(300)
    for region in regions:
        content = (folder / "shown" / region).read_bytes()
        text = content.decode("utf-8", "replace").partition("Saved with ")[2].partition(" · ")[0]
        if name == "Printed report":
            pypdf = pytest.importorskip("pypdf")
            text = pypdf.PdfReader(folder / "shown" / region).pages[0].extract_text()
        assert region in text
        assert [other for other in regions if other != region and other in text] == []
    assert not [left for left in names_in(folder) if "unfinished" in left]


# ------------------------------------------------------------------ damage


def test_flipped_bits_show_no_wrong_totals(folder, shops):
    """Anywhere in the file: it is found and moved aside, or makes no difference to what is shown."""
    chance, path = random.Random(60), folder / "ecommerce.db"
    whole = shops[1][0]
    found = 0
    for _ in range(60):
        bit = chance.randrange(len(whole) * 8)
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            assert figures(folder, engine="sqlite") == shops[1][1]
        except ShopProblem as problem:  # where it is no file of ours any more
            assert "not made by this notebook" in str(problem) or "not an SQLite file" in str(problem)
            assert path.read_bytes() == flipped
        for aside in folder.glob("*.damaged-*"):
            assert aside.read_bytes() == flipped
            aside.unlink()
            found += 1
    assert found


@pytest.mark.parametrize(
    ("table", "column"),
    [("orders", "total_amount"), ("orders", "region"), ("products", "category"), ("customers", "name")],
)
def test_a_value_that_nobody_has_written_is_damage(folder, shops, table, column):
    """SQLite's own check knows nothing of values; their digests do, as long as nobody writes to their table."""
    path = folder / "ecommerce.db"
    key = COLUMNS[table][0]
    for noted in (False, True):
        triggers = dict(TRIGGERS) if not noted else {}
        with closing(sqlite3.connect(path, isolation_level=None)) as record:
            made = record.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name in triggers:
                record.execute(f"DROP TRIGGER {name}")
            value = "total_amount + 0.01" if column == "total_amount" else f"COALESCE({column}, '') || 'x'"
            record.execute(f"UPDATE {table} SET {column} = {value} WHERE {key} = 7")
            for name, sql in made:
                if name in triggers:
                    record.execute(sql)
            assert record.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if noted:
            assert open_or_build(settings_of(folder, seed=1), DESIGN).startswith("Opened")
            continue
        changed = path.read_bytes()
        said = open_or_build(settings_of(folder, seed=1), DESIGN)
        assert f"damaged (rows of {table} are not as they were written" in said
        assert "moved to ecommerce.db.damaged-1." in said
        assert (folder / "ecommerce.db.damaged-1").read_bytes() == changed
        assert revenue_of(path) == shops[1][1]


def test_what_others_write_is_guarded_from_the_next_opening_on(folder):
    path = folder / "ecommerce.db"
    statement("UPDATE orders SET total_amount = 5 WHERE order_id = 7")(path)
    for _ in range(2):
        assert open_or_build(settings_of(folder, seed=1), DESIGN).startswith("Opened")
    with closing(connect(path)) as record:
        assert set(soundness.unwritten(record)) == set(COLUMNS)


def test_the_page_says_where_a_damaged_shop_was_moved(folder, shops):
    path = folder / "ecommerce.db"
    os.truncate(path, len(shops[1][0]) // 2)
    with closing(open_shop(settings_of(folder, seed=1), DESIGN)) as shop:
        page = Dashboard(shop, PAGES)
        assert "moved to ecommerce.db.damaged-1" in page.header.value
        assert shown(page) == shops[1][1]
        page.close()
    assert (folder / "ecommerce.db.damaged-1").stat().st_size == len(shops[1][0]) // 2


def test_a_shop_of_ones_own_that_is_damaged_stays_where_it_is(folder, shops):
    own = folder / "own.db"
    own.write_bytes(shops[1][0][:-4_096])
    with pytest.raises(ShopProblem, match=r"own.db is damaged .*\. Set `source` to the shop's own file"):
        open_or_build(settings_of(folder, source=str(own)), DESIGN)
    assert own.read_bytes() == shops[1][0][:-4_096]


def test_a_large_file_is_checked_beside_the_page(folder, shops, monkeypatch):
    monkeypatch.setattr(soundness, "CHECKED_BYTES", 50_000)
    path = folder / "ecommerce.db"
    with closing(sqlite3.connect(path)) as record:
        made = record.execute("SELECT name, sql FROM sqlite_master WHERE name LIKE 'note_orders%'").fetchall()
    dropped = "".join(f"DROP TRIGGER {name};" for name, _ in made)
    statement(f"{dropped} UPDATE orders SET quantity = quantity + 1;" + ";".join(sql for _, sql in made) + ";")(path)
    with closing(open_shop(settings_of(folder, seed=1), DESIGN)) as shop:
        page = Dashboard(shop, PAGES)
        for _ in range(600):
            page.refresh()
            if "damaged" in page.header.value:
                break
            time.sleep(0.05)
        assert "rows of orders are not as they were written" in page.header.value
        page.close()


# ------------------------------------------------------------------ places that are full, missing or read-only


@contextmanager
def file_system(folder, size, *options):
    """Have a file system of a size in MB in a folder; skips where that is not allowed."""
    wanted = ["mount", "-t", "tmpfs", "-o", ",".join([f"size={size * 1024}k", *options]), "tmpfs", str(folder)]
    if subprocess.run(wanted, capture_output=True, check=False).returncode:
        pytest.skip("a file system of its own can be mounted by root alone")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def small_disk(folder):
    """The folder of the shop on a disk of 6 MB, with the folder for temporary files; a function leaves some of it."""
    content = (folder / "ecommerce.db").read_bytes()
    with file_system(folder, 6):
        for name in ("tmp", "exports"):
            (folder / name).mkdir()
        (folder / "ecommerce.db").write_bytes(content)

        def leave(kilobytes):
            (folder / "filler").unlink(missing_ok=True)
            free = shutil.disk_usage(folder).free
            (folder / "filler").write_bytes(bytes(max(free - kilobytes * 1024, 0)))
            assert shutil.disk_usage(folder).free <= max(kilobytes, 0) * 1024

        yield leave


def test_on_a_disk_that_runs_full_the_earlier_shop_stays(folder, shops, small_disk):
    path, outcomes = folder / "ecommerce.db", set()
    for kilobytes in (0, 4, 8, 16, 32, 64, 96, 128, 160, 192, 224, 256, 320, 400, 600, 1_000, 2_000):
        small_disk(kilobytes)
        try:
            outcomes.add(open_or_build(settings_of(folder, seed=2), DESIGN)[:8])
            assert revenue_of(path) == shops[2][1]
        except ShopProblem as problem:
            outcomes.add("full")
            assert f"MB in {folder}" in str(problem)
            assert "set `database` to a place with room" in str(problem)
            assert path.read_bytes() == shops[1][0]
            assert figures(folder) == shops[1][1]
        assert names_in(folder) == {"filler"}
        (folder / "filler").unlink()
        path.write_bytes(shops[1][0])
    assert outcomes == {"full", "Replaced"}


def test_room_is_looked_for_before_anything_is_read(folder, shops, small_disk):
    """A sample of a million orders, a source, and what a browser sends: each is more than a disk of 6 MB holds."""
    small_disk(2_000)
    with pytest.raises(
        ShopProblem, match=r"The sample shop takes 80\.0 MB or more, and there are 2\.0 MB in .*`database`"
    ):
        open_or_build(settings_of(folder, seed=1, sample_orders=1_000_000), DESIGN)
    (folder / "filler").unlink()
    (folder / "orders.csv").write_text("order_id,product_id,order_date,total_amount\n" + "1,1,2025-01-01,5\n" * 180_000)
    with pytest.raises(ShopProblem, match=r"What is read takes 3\.1 MB or more, and there are 3\.0.*TMPDIR"):
        open_or_build(settings_of(folder, source=str(folder / "orders.csv")), DESIGN)
    with closing(open_shop(settings_of(folder, seed=1), DESIGN)) as shop:
        page = Dashboard(shop, PAGES)
        own = page.tools["own data"].own
        own.files.piece = {
            "number": 1,
            "name": "a.csv",
            "content": "",
            "first": True,
            "last": False,
            "came": 0,
            "all": 7e6,
        }
        assert "What was chosen takes 7.0 MB or more" in own.said.value
        assert own.files.written == 0, "the browser sends no more"
        page.close()
    (folder / "orders.csv").unlink()
    assert (folder / "ecommerce.db").read_bytes() == shops[1][0]
    assert names_in(folder) == set()


def test_a_copy_finds_room_elsewhere_on_a_full_disk(folder, shops, small_disk, monkeypatch):
    """A large shop's copy is kept in memory where the disk has no room for its file."""
    monkeypatch.setattr(columnar, "LINES_IN_MEMORY", 5)
    for kilobytes in (0, 16, 100, 300, 500, 800, 1_500, 4_000):
        small_disk(kilobytes)
        assert figures(folder) == shops[1][1]
        assert [name for name in names_in(folder) if name != "filler"] == []
    assert columnar.copy_file(folder / "ecommerce.db").exists()


def test_files_for_the_user_on_a_full_disk(folder, small_disk, shops):
    with closing(open_shop(settings_of(folder, seed=1), DESIGN)) as shop:
        page, whole = Dashboard(shop, PAGES, report=STORY.REPORT), shop.everything()
        page.go(selection=replace(whole, regions=whole.regions[:1], categories=whole.categories[:1]))
        small_disk(0)
        for name in ("Page as a file", "Printed report"):
            page.guarded(lambda name=name: page._export(name))
            assert "No space left" in page.status.value
            assert "set `exports` to a folder with room" in page.status.value
        with pytest.raises(ShopProblem, match=r"No space left.*set `database` to a folder with room"):
            keep_views(shop.settings, {"a": "b" * 10_000})
        page.refresh()
        assert "shop-alert" not in page.status.value
        page.close()
    assert names_in(folder) == {"filler"}


def test_without_a_folder_for_temporary_files(folder, shops, monkeypatch):
    """A shop that stands is opened; what needs room says which folder is missing."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "missing"))
    assert figures(folder) == shops[1][1]
    (folder / "orders.csv").write_text("order_id,product_id,order_date,total_amount\n1,1,2025-01-01,5\n")
    with pytest.raises(ShopProblem, match=r"No folder for temporary files .*TMPDIR"):
        open_or_build(settings_of(folder, source=str(folder / "orders.csv")), DESIGN)
    assert (folder / "ecommerce.db").read_bytes() == shops[1][0]


def test_in_a_place_where_nothing_may_be_written(folder, shops):
    with file_system(folder, 6):
        (folder / "ecommerce.db").write_bytes(shops[1][0])
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        assert figures(folder) == shops[1][1]
        with pytest.raises(ShopProblem, match=f"nothing may be written in {folder}: set `database`"):
            open_or_build(settings_of(folder, seed=2), DESIGN)
        with closing(open_shop(settings_of(folder, seed=1), DESIGN)) as shop:
            page = Dashboard(shop, PAGES)
            page.clock.start = lambda: None  # the test ticks itself
            page.live.value = True
            page._ticked(0)
            assert "nothing may be written" in page.status.value
            page.close()


def test_a_file_that_another_program_keeps_to_itself(folder, shops, page):
    path = folder / "ecommerce.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        page.refresh()
        assert "shop-alert" not in page.status.value  # it is asked again at the next refresh
        with pytest.raises(ShopProblem, match="in use by another program: close that"):
            open_shop(settings_of(folder, seed=2), DESIGN)
        other.execute("ROLLBACK")
    assert figures(folder) == shops[1][1]


def test_texts_and_numbers_are_the_same_without_a_file_in_between(folder, monkeypatch):
    path = folder / "ecommerce.db"
    values = "name = 'it''s \"x\", ' || CHAR(10) || '😀', email = '', region = NULL"
    statement(f"UPDATE customers SET {values}; UPDATE orders SET total_amount = 0.1 + 0.2 WHERE order_id = 1")(path)
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "missing"))
    with closing(ColumnarEngine(path, STORY.MODELS)) as engine:
        assert_current(engine, STORY, path)
