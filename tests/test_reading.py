"""Any form of a shop's export becomes the same raw tables, and what is odd about it is said."""

import csv
import datetime
import gzip
import io
import json
import re
import sqlite3
import zipfile

import duckdb
import openpyxl
import pandas as pd
import pytest
from conftest import METABASE
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shopboard.building import fingerprint
from shopboard.database import quoted, table_names
from shopboard.importing.encodings import MENDINGS
from shopboard.importing.raw import HELD, NOTHING, raw_tables, source_name
from shopboard.importing.source import opened_source
from shopboard.importing.values import day, read_number
from shopboard.problems import ShopProblem

HEADER = ["order", "day", "product", "total"]
ROWS = [["1", "2025-01-31", "Lamp", "9.50"], ["2", "2025-02-01", "Rug, blue", "12.00"], ["3", "2025-02-02", "NA", ""]]
STORED = [
    ["1", "2025-01-31", "Lamp", "9.50"],
    ["2", "2025-02-01", "Rug, blue", "12.00"],
    ["3", "2025-02-02", "NA", None],
]


def read(source, encodings=None):
    """Return the raw tables of a source, name -> rows of dictionaries."""
    with opened_source(source if not hasattr(source, "is_file") else str(source), encodings) as connection:
        connection.row_factory = sqlite3.Row
        return {
            name: [dict(row) for row in connection.execute(f"SELECT * FROM {quoted(name)}")]
            for name in table_names(connection)
        }


def values(rows):
    """Return the rows without the place that they came from."""
    return [[value for name, value in row.items() if name != "_line"] for row in rows]


def places(rows):
    return [row["_line"] for row in rows]


def as_csv(rows=(HEADER, *ROWS), **form):
    out = io.StringIO(newline="")
    csv.writer(out, **{"lineterminator": "\n", **form}).writerows(rows)
    return out.getvalue()


def refused(source, *mentioned, encodings=None):
    """The source is refused by one sentence that mentions these words."""
    with pytest.raises(ShopProblem) as raised:
        read(source, encodings)
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    for word in mentioned:
        assert word in sentence, sentence


@pytest.fixture
def file(tmp_path):
    """A function that writes a file into an empty folder."""
    (tmp_path / "source").mkdir()

    def file(name, content):
        path = tmp_path / "source" / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return file


# Text: separators, quotes, headers


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_quotes_and_line_ends(file, separator, quoting, end):
    tables = read(file("orders.csv", as_csv(delimiter=separator, quoting=quoting, lineterminator=end)))
    assert values(tables["orders"]) == STORED
    assert list(tables["orders"][0]) == [*HEADER, "_line"]
    assert places(tables["orders"]) == [f"orders.csv, line {n}" for n in (2, 3, 4)]
    (said,) = tables["files_read"]
    assert (said["file"], said["table_name"], said["separator"], said["lines"]) == (
        "orders.csv",
        "orders",
        separator,
        3,
    )
    assert said["note"] == ""


@pytest.mark.parametrize(
    ("text", "header", "rows", "note"),
    [
        ("sep=;\na;b\n1;2,5\n", ["a", "b"], [["1", "2,5"]], ""),
        ("price;tax\n1,5;2,5\n3,5;4,5\n", ["price", "tax"], [["1,5", "2,5"], ["3,5", "4,5"]], ""),
        ("a,b,c,,\n1,2,3,,\n", ["a", "b", "c"], [["1", "2", "3"]], ""),
        ("a,b,c\n1,2,3,\n4,5,6,\n", ["a", "b", "c"], [["1", "2", "3"], ["4", "5", "6"]], ""),
        ("a,,c\n1,2,3\n", ["a", "column 2", "c"], [["1", "2", "3"]], ""),
        ("Name,name, Name \n1,2,3\n", ["Name", "name (2)", "Name (3)"], [["1", "2", "3"]], ""),
        ('"a","_line"\n"1","2"\n', ["a", "_line (2)"], [["1", "2"]], ""),
        ('"two\nlines",b\n1,2\n', ["two lines", "b"], [["1", "2"]], ""),
        ('"id","name"\n"1",7,"Lamp"\n"2",8,"Rug"\n', ["column 1", "id", "name"], [["1", "7", "Lamp"], ["2", "8", "Rug"]], ""),
        ('"a,b,c"\n"1,x,""y, z"""\n', ["a", "b", "c"], [["1", "x", "y, z"]], ""),
        ('a,b,c\n"1,x,""y, z"""\n2,x,y\n', ["a", "b", "c"], [["1", "x", "y, z"], ["2", "x", "y"]], ""),
        ("My shop\nJanuary 2025\n\na,b,c\n1,2,3\n4,5,6\n", ["a", "b", "c"], [["1", "2", "3"], ["4", "5", "6"]], "2 title lines before the header set aside: My shop / January 2025"),
        ("Report;;\na;b;c\n1;2;3\n", ["a", "b", "c"], [["1", "2", "3"]], "1 title line"),
        ("a,b\n1,2\n,\n3,4\nTotal,6\n", ["a", "b"], [["1", "2"], ["3", "4"], ["Total", "6"]], ""),
        ('a,b\n1,"x" y\n2,z\n', ["a", "b"], [["1", '"x" y'], ["2", "z"]], "1 line with stray quotes"),
        ('a,b\n1,"19 inch\n2,z\n3,w\n', ["a", "b"], [["1", '"19 inch'], ["2", "z"], ["3", "w"]], "1 line with stray"),
        ('a,b\n1,5" pipe\n2,"z"\n', ["a", "b"], [["1", '5" pipe'], ["2", "z"]], ""),
        ('a,b\n1,"19 inch\n2,z\n3,"w"\n', ["a", "b"], [["1", '"19 inch'], ["2", "z"], ["3", "w"]], "1 line with stray"),
        ('a,b,c\n1,"x\n2,y"\n3,4,5\n', ["a", "b", "c"], [["3", "4", "5"]], ""),
        ('a,b,c,d\n1,"x,y,z\n2,x",y,z\n3,x,y,z\n', ["a", "b", "c", "d"], [["1", '"x', "y", "z"], ["2", 'x"', "y", "z"], ["3", "x", "y", "z"]], "1 line"),
        ('a,b,c,d\n1,"x\ny, z",y,z\n', ["a", "b", "c", "d"], [["1", "x\ny, z", "y", "z"]], ""),
        ("a,b\r\n1,2\n3,4\r5,6", ["a", "b"], [["1", "2"], ["3", "4"], ["5", "6"]], ""),
    ],
)  # fmt: skip
def test_odd_csv(file, text, header, rows, note):
    tables = read(file("orders.csv", text))
    assert list(tables["orders"][0]) == [*header, "_line"]
    assert values(tables["orders"]) == rows
    (said,) = tables["files_read"]
    assert said["note"].startswith(note) if note else said["note"] == ""


def test_a_single_column_of_ids(file):
    assert values(read(file("customers.csv", '"customer_id"\n1\n2\n'))["customers"]) == [["1"], ["2"]]


def test_a_nul_is_no_sign_of_utf_16(file):
    tables = read(file("o.csv", "a,b\n1,x\n2,y\0z\n3,w\n"))
    assert len(tables["o"]) + len(tables["unreadable_lines"]) == 3


def test_places_are_physical_lines(file):
    tables = read(file("o.csv", 'Shop\n\na,b\n1,"two\nlines"\n\n2,"stray" x\n3\n4,5,6\n7,8\n'))
    assert places(tables["o"]) == ["o.csv, line 4", "o.csv, line 7", "o.csv, line 10"]
    bad = [(row["line"], row["reason"], json.loads(row["content"])) for row in tables["unreadable_lines"]]
    assert bad == [
        (8, "the line has 1 fields where the header has 2", ["3"]),
        (9, "the line has 3 fields where the header has 2", ["4", "5", "6"]),
    ]


def test_secret_columns_are_not_copied(file):
    names = [
        "id",
        "Password",
        "user_pwd",
        "Kreditkartennummer",
        "card_number",
        "Contraseña",
        "name",
        "api-key",
        "Mot de passe",
        "CVV",
    ]
    tables = read(file("users.csv", as_csv([names, [f"v{n}" for n in range(10)], ["1", "hunter2", "3"]])))
    assert values(tables["users"]) == [["v0", "v6"]]
    assert "not copied, since secret: Password, user_pwd" in tables["files_read"][0]["note"]
    assert tables["unreadable_lines"][0]["content"] is None  # nobody knows which of its fields is the password


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("orders.csv", b"", ("orders.csv is empty",)),
        ("orders.csv", b"only\n1\n2\n", ("single column", "'only'", "commas")),
        ("orders.csv", b"1,2\n3,4\n", ("has no header",)),
        ("orders.csv", b"a,b,c\n1,2,3\n4,5", ("cut off", "line 3", "export it again")),
        ("orders.csv", b'a,b\n1,2\n3,"and so', ("cut off", "line 3")),
        ("orders.csv", b'a,b\n1,2\n3,"two\nlines and so', ("cut off", "line 3")),
        ("orders.csv", "a,b\n1,ä\n3,4ü".encode()[:-1], ("cut off",)),
        ("orders.csv", "a,b\n1,ä\n".encode("utf-16")[:-1], ("cut off",)),
        ("orders.csv", b"PK\x03\x04 and so on", ("cut off",)),
        ("orders.csv", b"<!DOCTYPE html><html>", ("HTML",)),
        ("orders.csv", b"%PDF-1.7", ("PDF",)),
        ("orders.csv", b'[{"a": 1}]', ("JSON", "rename it")),
        ("orders.csv", b"SQLite format 3\0", ("SQLite",)),
        ("orders.csv", b"\x1f\x8b\x08", ("gzip",)),
        ("orders.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], ("cut off or damaged",)),
        ("orders.xml", b"<?xml version='1.0'?><orders/>", ("is XML, which is not read", ".xlsx", "CSV")),
        ("orders.xml", b"<orders><order/></orders>", ("is XML, which is not read",)),
        ("shop.sql", b"-- dump\nCREATE TABLE a (b int);", ("is an SQL dump, which is not read", "URL")),
        ("shop.csv", b"-- MySQL dump\n\n/*!40101 SET a */;\nDROP TABLE IF EXISTS a;\n", ("but an SQL dump", "URL")),
        ("shop.tgz", gzip.compress(b"x" * 257 + b"ustar", mtime=0), ("a tar archive", "unpack it")),
        ("orders.csv", b"day,name,total\n" + b"2025-01-31,Lamp,9,50\n" * 3, ("more fields", "semicolons")),
        ("orders.csv", b"id,total\n" + b"".join(b"%d,9,50\n" % n for n in range(12)), ("more fields",)),
        ("orders.json", b'[{"a": 1}, {"a"', ("cut off",)),
        ("orders.xls", b"a\tb\n1\t2\n", ("text", "rename it to end in .csv")),
        ("orders.xlsx", b"PK\x03\x04 and so on", ("cut off",)),
        ("orders.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ("cut off or damaged",)),
        ("orders.parquet", b"PAR1 and so on", ("cut off",)),
        ("orders.zip", b"PK\x03\x04 and so on", ("cut off",)),
        ("orders.json", b'[\n{"a": 1},\n{"a": 2},\n{"a"', ("cut off",)),
        ("orders.json", b'{"orders": [{"a": 1}, {"a"', ("cut off",)),
        ("orders.jsonl", b'{"a": 1}\n{"a"', ("cut off",)),
        ("orders.json", b"a,b\n1,2\n", ("text",)),
        ("orders.json", b"[]", ("no object",)),
    ],
)
def test_what_is_refused(file, name, content, said):
    refused(file(name, content), name, *said)


def test_a_database_that_is_cut_off(tmp_path):
    path = tmp_path / "shop.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE a (b); INSERT INTO a VALUES (1); CREATE TABLE c (d);")
    connection.close()
    path.write_bytes(path.read_bytes()[:-4096])
    refused(path, "shop.sqlite", "cut off")


# Encodings

WORDS = {
    "Müller": ("Müller", "Straße", "Größe", "Café", "Übergröße"),
    "français": ("français", "été", "Noël", "garçon", "œuvre"),
    "español": ("español", "niño", "Málaga", "corazón", "¿qué?"),
    "português": ("português", "São", "ação", "avó", "Conceição"),
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp850"]
)
def test_encodings_are_told_apart(file, words, codec):
    if codec == "cp850":
        words = [word for word in words if "œ" not in word]
    content = as_csv([["id", "name"], *([str(n), word] for n, word in enumerate(words))])
    tables = read(file("names.csv", content.encode(codec)))
    assert [row["name"] for row in tables["names"]] == list(words)
    assert tables["doubts"] == []
    label = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "cp1252": "Windows-1252", "cp850": "DOS code page 850"}.get(codec)
    assert tables["files_read"][0]["encoding"] == label or codec.startswith("utf")
    if label not in ("UTF-8", None):
        assert tables["files_read"][0]["note"] == f"read as {label}"


@pytest.mark.parametrize(
    ("codec", "words"),
    [
        ("cp1251", ("Иван", "Лампа настольная", "москва")),
        ("koi8_r", ("Иван", "Лампа настольная", "Москва")),
        ("cp1250", ("Łódź", "Gdańsk", "źródło", "żółty")),
        ("cp1253", ("Αθήνα", "λάμπα")),
        ("mac_roman", ("Müller", "Straße", "Café")),
        ("gb18030", ("台灯", "北京市")),
    ],
)
def test_doubtful_encodings_are_asked_about(file, codec, words):
    content = as_csv([["id", "name"], *([str(n), word] for n, word in enumerate(words))]).encode(codec)
    tables = read(file("names.csv", content))
    (doubt,) = tables["doubts"]
    options = json.loads(doubt["options"])
    assert doubt["file"] == "names.csv"
    assert codec in options.values()
    (label,) = [label for label, option in options.items() if option == codec]
    assert words[0].split()[0] in label
    tables = read(file("names.csv", content), {"names.csv": codec})
    assert [row["name"] for row in tables["names"]] == list(words)
    assert tables["doubts"] == []


def test_an_answer_about_an_encoding_must_make_sense(file):
    refused(file("o.csv", as_csv()), "o.csv", "'klingon'", encodings={"o.csv": "klingon"})
    refused(file("o.csv", as_csv()), "other.csv", encodings={"other.csv": "cp850"})
    refused(file("o.json", '[{"a": 1}]'), "o.json", "'klingon'", encodings={"o.json": "klingon"})


def test_mixed_encodings_lose_nothing(file):
    content = "id,name\n1,Müller\n2,Café\n3,".encode() + "Größe\n".encode("cp1252") + b"4,\x81\n"
    tables = read(file("names.csv", content * 1))
    assert [row["name"] for row in tables["names"]] == ["Müller", "Café", "Größe", "\x81"]
    assert len(tables["doubts"]) == 1


# Other forms


def workbook(**sheets):
    """Return an .xlsx with these sheets of rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook(file):
    day = datetime.datetime(2025, 1, 31)
    orders = [
        ["Shop Ltd"],
        [],
        ["id", "day", "total", "paid", None],
        [1, day, 9.5, True],
        ["0042", day.replace(hour=9, minute=30), 12, False],
        ["Total", None, 21.5],
    ]
    content = workbook(Orders=orders, Returns=[["id", "why"], [1, "broken"]], Cover=[["Only this"]], Empty=[])  # fmt: skip
    tables = read(file("shop.xlsx", content))
    assert values(tables["Orders"]) == [
        [1, "2025-01-31", 9.5, 1],
        ["0042", "2025-01-31 09:30:00", 12, 0],
        ["Total", None, 21.5, None],
    ]
    assert places(tables["Orders"]) == [f"shop.xlsx [Orders], row {n}" for n in (4, 5, 6)]
    assert values(tables["Returns"]) == [[1, "broken"]]
    assert set(tables) == {*HELD, "Orders", "Returns"}
    notes = {row["table_name"]: row["note"] for row in tables["files_read"]}
    assert notes == {"Orders": "1 title line before the header set aside: Shop Ltd", "Returns": ""}


def test_a_workbook_of_one_sheet_is_named_like_its_file(file):
    assert "orders" in read(file("orders.xlsx", workbook(Whatever=[HEADER, *ROWS])))
    assert "orders" in read(file("orders.xlsx", workbook(Tabelle1=[HEADER, *ROWS], Tabelle2=[])))
    refused(file("orders.xlsx", workbook(Cover=[["x"]])), "orders.xlsx [Cover]", "names its columns")


def test_sheets_of_years_are_one_table(file):
    content = workbook(**{"Year 2009-2010": [HEADER, ROWS[0]], "Year 2010-2011": [HEADER, ROWS[1]]})
    tables = read(file("online_retail.xlsx", content))
    assert places(tables["Year"]) == [
        f"online_retail.xlsx [Year {years}], row 2" for years in ("2009-2010", "2010-2011")
    ]


def test_parquet(tmp_path):
    path = tmp_path / "orders.parquet"
    duckdb.execute(
        f"""
        COPY (
            SELECT * FROM (VALUES
                (1, DATE '2025-01-31', TIMESTAMPTZ '2025-01-31 09:30:00+00', 9.50::DECIMAL(10, 2),
                 {{'city': 'Ulm', 'geo': {{'lat': 48.4}}}}, ['a', 'b'], TRUE),
                (2, NULL, TIMESTAMPTZ '2025-01-31 09:30:00+00', 12.00, NULL, [], FALSE)
            ) AS lines (id, day, "at", total, address, tags, paid)
        ) TO '{path}' (FORMAT parquet)
        """
    )
    rows = read(path)["orders"]
    assert list(rows[0]) == ["id", "day", "at", "total", "address.city", "address.geo.lat", "tags", "paid", "_line"]
    assert values(rows) == [
        [1, "2025-01-31", "2025-01-31 09:30:00+00", 9.5, "Ulm", 48.4, '["a", "b"]', 1],
        [2, None, "2025-01-31 09:30:00+00", 12, None, None, "[]", 0],
    ]
    assert places(rows) == ["orders.parquet, row 1", "orders.parquet, row 2"]
    path.write_bytes(path.read_bytes()[:-100])
    refused(path, "orders.parquet", "cut off")


DOCUMENTS = [
    {"id": 7, "customer": {"id": "c1", "name": "Ann"}, "items": [{"sku": "L", "qty": 1}, {"sku": "R"}], "tags": ["x"], "paid": True},
    {"id": 8, "customer": {"id": "c2"}, "items": [], "note": "Zoë \"q\" [x] }", "big": 2**70},
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("orders.jsonl", "\n".join(map(json.dumps, DOCUMENTS)), (1, 2)),
        (
            "orders.ndjson",
            "\n".join(json.dumps(document, ensure_ascii=False) for document in DOCUMENTS) + "\n\n",
            (1, 2),
        ),
        ("orders.json", json.dumps(DOCUMENTS), (1, 1)),
        ("orders.json", json.dumps(DOCUMENTS, indent=2), (2, 22)),
        ("orders.json", "[" + ",\n".join(map(json.dumps, DOCUMENTS)) + "]\n", (1, 2)),
    ],
)
def test_json(file, name, content, lines):
    tables = read(file(name, content))
    rows = tables["orders"]
    assert [{key: value for key, value in row.items() if value is not None and key != "_line"} for row in rows] == [
        {"id": 7, "customer.id": "c1", "customer.name": "Ann", "tags": '["x"]', "paid": 1},
        {"id": 8, "customer.id": "c2", "items": "[]", "note": 'Zoë "q" [x] }', "big": str(2**70)},
    ]
    assert places(rows) == [f"{name}, line {line}" for line in lines]
    assert values(tables["orders_items"]) == [[7, "L", 1], [7, "R", None]]
    assert list(tables["orders_items"][0]) == ["orders_id", "sku", "qty", "_line"]


def test_one_object_that_holds_lists(file):
    content = json.dumps({"orders": DOCUMENTS, "customers": [{"id": "c1"}]}, indent=1)
    tables = read(file("shop.json", content))
    assert [row["id"] for row in tables["shop_orders"]] == [7, 8]
    assert values(tables["shop_customers"]) == [["c1"]]
    assert values(tables["shop_orders_items"]) == [[7, "L", 1], [7, "R", None]]


def test_lines_that_are_no_json_are_set_aside(file):
    tables = read(file("o.jsonl", '{"a": 1}\n{"a": \n\n{"a": 3}\n'))
    assert places(tables["o"]) == ["o.jsonl, line 1", "o.jsonl, line 4"]
    assert [(row["line"], row["content"]) for row in tables["unreadable_lines"]] == [(2, '["{\\"a\\":"]')]


def test_dataframes():
    frame = pd.DataFrame(
        {
            "id": [1, 2],
            "day": pd.to_datetime(["2025-01-31", None]),
            "total": [9.5, None],
            "kind": pd.Categorical(["a", None]),
            "count": pd.array([None, 3], dtype="Int64"),
            "password": ["x", "y"],
        }
    )
    tables = read(frame)
    assert values(tables["orders"]) == [[1, "2025-01-31", 9.5, "a", None], [2, None, None, None, 3]]
    assert places(tables["orders"]) == ["orders, row 1", "orders, row 2"]
    tables = read({"sales": frame, "people": frame.set_index("id")})
    assert list(tables["sales"][0]) == list(tables["people"][0]) == ["id", "day", "total", "kind", "count", "_line"]


def test_settings_take_dataframes_and_hide_passwords(make_settings, shop_design):
    frame = pd.DataFrame({"id": [1]})
    settings = make_settings(source=frame)
    assert not settings.is_sample
    assert settings.name == "My shop"
    before = fingerprint(settings, shop_design)
    assert before == fingerprint(make_settings(source=frame.copy()), shop_design)
    assert before != fingerprint(make_settings(source=frame + 1), shop_design)
    assert before != fingerprint(make_settings(source={"orders": frame}), shop_design)
    assert make_settings(source="postgresql://me:hunter2@host/webshop").name == "webshop"
    assert "hunter2" not in source_name("postgresql://me:hunter2@host/webshop")
    with pytest.raises(ShopProblem, match="`source`"):
        make_settings(source={"orders": [1]})


def test_duckdb(tmp_path):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as database:
        database.execute(
            "CREATE TABLE orders AS SELECT 1 AS id, DATE '2025-01-31' AS day, 9.50::DECIMAL(9,2) AS total, {'a': 1} AS more"
        )
        database.execute("CREATE VIEW older AS SELECT id FROM orders")
    for name in ("shop.duckdb", "shop.db"):
        tables = read((tmp_path / "shop.duckdb").rename(tmp_path / name))
        assert values(tables["orders"]) == [[1, "2025-01-31", 9.5, 1]]
        assert list(tables["orders"][0])[3] == "more.a"
        assert "older" not in tables  # a view holds what the tables hold
        (tmp_path / name).rename(tmp_path / "shop.duckdb")
    with duckdb.connect(str(tmp_path / "views.duckdb")) as database:
        database.execute("CREATE VIEW older AS SELECT 1 AS id")
    assert places(read(tmp_path / "views.duckdb")["older"]) == ["views.duckdb [older], row 1"]


def test_a_url(make_settings, shop_design, tmp_path):
    pytest.importorskip("sqlalchemy")
    connection = sqlite3.connect(tmp_path / "server.db")
    connection.executescript(
        'CREATE TABLE "my orders" (id, "a:b"); INSERT INTO "my orders" VALUES (1, 2.5); CREATE VIEW v AS SELECT 1 AS one;'
    )
    url = f"sqlite:///{tmp_path / 'server.db'}"
    tables = read(url)
    assert values(tables["my orders"]) == [[1, 2.5]]
    assert places(tables["my orders"]) == [f"{url} [my orders], row 1"]
    assert "v" not in tables
    before = fingerprint(make_settings(source=url), shop_design)
    connection.execute('INSERT INTO "my orders" VALUES (2, 3)')
    connection.commit()
    connection.close()
    assert fingerprint(make_settings(source=url), shop_design) != before
    refused("sqlite:////nowhere/at/all.db", "cannot be read", "URL")
    refused("klingon://user:hunter2@host/shop", "correct the URL")


# Folders and zips


def test_months_are_one_table(file):
    for n, month in enumerate(("2025-01", "2025_02", "märz")):
        header = HEADER if n < 2 else HEADER[::-1]
        row = ROWS[n] if n < 2 else ROWS[n][::-1]
        path = file(f"sales {month}.csv", as_csv([header, row], delimiter=",;\t"[n]))
    tables = read(path.parent)
    assert values(tables["sales"]) == STORED[:1] + STORED[2:] + STORED[1:2] or len(tables["sales"]) == 3
    assert {row["product"] for row in tables["sales"]} == {"Lamp", "Rug, blue", "NA"}
    assert {row["table_name"] for row in tables["files_read"]} == {"sales"}
    assert sum(row["lines"] for row in tables["files_read"]) == 3


@pytest.mark.parametrize(
    "names",
    [("january", "february"), ("2024", "2025"), ("orders_north", "orders_south"), ("OrdersJan24", "OrdersFeb24")],
)
def test_names_that_belong_together(file, names):
    for name, row in zip(names, ROWS, strict=False):
        path = file(f"{name}.csv", as_csv([HEADER, row]))
    tables = read(path.parent)
    (name,) = set(tables) - set(HELD)
    assert len(tables[name]) == 2
    assert name == {"orders_north": "orders", "OrdersJan24": "Orders"}.get(names[0], sorted(names)[0])


def test_equal_headers_do_not_make_one_table_of_different_things(file):
    for name in ("customers", "products", "sales", "sales returns"):
        path = file(f"{name}.csv", as_csv())
    assert {"customers", "products", "sales", "sales returns"} <= set(read(path.parent))


def test_a_folder_of_everything(file, tmp_path):
    file("orders.csv", as_csv())
    file("stock.xlsx", workbook(Sheet1=[["sku", "stock"], ["L", 3]]))
    file("reviews.jsonl", '{"stars": 5}\n')
    file("README.txt", "What these files are: orders, stock and so on.\n\nAsk Ann.\n")
    file("single.csv", "only\n1\n")
    file(".hidden.csv", "x")
    file("~$stock.xlsx", "x")
    file("set_aside.csv", "x")
    path = file("picture.png", b"\x89PNG")
    inner = sqlite3.connect(tmp_path / "source" / "crm.sqlite")
    inner.executescript("CREATE TABLE people (id, name); INSERT INTO people VALUES (1, 'Ann')")
    inner.close()
    tables = read(path.parent)
    assert set(tables) == {*HELD, "orders", "stock", "reviews", "people"}
    assert places(tables["people"]) == ["crm.sqlite [people], row 1"]
    assert {row["file"] for row in tables["unreadable_files"]} == {"README.txt", "single.csv"}
    file("broken.csv", "a,b\n1,2\n3")
    refused(path.parent, "broken.csv", "cut off")


def test_a_zip(file):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("shop/orders.csv", as_csv())
        archive.writestr("shop/customers.csv", "id;name\n1;Ann\n")
        archive.writestr("__MACOSX/shop/._orders.csv", "x")
        archive.writestr("../outside.csv", "a,b\n1,2\n")
    path = file("export.zip", out.getvalue())
    tables = read(path)
    assert values(tables["orders"]) == STORED
    assert places(tables["customers"]) == ["shop/customers.csv, line 2"]
    assert [other.name for other in path.parent.parent.rglob("*.csv")] == []
    assert "customers" in read(path.parent)
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    refused(file("export.zip", empty.getvalue()), "no file")
    damaged = bytearray(out.getvalue())
    damaged[60:70] = b"x" * 10
    refused(file("export.zip", bytes(damaged)), "export.zip", "damaged")


def test_sqlite_is_opened_as_it_is(tmp_path):
    if not METABASE.exists():
        pytest.skip("the Metabase sample is not beside this project")
    with opened_source(str(METABASE / "metabase_sample.sqlite")) as connection:
        assert raw_tables(connection) == table_names(connection)
        assert "_line" not in [name for name, *_ in connection.execute("SELECT * FROM orders").description]
        with pytest.raises(sqlite3.DatabaseError):
            connection.execute("CREATE TABLE x (y)")


def test_both_forms_of_metabase_are_the_same():
    if not METABASE.exists():
        pytest.skip("the Metabase sample is not beside this project")
    with (
        opened_source(str(METABASE / "csv")) as copied,
        opened_source(str(METABASE / "metabase_sample.sqlite")) as own,
    ):
        for table, columns in {
            "orders": "id, user_id, quantity",
            "products": "id, title",
            "reviews": "id, body",
        }.items():
            sql = f"SELECT {columns} FROM {table}"
            assert [tuple(map(str, row)) for row in copied.execute(sql)] == [
                tuple(map(str, row)) for row in own.execute(sql)
            ]
        assert "password" not in [name for name, *_ in copied.execute("SELECT * FROM users").description]


# What programs write beside values: marks of nothing, backslashes, formulas, headers, drawn lines


def notes(tables):
    return "; ".join(row["note"] for row in tables["files_read"])


@pytest.mark.parametrize(
    ("rows", "stored", "said"),
    [
        ([["1", "Ann", "NULL"], ["2", "NULL", "Ulm"]], [["1", "Ann", None], ["2", None, "Ulm"]], "NULL"),
        ([["1", "Ann", "#N/A"], ["2", "Bob", "9.50"], ["3", "Cy", "#N/A"]], [["1", "Ann", None], ["2", "Bob", "9.50"], ["3", "Cy", None]], "#N/A"),
        ([["1", "Ann", "(null)"], ["2", "Bob", "2025-01-31"], ["3", "Cy", "(null)"]], [["1", "Ann", None], ["2", "Bob", "2025-01-31"], ["3", "Cy", None]], "(null)"),
        ([["1", "Ann", "nan"], ["2", "Bob", "9.50"]], [["1", "Ann", "nan"], ["2", "Bob", "9.50"]], ""),
        ([["1", "Ann", "x"], ["2", "\\N", "y"]], [["1", "Ann", "x"], ["2", None, "y"]], "\\N"),
        ([["None", "Ann", "nan"], ["None", "Bob", "9"], ["3", "Cy", "nan"]], [[None, "Ann", None], [None, "Bob", "9"], ["3", "Cy", None]], "None, nan"),
        ([["1", "Ann", "x"], ["2", "NULL", "y"]], [["1", "Ann", "x"], ["2", "NULL", "y"]], ""),
        ([["1", "Null", "NULL"], ["NULL", "Bob", "7"]], [["1", "Null", None], [None, "Bob", "7"]], "NULL"),
        ([["1", "NA", "NA"], ["NA", "Bob", "7"]], [["1", "NA", "NA"], ["NA", "Bob", "7"]], ""),
    ],
)  # fmt: skip
def test_marks_of_nothing(file, rows, stored, said):
    tables = read(file("people.csv", as_csv([["id", "name", "what"], *rows], lineterminator="\r\n")))
    assert values(tables["people"]) == stored
    assert notes(tables).endswith(f"read as empty: {said}" if said else "")
    assert bool(said) == ("read as empty" in notes(tables))


def test_a_mark_of_nothing_at_the_end_of_a_long_file(file):
    rows = [[str(n), "Ann", "2025-01-31" if n < 20_000 else "NULL"] for n in range(20_100)]
    tables = read(file("orders.csv", as_csv([["id", "name", "shipped"], *rows])))
    assert [row["shipped"] for row in tables["orders"][-100:]] == [None] * 100


def test_a_mark_of_nothing_in_a_workbook(file):
    rows = [["id", "name", "what"], [1, "Ann", "NULL"], [2, "NULL", "x"]]
    tables = read(file("people.xlsx", workbook(People=rows)))
    assert values(tables["people"]) == [[1, "Ann", None], [2, None, "x"]]


def test_backslashes_as_mysql_writes_them(file):
    text = r"""id,name,total
1,"Pipe 5\" wide",9.50
2,"back\\slash",\N
3,"Rack 19\", black",7
"""
    tables = read(file("orders.csv", text))
    assert values(tables["orders"]) == [
        ["1", 'Pipe 5" wide', "9.50"],
        ["2", "back\\slash", None],
        ["3", 'Rack 19", black', "7"],
    ]
    assert "MySQL" in notes(tables)


def test_backslashes_elsewhere_are_kept(file):
    rows = [["id", "path"], ["1", "C:\\new\\"], ["2", '{"a": "b\\"c"}'], ["3", "\\\\server"]]
    tables = read(file("files.csv", as_csv(rows)))
    assert values(tables["files"]) == rows[1:]


def test_texts_that_excel_wrote_as_formulas(file):
    tables = read(file("orders.csv", 'id,name,total\n="0017",Lamp,="9.50"\n"=""0018""","Rug, =""x""",7\n'))
    assert values(tables["orders"]) == [["0017", "Lamp", "9.50"], ["0018", 'Rug, ="x"', "7"]]


def test_blanks_before_quotes(file):
    tables = read(file("orders.csv", '"id", "name", "total"\n"1", "Lamp, red", "9.50"\n"2", "", "7"\n'))
    assert values(tables["orders"]) == [["1", "Lamp, red", "9.50"], ["2", None, "7"]]


def test_single_quotes(file):
    tables = read(file("orders.csv", "'id','name','total'\n'1','Lamp, red','9.50'\n'2','Ann''s','7'\n"))
    assert values(tables["orders"])[0] == ["1", "Lamp, red", "9.50"]
    assert values(read(file("plain.csv", "id,name\n1,'t Huis\n2,Ann'\n"))["plain"]) == [
        ["1", "'t Huis"],
        ["2", "Ann'"],
    ]


def test_letters_written_as_utf_8_twice(file):
    rows = [["id", "name"], ["1", "Brötchen “fein”"], ["2", "Łódź"], ["3", "À la carte"], ["4", "Ann"]]
    twice = as_csv(rows).encode().decode("latin-1").encode("latin-1")
    twice = b"".join(
        bytes([byte]).decode("cp1252" if byte not in b"\x81\x8d\x8f\x90\x9d" else "latin-1").encode() for byte in twice
    )
    tables = read(file("orders.csv", twice))
    assert values(tables["orders"]) == rows[1:]
    assert "UTF-8 twice" in notes(tables)
    assert values(read(file("names.csv", "id,name\n1,SÃO JOÃO\n2,Ann\n"))["names"]) == [
        ["1", "SÃO JOÃO"],
        ["2", "Ann"],
    ]


HEADER_AGAIN = as_csv([HEADER, ROWS[0], HEADER, ROWS[1]])


def test_a_header_inside_a_file_is_no_row(file):
    file("orders_01.csv", HEADER_AGAIN)
    folder = file("orders_02.csv", HEADER_AGAIN.replace("Lamp", "Vase")).parent
    tables = read(folder)
    assert [row["product"] for row in tables["orders"]] == ["Lamp", "Rug, blue", "Vase", "Rug, blue"]
    bad = [(row["file"], row["line"], row["reason"]) for row in tables["unreadable_lines"]]
    assert bad == [(f"orders_0{n}.csv", 3, "the line repeats the header") for n in (1, 2)]


def test_files_put_together_with_their_marks(file):
    tables = read(file("orders.csv", ("\ufeff" + as_csv() + "\ufeff" + as_csv()).encode()))
    assert values(tables["orders"]) == STORED * 2
    assert [row["reason"] for row in tables["unreadable_lines"]] == ["the line repeats the header"]


def test_a_header_inside_a_sheet_is_no_row(file):
    rows = [HEADER, ["1", "x", "Lamp", 9.5], HEADER, ["2", "y", "Rug", 7]]
    tables = read(file("orders.xlsx", workbook(Orders=rows)))
    assert [row["product"] for row in tables["orders"]] == ["Lamp", "Rug"]
    assert [row["reason"] for row in tables["unreadable_lines"]] == ["the row repeats the header"]


def test_a_list_that_was_made_to_be_looked_at(file):
    line, form = "-" * 40, "|{:<8}|{:>8}|{:<12}|"
    head, rows = form.format("Beleg", "Menge", "Name"), [form.format(n, n * 2, "Lampe") for n in range(9)]
    text = "\r\n".join(["01.02.2024   Liste   1", "", line, head, line, *rows[:5], line, head, line, *rows[5:], line])
    tables = read(file("liste.txt", text))
    assert [row["Beleg"].strip() for row in tables["liste"]] == [str(n) for n in range(9)]
    assert [row["reason"] for row in tables["unreadable_lines"]] == ["the line repeats the header"]
    assert "lines of dashes or the like passed over" in notes(tables)


def test_a_markdown_table(file):
    text = "| id | name |\n| :-- | ---: |\n| 1 | Lamp |\n| 2 | --- |\n| 3 | Rug |\n"
    tables = read(file("orders.txt", text))
    assert [(row["id"].strip(), row["name"].strip()) for row in tables["orders"]] == [
        ("1", "Lamp"),
        ("2", "---"),
        ("3", "Rug"),
    ]


def test_a_line_of_values_above_the_header(file):
    text = '"EXTF";700;21;20240101;12\n"Umsatz";"Konto";"Datum";"Beleg";"Text"\n9,50;10001;31.01.2025;RE1;x\n7,00;10002;31.01.2025;RE2;y\n'
    tables = read(file("EXTF_a.csv", text))
    assert [row["Umsatz"] for row in tables["EXTF_a"]] == ["9,50", "7,00"]
    assert "1 title line before the header set aside: " in notes(tables)
    refused(file("none.csv", "1,2025-01-31,9.50\n2,2025-02-01,7.00\n3,2025-02-02,1.00\n"), "no header")


@pytest.mark.parametrize("end", [b"\x1a", b"\0" * 100])
def test_what_dos_puts_at_the_end(file, end):
    assert values(read(file("orders.csv", as_csv().encode() + end))["orders"]) == STORED


# Packed


@pytest.mark.parametrize(
    ("name", "content"), [("orders.csv.gz", as_csv()), ("ORDERS.JSON.GZ", '{"order": "1"}\n'), ("orders.gz", as_csv())]
)
def test_gzip(file, name, content):
    tables = read(file(name, gzip.compress(content.encode())))
    (table,) = [table for table in tables if table.lower() == "orders"]
    assert tables[table][0]["order"] == "1"
    assert tables["files_read"][0]["form"] == ("JSON" if "JSON" in name else "text")


def test_packed_in_packed(file):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("orders.csv", as_csv())
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("a/inner.zip", inner.getvalue())
        archive.writestr("people.csv.gz", gzip.compress(b"id,name\n1,Ann\n"))
    tables = read(file("all.zip", outer.getvalue()))
    assert values(tables["orders"]) == STORED
    assert values(tables["people"]) == [["1", "Ann"]]


def test_a_workbook_with_the_older_ending(file):
    assert values(read(file("orders.xls", workbook(Orders=[["id", "name"], [1, "Ann"]])))["orders"]) == [[1, "Ann"]]


# JSON in other shapes


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1}, {"a": 2}]\n[{"a": 3}]\n',
        '[\n{"a": 1},\n{"a": 2}\n]\n[{"a": 3}]',
        '{"a": 1},\n{"a": 2},\n{"a": 3}\n',
        '{\n"a": 1\n}\n{\n"a": 2\n}\n{\n"a": 3\n}\n',
        '{"a": {"0": 1, "1": 2, "2": 3}}',
    ],
)
def test_json_in_other_shapes(file, text):
    assert [row["a"] for row in read(file("orders.json", text))["orders"]] == [1, 2, 3]


def test_json_by_ids(file):
    shop = {"orders": {f"-N{n}": {"total": n} for n in range(12)}}
    tables = read(file("shop.json", json.dumps(shop)))
    assert [(row["key"], row["total"]) for row in tables["shop_orders"]] == [(f"-N{n}", n) for n in range(12)]
    tables = read(file("shop2.json", json.dumps(shop["orders"])))
    assert [(row["key"], row["total"]) for row in tables["shop2"]] == [(f"-N{n}", n) for n in range(12)]


def test_a_single_item_without_its_list(file):
    documents = [{"id": 1, "items": {"sku": "L"}}, {"id": 2, "items": [{"sku": "R"}, {"sku": "V"}]}]
    tables = read(file("orders.jsonl", "\n".join(map(json.dumps, documents))))
    assert [(row["orders_id"], row["sku"]) for row in tables["orders_items"]] == [(1, "L"), (2, "R"), (2, "V")]


def test_items_name_the_list_that_they_are_of(file):
    export = {"orders": [{"id": 1, "items": [{"sku": "L"}]}]}
    tables = read(file("export.json", json.dumps(export)))
    assert values(tables["export_orders_items"]) == [[1, "L"]]
    assert "orders_id" in tables["export_orders_items"][0]


def test_a_frame_whose_index_is_named_like_a_column():
    frame = pd.DataFrame({"sku": ["L", "R"], "total": [1, 2]}).set_index("sku", drop=False)
    assert values(read(frame)["orders"]) == [["L", "L", 1], ["R", "R", 2]]


def test_times_with_a_zone_are_the_same_everywhere(tmp_path, monkeypatch):
    path = tmp_path / "orders.parquet"
    duckdb.execute(
        f"COPY (SELECT TIMESTAMPTZ '2025-01-31 23:30:00+00' AS \"at\", 1 AS id) TO '{path}' (FORMAT parquet)"
    )
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    tables = read(path)
    assert tables["orders"][0]["at"] == "2025-01-31 23:30:00+00"
    assert "read in UTC" in notes(tables)


def test_a_database_with_a_broken_page(tmp_path):
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE a (b)")
        connection.executemany("INSERT INTO a VALUES (?)", [("x" * 500,)] * 100)
    connection.close()
    content = bytearray(path.read_bytes())
    content[4_096:8_192] = b"\xff" * 4_096
    path.write_bytes(content)
    refused(path, "shop.sqlite", "damaged", "download")


# Encodings of other languages

OTHER_WORDS = {
    "cp1250": ("Dřevěný stůl", "Kuchyňská židle", "Šálek žlutý", "Příbor"),
    "iso8859_2": ("Dřevěný stůl", "Kuchyňská židle", "Šálek žlutý", "Příbor"),
    "cp852": ("Łyżka żółta", "Źródło", "Gdańsk", "Ćma"),
    "cp1254": ("Çilek reçeli", "Şişe kapağı", "Yeşil örtü", "İğne oyası"),
    "cp1257": ("Žalia lempa", "Šaukštas", "Ąžuolas", "ėglė"),
    "cp1255": ("שולחן עץ", "כיסא מטבח", "מנורה"),
    "cp1256": ("طاولة خشب", "كرسي مطبخ", "مصباح"),
    "cp1251": ("Стол деревянный", "лампа зелёная", "ложка", "кружка"),
    "koi8_r": ("Стол деревянный", "Лампа зелёная", "Ложка"),
    "cp1253": ("Ξύλινο τραπέζι", "Καρέκλα κουζίνας", "Άσπρο"),
    "cp949": ("나무 테이블", "주방 의자", "녹색 램프"),
    "gb18030": ("木制桌子", "厨房椅子", "绿色台灯", "USB充电器"),
    "big5": ("木製桌子", "廚房椅子", "綠色檯燈"),
    "euc_jp": ("木のテーブル", "台所の椅子", "お皿"),
    "cp932": ("木のテーブル", "台所の椅子", "ｶﾅﾊﾞﾝ"),
    "cp874": ("โต๊ะไม้", "เก้าอี้ครัว"),
}


def test_czech_among_german_names(file):
    words = ["Jürgen Müller", "Zoë Groß", "Anna Weiß", "Hrnek růžový", "Česko"]
    rows = [["id", "name"], *([str(n), word] for n, word in enumerate(words))]
    tables = read(file("names.csv", as_csv(rows).encode("cp1250")))
    assert [row["name"] for row in tables["names"]] == words


@pytest.mark.parametrize(("codec", "words"), OTHER_WORDS.items(), ids=OTHER_WORDS)
def test_the_first_guess_of_an_encoding(file, codec, words):
    rows = [["id", "name"], *([str(n), word] for n, word in enumerate(words * 5))]
    tables = read(file("names.csv", as_csv(rows).encode(codec)))
    assert [row["name"] for row in tables["names"]] == list(words) * 5
    (doubt,) = tables["doubts"]
    assert codec in json.loads(doubt["options"]).values()


def test_blanks_that_do_not_break_are_no_doubt(file):
    words = ["Fellowes\xa0PB500", "Xerox\xa01967", "Größe", "Café\xa0crème"]
    rows = [["id", "name"], *([str(n), word] for n, word in enumerate(words))]
    tables = read(file("names.csv", as_csv(rows).encode("cp1252")))
    assert [row["name"] for row in tables["names"]] == words
    assert tables["doubts"] == []


# Numbers and dates as they are written elsewhere


@pytest.mark.parametrize(
    ("written", "decimal", "meant"),
    [
        ("12€50", ",", 12.5),
        ("1 234€50", ".", 1234.5),
        ("Rp 15.000", ",", 15000.0),
        ("Rp15.000,00", ",", 15000.0),
        ("Rs.500", ".", 500.0),
        ("₪202.12", ".", 202.12),
        ("120.000đ", ",", 120000.0),
        ("NT$1,200", ".", 1200.0),
        ("US$12.50", ".", 12.5),
        ("12,50 $US", ",", 12.5),
        ("RM12.50", ".", 12.5),
        ("12,50 TL", ",", 12.5),
        ("12 лв.", ".", 12.0),
        ("12,50 грн", ",", 12.5),
        ("1 234 руб.", ".", 1234.0),
        ("₦5,000", ".", 5000.0),
        ("KSh200", ".", 200.0),
        ("R 1 234.50", ".", 1234.5),
        ("S/. 1,234", ".", 1234.0),
        ("$ 1,234 M.N.", ".", 1234.0),
        ("USD12.5", ".", 12.5),
        ("12,50EUR", ",", 12.5),
        ("1,234.50 د.إ", ".", 1234.5),
        ("1,200円", ".", 1200.0),
        ("12.50CR", ".", -12.5),
        ("12.50 Dr", ".", 12.5),
        ("–12.50", ".", -12.5),
        ("１２００", ".", 1200.0),
        ("٣٠٩٫٧٥", ".", 309.75),
        ("١٬٢٣٤٫٥٠", ".", 1234.5),
        ("1´234.50", ".", 1234.5),
        ("12,--", ",", 12.0),
        ("12:-", ".", 12.0),
        *[
            (text, decimal, text)
            for text in ("AB12", "12A", "B2", "SKU123", "SKU-123", "INV1001", "RS101", "RM-001", "R12", "3lt", "12 R", "12CR", "XL", "1²", "USD001")
            for decimal in ".,"
        ],
    ],
)  # fmt: skip
def test_numbers_of_other_countries(written, decimal, meant):
    assert read_number(written, decimal) == meant


@pytest.mark.parametrize(
    ("written", "order", "meant"),
    [
        ("2023年1月3日", "ymd", "2023-01-03"),
        ("2023년 1월 3일", "ymd", "2023-01-03"),
        ("2023. 1. 3.", "ymd", "2023-01-03"),
        ("2023. 01. 03 오후 2:11", "ymd", "2023-01-03"),
        ("03JAN2023", "ymd", "2023-01-03"),
        ("03JAN2023:10:11:12", "ymd", "2023-01-03"),
        ("2023-Jan-03", "ymd", "2023-01-03"),
        ("20230103101112", "ymd", "2023-01-03"),
        ("Tue Jan 03 2023", "ymd", "2023-01-03"),
        ("Fri Jan 05 2024 10:00:00 GMT+0100", "ymd", "2024-01-05"),
        ("Tue Jan 03 10:11:12 2023", "ymd", "2023-01-03"),
        ("Tue Jan 03 10:11:12 +0000 2023", "ymd", "2023-01-03"),
        ("Di., 03.01.2023", "dmy", "2023-01-03"),
        ("Di 03.01.2023", "dmy", "2023-01-03"),
        ("10:11 03/01/2023", "dmy", "2023-01-03"),
        ("1/3/2023, 3:04:05 PM", "mdy", "2023-01-03"),
        ("'2023-01-03", "ymd", "2023-01-03"),
        ("/Date(1672704000000)/", "ymd", "2023-01-03"),
        ("/Date(1672704000000+0100)/", "ymd", "2023-01-03"),
        ("1672704000000000", "epoch", "2023-01-03"),
        ("03/01 10:11", "dmy", "03/01 10:11"),
        ("Jan 03 10:11", "ymd", "Jan 03 10:11"),
        ("12 Marble 2023", "ymd", "12 Marble 2023"),
        ("5 LED 10W", "ymd", "5 LED 10W"),
    ],
)
def test_dates_of_other_countries(written, order, meant):
    assert day(written, order) == meant


MONTH_WORDS = {
    "English": "January February March April May June July August September October November December",
    "German": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "Spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "Portuguese": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "Italian": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "Dutch": "januari februari maart april mei juni juli augustus september oktober november december",
    "Polish": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "Russian": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "Russian, short": "янв фев мар апр май июн июл авг сен окт ноя дек",
    "Swedish": "januari februari mars april maj juni juli augusti september oktober november december",
    "Danish": "januar februar marts april maj juni juli august september oktober november december",
    "Finnish": "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta "
    "marraskuuta joulukuuta",
    "Turkish": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "Czech": "ledna února března dubna května června července srpna září října listopadu prosince",
}


@pytest.mark.parametrize("words", MONTH_WORDS.values(), ids=MONTH_WORDS)
def test_months_by_their_names(words):
    written = [f"3. {word} 2023" for word in words.split()]
    assert [day(text, "ymd") for text in written] == [f"2023-{month:02}-03" for month in range(1, 13)]


# Whatever a file holds comes back


@hypothesis_settings(max_examples=150)
@given(data=st.data())
def test_what_is_written_is_read_back(tmp_path_factory, data):
    codec = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]))
    width = data.draw(st.integers(2, 5))
    letters = st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t\"',;|")
    text = st.text(letters, max_size=12)
    rows = data.draw(st.lists(st.lists(text, min_size=width, max_size=width), max_size=12))
    assume(all(any(row) for row in rows))
    texts = [value for row in rows for value in row]
    assume(not set(NOTHING) & set(texts))
    assume(not any(re.search(shown, "".join(texts), re.MULTILINE) for shown, *_ in MENDINGS))
    header = [f"column {chr(97 + n)}" for n in range(width)]
    form = data.draw(
        st.fixed_dictionaries(
            {
                "delimiter": st.sampled_from(",;\t|"),
                "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
                "lineterminator": st.sampled_from(["\n", "\r\n"]),
            }
        )
    )
    path = tmp_path_factory.mktemp("any") / "orders.csv"
    path.write_bytes(as_csv([header, *rows], **form).encode(codec))
    tables = read(path)
    assert values(tables["orders"]) == [[value or None for value in row] for row in rows]
    assert tables["unreadable_lines"] == []


# What is no table of a shop is refused early, and takes no time out of proportion to its size


def test_far_too_many_columns(file):
    names = [f"c{n}" for n in range(40_000)]
    refused(file("wide.csv", as_csv([names, ["1"] * 40_000])), "wide.csv", "40,000 columns", "1,900")


def test_a_quote_that_swallows_all_that_follows(file):
    lines = "".join(f"{n},2025-01-31,Lamp,9.50\n" for n in range(600))
    text = f'{",".join(HEADER)}\n{lines}1,2025-01-31,"Lamp\n' + "x\n" * 300_000
    refused(file("o.csv", text), "o.csv", "more than 100,000 lines", "line 602", "export it again")


def test_a_quote_of_many_lines_is_not_lost_without_a_word(file):
    lines = "".join(f"{n},2025-01-31,Lamp,9.50\n" for n in range(600))
    text = f'{",".join(HEADER)}\n{lines}1,2025-01-31,"Lamp\n' + "x\n" * 2_000 + lines
    tables = read(file("o.csv", text))
    assert len(tables["o"]) == 1_200
    assert [row["line"] for row in tables["unreadable_lines"]] == list(range(602, 2_603))


def test_mongodbs_ids_and_days(file):
    documents = [
        {
            "_id": {"$oid": "65a0"},
            "customer_id": "c1",
            "createdAt": {"$date": {"$numberLong": "1736763000000"}},
            "items": [{"sku": "a"}],
        },
        {
            "_id": {"$oid": "65a1"},
            "createdAt": {"$date": "2026-01-14T10:00:00Z"},
            "items": [{"sku": "b"}, {"sku": "c"}],
        },
    ]
    tables = read(file("orders.json", json.dumps(documents)))
    assert [row["_id"] for row in tables["orders"]] == ["65a0", "65a1"]
    assert [row["createdAt"] for row in tables["orders"]] == ["1736763000000", "2026-01-14T10:00:00Z"]
    assert [row["orders__id"] for row in tables["orders_items"]] == ["65a0", "65a1", "65a1"]


def test_a_fixture_of_djangos_holds_several_tables(file):
    fixture = [
        {"model": "shop.order", "pk": 7, "fields": {"total": "9.50"}},
        {"model": "shop.orderitem", "pk": 1, "fields": {"order": 7, "price": "4.50"}},
        {"model": "shop.orderitem", "pk": 2, "fields": {"order": 7, "price": "5.00"}},
    ]
    tables = read(file("dump.json", json.dumps(fixture)))
    assert [(row["id"], row["total"]) for row in tables["order"]] == [(7, "9.50")]
    assert [(row["id"], row["order"]) for row in tables["orderitem"]] == [(1, 7), (2, 7)]
