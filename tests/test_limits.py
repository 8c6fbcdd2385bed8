"""The console's limits: of time, of memory, of what a statement may do; and what happens when nobody waits any more."""

import hashlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event, Timer

import pytest
from test_console import NUMBERS, WRITES

from shopboard import console as console_module
from shopboard import limits
from shopboard.console import Console, ask_console
from shopboard.limits import run_apart
from shopboard.problems import ShopProblem

import browser
from small_shop import small_shop

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def shop(story, tmp_path_factory):
    """A small sample shop."""
    shop = small_shop(story, tmp_path_factory.mktemp("limits"))
    yield shop
    shop.close()


@pytest.fixture
def console(shop, monkeypatch):
    """A console whose statements have a second."""
    monkeypatch.setattr(console_module, "SECONDS", 1)
    console = Console(shop, {})
    yield console
    console.close()


LONG = "PRINTF('%.*c', {}, '{}')"
DOUBLED = ", ".join(f"c{n} AS (SELECT one.n FROM c{n - 1} AS one, c{n - 1} AS other)" for n in range(1, 8))
TOO_LONG = {
    "a text in a text": f"SELECT INSTR({LONG.format(40_000_000, 'a')}, {LONG.format(20_000_000, 'a')} || 'b')",
    "a text replaced in a text": f"SELECT LENGTH(REPLACE({LONG.format(40_000_000, 'a')}, {LONG.format(20_000_000, 'a')} || 'b', ''))",
    "letters cut off": f"SELECT LENGTH(TRIM({LONG.format(1_000_000, 'a')}, {LONG.format(1_000_000, 'b')} || 'a'))",
    "doubled CTEs": f"WITH c0 (n) AS (VALUES (1), (2)), {DOUBLED} SELECT COUNT(*) FROM c7",
    "no end": f"{NUMBERS} SELECT COUNT(*) FROM numbers",
    "no row": f"{NUMBERS} SELECT n FROM numbers WHERE n < 0",
    "four times itself": "SELECT COUNT(*) FROM orders AS a, orders AS b, orders AS c, orders AS d WHERE a.order_id + b.order_id + c.order_id + d.order_id = -1",
}
TOO_LARGE = {
    "a sort of random blobs": f"{NUMBERS} SELECT RANDOMBLOB(1000000) AS b FROM (SELECT n FROM numbers LIMIT 2000) ORDER BY b",
    "hexadecimal": "SELECT HEX(ZEROBLOB(450000000))",
    "put together": f"SELECT LENGTH(GROUP_CONCAT({LONG.format(1_000_000, 'x')})) FROM orders",
    "replaced": f"SELECT LENGTH(REPLACE({LONG.format(1_000_000, 'a')}, 'a', {LONG.format(900, 'b')}))",
    "a list": f"SELECT JSON_GROUP_ARRAY({LONG.format(1_000_000, 'x')}) FROM orders",
    "kept apart": f"{NUMBERS} SELECT COUNT(DISTINCT RANDOMBLOB(1000000)) FROM (SELECT n FROM numbers LIMIT 2000)",
    "a wide row": f"SELECT {', '.join(f'{LONG.format(40_000_000, letter)} AS {letter}' for letter in 'abcdefghijklmnop')}",
}


@pytest.mark.parametrize("name", TOO_LONG)
def test_what_takes_too_long_is_stopped(console, name):
    assert "it took more than 1 seconds and was stopped" in str(console.run(TOO_LONG[name]))
    assert console.run("SELECT 1 AS one")["table"]["rows"] == [[1]]  # and the next is answered


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_needs_too_much_memory_is_refused(console, monkeypatch, name):
    monkeypatch.setattr(console_module, "SECONDS", 300)  # on a busy machine, too, it is the memory that ends it
    said = console.run(TOO_LARGE[name])["problem"]
    assert "it needs more than 512 MB of memory" in said or "too big" in said
    assert console.run("SELECT 1 AS one")["table"]["rows"] == [[1]]


def test_what_is_long_and_allowed_is_answered(console, monkeypatch):
    monkeypatch.setattr(console_module, "SECONDS", 300)
    console.run(f"SELECT LENGTH({LONG.format(40_000_000, 'a')}) AS n, LENGTH(ZEROBLOB(400000000)) AS zeros")
    assert console.frame.iloc[0].tolist() == [40_000_000, 400_000_000]
    console.run(f"{NUMBERS} SELECT COUNT(*) AS n FROM (SELECT RANDOM() AS r FROM numbers LIMIT 1000000) ORDER BY r")
    assert console.frame["n"].tolist() == [1_000_000]


def test_an_answer_has_an_end(console, monkeypatch):
    """However wide its rows are, what is sent stays small, and is said to be the beginning."""
    monkeypatch.setattr(console_module, "SECONDS", 300)
    columns = ", ".join(f"{LONG.format(3_000, 'x')} AS c{n}" for n in range(200))
    answer = console.run(f"{NUMBERS} SELECT {columns} FROM numbers LIMIT 900")
    assert 0 < len(console.frame) < 20
    assert answer["said"].startswith(f"The first {len(console.frame)} rows")
    assert sum(map(len, console.frame.to_numpy().ravel())) < 2 * limits.CHARACTERS_SENT


def test_the_page_answers_meanwhile(shop, story):
    console = Console(shop, {})
    console.widget.send = lambda _message: None
    console._heard(None, {"run": TOO_LONG["a text in a text"]}, [])
    for category in shop.everything().categories:
        selection = type(shop.everything())(shop.everything().regions, (category,), "2025-07-01", "2025-12-31")
        assert len(shop.ask(story.OVERALL, selection)) == 1
    assert console.running.is_alive()
    console.close()  # as when the page is closed
    console.running.join(20)
    assert not console.running.is_alive()


def test_a_single_function_can_be_stopped(shop):
    stopped = Event()
    Timer(0.3, stopped.set).start()
    with pytest.raises(ShopProblem, match=r"statement: it was stopped\."):
        ask_console(str(shop.path), TOO_LONG["a text in a text"], {}, stopped)


NOTED = """
import subprocess, sys
from shopboard import limits

class Noted(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        print(self.pid, flush=True)

subprocess.Popen = Noted
limits.run_apart(sys.argv[1], sys.argv[2], 2)
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows tells of no process that has ended")
def test_a_kernel_that_is_killed_leaves_no_process(shop):
    endless = f"{NUMBERS} SELECT COUNT(*) FROM numbers"
    command = [sys.executable, "-c", NOTED, str(shop.path), endless]
    kernel = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    number = int(kernel.stdout.readline())
    os.kill(number, 0)  # it runs
    kernel.send_signal(signal.SIGKILL)
    kernel.wait()
    kernel.stdout.close()

    def gone():
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
            return state == "Z"  # nobody has asked how it ended
        except OSError:
            pass
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        return False

    browser.wait_until(gone, 30, "the statement's process to end")


def test_where_no_process_can_be_started(console, monkeypatch):
    monkeypatch.setattr(limits.sys, "executable", str(ROOT / "nowhere" / "python"))
    assert "no process can be started for it here" in console.run("SELECT 1")["problem"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits a process's memory as a whole")
def test_the_limits_are_the_systems_own(shop, tmp_path):
    """Read in the process itself, by a function that it is given."""
    functions = (
        "import resource\n"
        "def register_functions(connection):\n"
        "    connection.create_function('HELD', 1, lambda name: resource.getrlimit(getattr(resource, name))[1])\n"
    )
    sql = "SELECT HELD('RLIMIT_AS'), HELD('RLIMIT_FSIZE'), HELD('RLIMIT_CORE')"
    found = run_apart(shop.path, sql, 10, functions=functions, rows=1)
    assert found["rows"] == [[2 * limits.MEMORY, limits.WRITTEN, 0]]


# Statements at random, from a fixed seed

TABLES = (
    "orders",
    "products",
    "order_lines",
    "selected_lines",
    "sqlite_master",
    "build_info",
    "nowhere",
    "pragma_database_list",
)
FUNCTIONS = (
    *(
        "RANDOMBLOB(9)",
        "ZEROBLOB(99)",
        "HEX('x')",
        "QUOTE('x')",
        "CHAR(0)",
        "LOAD_EXTENSION('x')",
        "READFILE('/etc/passwd')",
    ),
    *(
        "WRITEFILE('x', 'y')",
        "EDIT('x')",
        "FTS3_TOKENIZER('x')",
        "SQLITE_VERSION()",
        "JSON('{')",
        "PRINTF('%n %s', 1)",
        "LAST_INSERT_ROWID()",
    ),
)
VERBS = (
    *3 * ("SELECT {function} FROM {table}", "SELECT * FROM {table} LIMIT 2", "SELECT COUNT(*) FROM {table}", "VALUES ({function})"),
    "INSERT INTO {table} DEFAULT VALUES", "INSERT INTO {table} SELECT * FROM {table}", "REPLACE INTO {table} VALUES (1)",
    "UPDATE {table} SET price = {function}", "DELETE FROM {table}", "DELETE FROM {table} WHERE {function} RETURNING *",
    "CREATE TABLE x AS SELECT {function}", "CREATE TEMP TABLE x (y)", "CREATE VIEW x AS SELECT 1", "CREATE INDEX x ON {table} (1)",
    "CREATE TRIGGER x AFTER DELETE ON {table} BEGIN SELECT {function}; END", "CREATE VIRTUAL TABLE x USING dbstat",
    "DROP TABLE {table}", "DROP VIEW IF EXISTS {table}", "ALTER TABLE {table} RENAME TO x", "ATTACH '{place}' AS x",
    "VACUUM INTO '{place}'", "VACUUM", "REINDEX {table}", "ANALYZE {table}", "PRAGMA journal_mode = WAL", "PRAGMA query_only = 0",
    "PRAGMA hard_heap_limit = 0", "PRAGMA temp_store_directory = '.'", "PRAGMA {table}", "BEGIN EXCLUSIVE", "ROLLBACK", "SAVEPOINT x",
    "DETACH main", "SELECT * FROM pragma_{table}", "SELECT * FROM {table}({function})",
)  # fmt: skip
AROUND = (
    "{}", "{}", "{}", "{};", "EXPLAIN {}", "EXPLAIN QUERY PLAN {}", "-- x\n{}", "/* {} */", "{}; {}", "WITH x AS (SELECT 1) {}",
    "WITH RECURSIVE x (n) AS (SELECT 1 UNION ALL SELECT n FROM x) {}", "SELECT * FROM ({})", "({})", "SELECT 1 UNION {}", "\ufeff{}",
)  # fmt: skip


def statements(count):
    """Yield statements, some of them cut off, or with a sign in them that belongs nowhere."""
    chance = random.Random(16)
    for _ in range(count):
        verb = chance.choice(VERBS).format(
            table=chance.choice(TABLES), function=chance.choice(FUNCTIONS), place="elsewhere.db"
        )
        sql = chance.choice(AROUND).replace("{}", verb)
        at = chance.randrange(len(sql))
        yield chance.choice((sql, sql, sql, sql[:at], sql[:at] + chance.choice("'\"`;$?\0\ud800🎉(") + sql[at:]))


def test_no_statement_writes_or_goes_unanswered(shop, console, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path(shop.path).parent
    before = hashlib.sha256(Path(shop.path).read_bytes()).hexdigest(), sorted(folder.iterdir())
    answered = 0
    for sql in [*statements(150), *WRITES[::4]]:
        answer = console.run(sql)
        assert ("table" in answer) != ("problem" in answer), sql
        assert answer.get("problem", "SQLite could").startswith(
            ("SQLite could", "Nothing was asked", "The question names")
        ), sql
        assert "root:" not in str(answer), sql
        answered += "table" in answer
    assert answered > 10  # not all of them are refused
    assert (hashlib.sha256(Path(shop.path).read_bytes()).hexdigest(), sorted(folder.iterdir())) == before
    assert list(tmp_path.iterdir()) == []
