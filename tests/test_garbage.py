"""Garbage: a thousand files of a fixed seed are each read or refused in a sentence, and none keeps anybody waiting."""

import gzip
import io
import json
import os
import random
import signal
import sqlite3
import zipfile
from contextlib import closing

import duckdb
import openpyxl
import pandas as pd
import pytest

from shopboard.importing.form import ImportForm
from shopboard.importing.preview import Trial
from shopboard.importing.proposal import PLACES, propose, proposed_selects, what_is_lacking
from shopboard.importing.raw import MOST_COLUMNS
from shopboard.importing.source import opened_source
from shopboard.problems import ShopProblem

FILES, BATCHES = 1_000, 20
SECONDS = 10  # of work, for one file; a busy machine takes nothing from them
SIGNS = ",;\t|\"'\n\r\0\x1a =-+#%?/\\_.:()[]{}<>@$€£¥°ßüÃ¼éÉ–“”…½²ığşżЖяשع中にのハ한ไ😀\u200b\ufeff\ufffd"
WORDS = (
    "order",
    "id",
    "#",
    "Datum",
    "day",
    "total",
    "price",
    "qty",
    "Menge",
    "customer",
    "email",
    "Produkt",
    "status",
    "Région",
    "%",
)
VALUES = (
    "1",
    "0",
    "-3",
    "2025-01-31",
    "31.12.2024",
    "1/2/25",
    "9.50",
    "1.234,56",
    "(12)",
    "€ 7",
    "1e999",
    "nan",
    "NULL",
    "paid",
    "",
)
CODECS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-32",
    "cp1252",
    "cp850",
    "cp1251",
    "gb18030",
    "cp932",
    "latin-1",
)
ENDS = ("\n", "\r\n", "\r", "\n\n", "\x0b", "\u2028")


class TooLong(BaseException):
    """A file took more work than it may."""


@pytest.fixture(autouse=True)
def limited():
    """A limit to the work that a file may take, which `opened` begins anew for each."""

    def stop(*_):
        raise TooLong

    before = signal.signal(signal.SIGPROF, stop)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)


def text_of(rng):
    """Return a text of signs and words at random."""
    return "".join(
        rng.choice(SIGNS) if rng.random() < 0.5 else rng.choice(WORDS + VALUES) for _ in range(rng.randrange(300))
    )


def table_of(rng):
    """Return a table that is nearly one: widths, quotes, separators and ends of lines go astray."""
    separator, end = rng.choice(",;\t|"), rng.choice(ENDS)
    width = rng.choice((1, 2, 5, 8, 8, 30))
    lines = [[rng.choice(WORDS) + rng.choice(("", " 2", "_no", "#")) for _ in range(width)]]
    for _ in range(rng.randrange(40)):
        line = [rng.choice(VALUES) for _ in range(max(0, width + rng.choice((0, 0, 0, 0, -1, 1))))]
        lines.append(
            [f'"{value}"' if rng.random() < 0.1 else '"' + value if rng.random() < 0.02 else value for value in line]
        )
    return end.join(separator.join(line) for line in lines) + end * rng.randrange(2)


def shop_of(rng):
    """Return a small export with nothing wrong in it."""
    lines = ["order_id,order_date,customer,product,quantity,total,status"]
    for n in range(rng.randrange(3, 40)):
        lines.append(
            f"{n},2025-{n % 12 + 1:02}-{n % 28 + 1:02},K{n % 5},P{n % 7},{n % 3 + 1},{n * 1.25:.2f},{rng.choice(('paid', 'open', 'lost'))}"
        )
    return "\n".join(lines) + "\n"


def document_of(rng, depth=0):
    """Return what JSON may hold, nested at random."""
    if depth > 4 or rng.random() < 0.4:
        return rng.choice((None, True, 7, -1.5, 10**30, *VALUES, "\ud83d", "a\0b", text_of(rng)[:20]))
    if rng.random() < 0.4:
        return [document_of(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice((*WORDS, "", "\udc00", "a.b")): document_of(rng, depth + 1) for _ in range(rng.randrange(5))}


def workbook_of(rng):
    """Return a workbook of one sheet."""
    book = openpyxl.Workbook()
    for line in shop_of(rng).splitlines():
        book.active.append(line.split(","))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def packed_of(rng):
    """Return a zip of an export and of what else may lie in one."""
    out = io.BytesIO()
    with zipfile.ZipFile(
        out, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2))
    ) as packed:
        packed.writestr("orders.csv", shop_of(rng))
        packed.writestr("more/x.json", json.dumps(document_of(rng)))
    return out.getvalue()


def stored_of(rng, folder):
    """Return a file of SQLite."""
    path = folder / "made.sqlite"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        pd.read_csv(io.StringIO(shop_of(rng))).to_sql("orders", connection)
    return path.read_bytes()


def columns_of(rng, folder):
    """Return a file of Parquet."""
    path = folder / "made.parquet"
    duckdb.execute(
        f"COPY (SELECT range AS id, 'P' || range AS product, DATE '2025-01-01' AS day, 1.5 AS total FROM range({rng.randrange(1, 50)})) TO '{path}'"
    )
    return path.read_bytes()


def spoiled(rng, content):
    """Return some bytes with a few of them flipped, left out, doubled or cut off."""
    content = bytearray(content)
    for _ in range(rng.choice((0, 0, 1, 1, 3))):
        at = rng.randrange(len(content) + 1)
        way = rng.choice((0, 0, 0, 1, 2, 2, 3, 3, 4))
        if way == 0 and at < len(content):
            content[at] ^= 1 << rng.randrange(8)
        elif way == 1:
            del content[at : at + rng.randrange(1, 30)]
        elif way == 2:
            content[at:at] = content[max(0, at - 40) : at]
        elif way == 3:
            content[at:at] = rng.choice((b'"', b"\0", b"\n", b'""', b"\xff", b";", "Ä".encode()))
        else:
            del content[at:]
    return bytes(content)


KINDS = {  # how a name ends -> what is written before it is spoiled; most exports are texts
    ".csv": lambda rng, _: rng.randbytes(rng.randrange(2_000)),
    ".txt": lambda rng, _: text_of(rng).encode(rng.choice(CODECS), "replace"),
    ".tsv": lambda rng, _: table_of(rng).encode(rng.choice(CODECS), "replace"),
    ".CSV": lambda rng, _: table_of(rng).encode(rng.choice(CODECS), "replace"),
    ".tab": lambda rng, _: shop_of(rng).encode(rng.choice(CODECS), "replace"),
    ".csv.gz": lambda rng, _: gzip.compress(shop_of(rng).encode()),
    ".json": lambda rng, _: json.dumps([document_of(rng) for _ in range(rng.randrange(9))]).encode(),
    ".jsonl": lambda rng, _: "\n".join(json.dumps(document_of(rng)) for _ in range(rng.randrange(9))).encode(),
    ".xlsx": lambda rng, _: workbook_of(rng),
    ".zip": lambda rng, _: packed_of(rng),
    ".sqlite": stored_of,
    ".parquet": columns_of,
}


def garbage(number, folder):
    """Write the file of this number and return its path."""
    rng = random.Random(number)
    end = rng.choice((*KINDS, ".tsv", ".CSV", ".tab", ".tab"))
    content = spoiled(rng, KINDS[end](rng, folder))
    path = folder / f"orders{number}{end if rng.random() < 0.95 else rng.choice(list(KINDS))}"
    path.write_bytes(content)
    return path


def look_at(settings):
    """Read a source, propose what it means and count it, as the form does; return the problem if there is one."""
    try:
        with opened_source(settings.source) as connection:
            proposal = propose(connection)
            if not what_is_lacking(proposal, PLACES):
                with closing(Trial(settings)) as trial:
                    trial.preview(proposal, proposed_selects(proposal))
    except ShopProblem as problem:
        return problem
    except sqlite3.DatabaseError as problem:  # of a damaged file of its own, of which the form says so
        if ".sqlite" not in settings.source:
            raise
        return problem
    return None


@pytest.mark.parametrize("batch", range(BATCHES))
def test_garbage_is_read_or_refused_in_a_sentence(batch, make_settings, tmp_path):
    for number in range(batch, FILES, BATCHES):
        path = garbage(number, tmp_path)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            problem = look_at(make_settings(source=str(path), database=str(tmp_path / "x.db")))
        except BaseException as error:
            raise AssertionError(f"{path.name}, of number {number}") from error
        if isinstance(problem, ShopProblem):
            assert "\n" not in str(problem), path.name
            assert str(problem).endswith("."), path.name
        path.unlink()


def test_half_of_it_is_read(make_settings, tmp_path):
    """Garbage that is all refused at the door would test the door alone."""
    problems = [
        look_at(make_settings(source=str(garbage(number, tmp_path)), database=str(tmp_path / "x.db")))
        for number in range(0, FILES, 20)
    ]
    assert 0.3 < sum(problem is None for problem in problems) / len(problems) < 0.9


# Ordinary files that stopped it once


ORDERS = "{},order_date,product,quantity,total\n" + "".join(
    f"{n},2025-01-{n:02},Lamp,1,{n}.50\n" for n in range(13, 29)
)


def shown(form):
    """Return the sentence in which a form tells the figures."""
    return form.counted.figures.value


@pytest.fixture
def form_of(make_settings, tmp_path):
    """A function that makes the form of a source."""
    made = []

    def form_of(source):
        source = source if isinstance(source, pd.DataFrame | dict) else str(source)
        made.append(ImportForm(make_settings(source=source, database=str(tmp_path / "own.db")), lambda _: "Loaded."))
        return made[-1]

    yield form_of
    for form in made:
        form.close()


@pytest.mark.parametrize("heading", ["#", "%", "-", "?", "😀", "№", "…", "_", "a\0b"])
def test_a_heading_of_signs(form_of, tmp_path, heading):
    path = tmp_path / "sales.csv"
    path.write_text(ORDERS.format(heading), encoding="utf-8")
    assert "16 lines, 336.00, January 2025; nothing set aside." in shown(form_of(path))


def test_headings_of_signs_refer_to_nothing(tmp_path):
    (tmp_path / "sales.csv").write_text(ORDERS.format("#"))
    (tmp_path / "days.csv").write_text("%,weather\n" + "".join(f"{n},fine\n" for n in range(13, 29)))
    with opened_source(str(tmp_path)) as connection:
        assert propose(connection).links == {}


HALF = "\ud83d"  # the first half of an emoji


def test_half_a_letter_in_json(form_of, tmp_path):
    path = tmp_path / "sales.json"
    rows = [
        {"day": f"2025-01-{n}", "product" + HALF: f"Lamp {HALF}" if n == 15 else "Lamp", "total": n}
        for n in range(13, 29)
    ]
    path.write_text(json.dumps(rows))
    form = form_of(path)
    assert "16 lines, 328.00" in shown(form)
    assert form.connection.execute("SELECT \"product�\" FROM sales WHERE day = '2025-01-15'").fetchall() == [
        ("Lamp �",)
    ]
    assert "a name holds half a letter" in form.headline.value
    assert "the text of 1 row holds half a letter" in form.headline.value


def test_half_a_letter_in_a_dataframe(form_of):
    frame = pd.DataFrame(
        {"day": ["2025-01-13", "2025-01-14"], "product": ["Lamp", HALF], "total": [1.5, 2.5]}, dtype=object
    )
    form = form_of({f"sales{HALF}": frame})
    assert "2 lines, 4.00" in shown(form)
    assert form.connection.execute('SELECT product FROM "sales�"').fetchall() == [("Lamp",), ("�",)]
    assert "half a letter" in form.headline.value


def test_half_a_letter_in_utf_16(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_bytes("day,product\n2025-01-13,L\ud83dmp\n2025-01-14,Rug\n".encode("utf-16", "surrogatepass"))
    with opened_source(str(path)) as connection:
        assert connection.execute("SELECT product FROM sales").fetchall() == [("L�mp",), ("Rug",)]


@pytest.mark.parametrize("end", ["csv", "json", "parquet", "duckdb", "sqlite"])
def test_a_file_name_that_is_no_utf_8(form_of, tmp_path, end):
    path = tmp_path / os.fsdecode(b"sales M\xfcller." + end.encode())
    made = tmp_path / f"made.{end}"
    if end == "csv":
        made.write_text(ORDERS.format("id"))
    elif end == "json":
        made.write_text(pd.read_csv(io.StringIO(ORDERS.format("id"))).to_json(orient="records"))
    elif end == "sqlite":
        with closing(sqlite3.connect(made)) as connection:
            pd.read_csv(io.StringIO(ORDERS.format("id"))).to_sql("sales", connection)
    else:
        made.write_bytes(b"")
        made.unlink()
        select = "SELECT range AS id, DATE '2025-01-13' AS order_date, 'Lamp' AS product, 1 AS quantity, 21.0 AS total FROM range(16)"
        if end == "parquet":
            duckdb.execute(f"COPY ({select}) TO '{made}'")
        else:
            with duckdb.connect(str(made)) as database:
                database.execute(f"CREATE TABLE sales AS {select}")
    try:
        made.rename(path)
    except OSError:
        pytest.skip("this system has no such names")
    if end in ("parquet", "duckdb"):
        with pytest.raises(ShopProblem, match=r"sales M�ller.* has a name that is no UTF-8.*rename it"):
            form_of(path)
        return
    form = form_of(path)
    assert "16 lines, 336.00" in shown(form)
    assert "sales M�ller" in form.headline.value
    form.headline.value.encode()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_or_a_loop_of_links(make_settings, tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "loop.csv").symlink_to("back.csv")
    (tmp_path / "back.csv").symlink_to("loop.csv")
    for name in ("pipe.csv", "loop.csv"):
        problem = look_at(make_settings(source=str(tmp_path / name), database=str(tmp_path / "x.db")))
        assert "is no file but a pipe, a device or a link that leads nowhere" in str(problem)
    problem = look_at(make_settings(source=str(tmp_path), database=str(tmp_path / "x.db")))
    assert "there is no CSV file in it" in str(problem)
    (tmp_path / "loop").symlink_to("loop")
    problem = look_at(make_settings(source=str(tmp_path / "loop" / "a.csv"), database=str(tmp_path / "x.db")))
    assert "there is no such file or folder" in str(problem)


WIDE = 40_000


@pytest.mark.parametrize(
    "header",
    [
        ",".join(f"column {n}" for n in range(WIDE)),
        ",".join(["total"] * WIDE),
        "day,total" + "," * WIDE,
        ";".join(f"a,{n}" for n in range(WIDE)),
    ],
    ids=["names", "one name", "no names", "two separators"],
)
def test_forty_thousand_columns(tmp_path, header):
    path = tmp_path / "sales.csv"
    path.write_text(header + "\n" + ("2025-01-13" + header.count(";") * ";1" + header.count(",") * ",1" + "\n") * 100)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    with (
        pytest.raises(ShopProblem, match=r"columns, and a table can have 1,900|has no header"),
        opened_source(str(path)),
    ):
        pass


def test_forty_thousand_columns_of_which_two_have_names(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("day,total" + "," * WIDE + "\n" + ("2025-01-13,1" + "," * WIDE + "\n") * 100)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    with opened_source(str(path)) as connection:
        assert connection.execute("SELECT COUNT(*), SUM(total) FROM sales").fetchone() == (100, 100)


def test_as_many_columns_as_there_may_be(tmp_path):
    path = tmp_path / "sales.csv"
    names = [f"answer {n}" for n in range(MOST_COLUMNS - 2)]
    path.write_text(
        "\n".join(
            ",".join(line)
            for line in (
                ["day", "total", *names],
                *([f"2025-01-{n}", "1.50", *map(str, range(n, n + len(names)))] for n in range(10, 31)),
            )
        )
    )
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    with opened_source(str(path)) as connection:
        propose(connection)


@pytest.mark.parametrize("line", ["x", "", '""', '"', "a,b", 'a,"', '""",""'])
@pytest.mark.parametrize(("size", "ends"), [(3_000_000, True), (300_000, False)])
def test_a_quote_of_very_many_lines(tmp_path, line, size, ends):
    path = tmp_path / "sales.csv"
    path.write_text(
        'day,total\n2025-01-13,"' + f"{line}\n" * (size // (len(line) + 1)) + '"\n' * ends + "2025-01-14,2\n" * ends
    )
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with opened_source(str(path)):
            pass
    except ShopProblem as problem:
        assert "sales.csv" in str(problem)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"a": ' + "[" * 100_000, "cut off or damaged|too deep"),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, "too deep"),
        ('{"a": ' + "[" * 900 + "1" + "]" * 900 + "}", ""),
        ('[{"a": ' + "9" * 5_000 + "}]", "cut off or damaged"),
    ],
)
def test_json_beyond_measure(tmp_path, content, said):
    path = tmp_path / "sales.json"
    path.write_text(content)
    if not said:
        with opened_source(str(path)) as connection:
            assert connection.execute("SELECT COUNT(*) FROM sales").fetchone() == (1,)
        return
    with pytest.raises(ShopProblem, match=said), opened_source(str(path)):
        pass


def test_a_zip_within_a_zip(tmp_path):
    content = ORDERS.format("id").encode()
    for depth in range(6):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as packed:
            packed.writestr("sales.csv" if depth == 0 else "sales.zip", content)
        content = out.getvalue()
        (tmp_path / f"{depth}.zip").write_bytes(content)
    with opened_source(str(tmp_path / "1.zip")) as connection:
        assert connection.execute("SELECT COUNT(*) FROM sales").fetchone() == (16,)
    with pytest.raises(ShopProblem, match="packed within packed files"), opened_source(str(tmp_path / "5.zip")):
        pass


def test_long_texts_are_no_numbers(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("day,note,total\n" + f"2025-01-13,{' ' * 100_000}x,1.50\n" * 20)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    with opened_source(str(path)) as connection:
        assert propose(connection).matches["orders", "total_amount"].column.name == "total"


def test_a_word_of_many_parts_is_read_in_good_time(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_bytes(b"day,note\n" + b"2025-01-13," + b"a.b-c:d/" * 20 + b"\xe9\xd7\x98\n")
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    with opened_source(str(path)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM sales").fetchone() == (1,)
