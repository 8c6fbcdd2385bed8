"""Any form of a shop's export becomes the same raw tables, and what is odd about it is said."""

import csv
import datetime
import io
import json
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

HEADER = ["order", "day", "product", "total"]
ROWS = [["1", "2025-01-31", "Lamp", "9.50"], ["2", "2025-02-01", "Rug, blue", "12.00"], ["3", "2025-02-02", "NA", ""]]
STORED = [
    ["1", "2025-01-31", "Lamp", "9.50"],
    ["2", "2025-02-01", "Rug, blue", "12.00"],
    ["3", "2025-02-02", "NA", None],
]


def read(nb, source, encodings=None):
    """Return the raw tables of a source, name -> rows of dictionaries."""
    with nb.opened_source(source if not hasattr(source, "is_file") else str(source), encodings) as connection:
        connection.row_factory = sqlite3.Row
        return {
            name: [dict(row) for row in connection.execute(f"SELECT * FROM {nb.quoted(name)}")]
            for name in nb.table_names(connection)
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


def refused(nb, source, *mentioned, encodings=None):
    """The source is refused by one sentence that mentions these words."""
    with pytest.raises(nb.ShopProblem) as raised:
        read(nb, source, encodings)
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
def test_separators_quotes_and_line_ends(nb, file, separator, quoting, end):
    tables = read(nb, file("orders.csv", as_csv(delimiter=separator, quoting=quoting, lineterminator=end)))
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
        ("Report;;\na;b;c\n1;2;3\n", ["a", "b", "c"], [["1", "2", "3"]], "1 title lines"),
        ("a,b\n1,2\n,\n3,4\nTotal,6\n", ["a", "b"], [["1", "2"], ["3", "4"], ["Total", "6"]], ""),
        ('a,b\n1,"x" y\n2,z\n', ["a", "b"], [["1", '"x" y'], ["2", "z"]], "1 lines with stray quotes"),
        ('a,b\n1,"19 inch\n2,z\n3,w\n', ["a", "b"], [["1", '"19 inch'], ["2", "z"], ["3", "w"]], "1 lines with stray"),
        ('a,b\n1,5" pipe\n2,"z"\n', ["a", "b"], [["1", '5" pipe'], ["2", "z"]], ""),
        ('a,b\n1,"19 inch\n2,z\n3,"w"\n', ["a", "b"], [["1", '"19 inch'], ["2", "z"], ["3", "w"]], "1 lines with stray"),
        ('a,b,c\n1,"x\n2,y"\n3,4,5\n', ["a", "b", "c"], [["3", "4", "5"]], ""),
        ('a,b,c,d\n1,"x,y,z\n2,x",y,z\n3,x,y,z\n', ["a", "b", "c", "d"], [["1", '"x', "y", "z"], ["2", 'x"', "y", "z"], ["3", "x", "y", "z"]], "1 lines"),
        ('a,b,c,d\n1,"x\ny, z",y,z\n', ["a", "b", "c", "d"], [["1", "x\ny, z", "y", "z"]], ""),
        ("a,b\r\n1,2\n3,4\r5,6", ["a", "b"], [["1", "2"], ["3", "4"], ["5", "6"]], ""),
    ],
)  # fmt: skip
def test_odd_csv(nb, file, text, header, rows, note):
    tables = read(nb, file("orders.csv", text))
    assert list(tables["orders"][0]) == [*header, "_line"]
    assert values(tables["orders"]) == rows
    (said,) = tables["files_read"]
    assert said["note"].startswith(note) if note else said["note"] == ""


def test_a_single_column_of_ids(nb, file):
    assert values(read(nb, file("customers.csv", '"customer_id"\n1\n2\n'))["customers"]) == [["1"], ["2"]]


def test_a_nul_is_no_sign_of_utf_16(nb, file):
    tables = read(nb, file("o.csv", "a,b\n1,x\n2,y\0z\n3,w\n"))
    assert len(tables["o"]) + len(tables["unreadable_lines"]) == 3


def test_places_are_physical_lines(nb, file):
    tables = read(nb, file("o.csv", 'Shop\n\na,b\n1,"two\nlines"\n\n2,"stray" x\n3\n4,5,6\n7,8\n'))
    assert places(tables["o"]) == ["o.csv, line 4", "o.csv, line 7", "o.csv, line 10"]
    bad = [(row["line"], row["reason"], json.loads(row["content"])) for row in tables["unreadable_lines"]]
    assert bad == [
        (8, "the line has 1 fields where the header has 2", ["3"]),
        (9, "the line has 3 fields where the header has 2", ["4", "5", "6"]),
    ]


def test_secret_columns_are_not_copied(nb, file):
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
    tables = read(nb, file("users.csv", as_csv([names, [f"v{n}" for n in range(10)], ["1", "hunter2", "3"]])))
    assert values(tables["users"]) == [["v0", "v6"]]
    assert "not copied, since secret: Password, user_pwd" in tables["files_read"][0]["note"]
    assert tables["unreadable_lines"][0]["content"] is None  # nobody knows which of its fields is the password


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("orders.csv", b"", ("single column", "first line")),
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
def test_what_is_refused(nb, file, name, content, said):
    refused(nb, file(name, content), name, *said)


def test_a_database_that_is_cut_off(nb, tmp_path):
    path = tmp_path / "shop.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE a (b); INSERT INTO a VALUES (1); CREATE TABLE c (d);")
    connection.close()
    path.write_bytes(path.read_bytes()[:-4096])
    refused(nb, path, "shop.sqlite", "cut off")


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
def test_encodings_are_told_apart(nb, file, words, codec):
    if codec == "cp850":
        words = [word for word in words if "œ" not in word]
    content = as_csv([["id", "name"], *([str(n), word] for n, word in enumerate(words))])
    tables = read(nb, file("names.csv", content.encode(codec)))
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
def test_doubtful_encodings_are_asked_about(nb, file, codec, words):
    content = as_csv([["id", "name"], *([str(n), word] for n, word in enumerate(words))]).encode(codec)
    tables = read(nb, file("names.csv", content))
    (doubt,) = tables["doubts"]
    options = json.loads(doubt["options"])
    assert doubt["file"] == "names.csv"
    assert codec in options.values()
    (label,) = [label for label, option in options.items() if option == codec]
    assert words[0].split()[0] in label
    tables = read(nb, file("names.csv", content), {"names.csv": codec})
    assert [row["name"] for row in tables["names"]] == list(words)
    assert tables["doubts"] == []


def test_an_answer_about_an_encoding_must_make_sense(nb, file):
    refused(nb, file("o.csv", as_csv()), "o.csv", "'klingon'", encodings={"o.csv": "klingon"})
    refused(nb, file("o.csv", as_csv()), "other.csv", encodings={"other.csv": "cp850"})


def test_mixed_encodings_lose_nothing(nb, file):
    content = "id,name\n1,Müller\n2,Café\n3,".encode() + "Größe\n".encode("cp1252") + b"4,\x81\n"
    tables = read(nb, file("names.csv", content * 1))
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


def test_a_workbook(nb, file):
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
    tables = read(nb, file("shop.xlsx", content))
    assert values(tables["Orders"]) == [
        [1, "2025-01-31", 9.5, 1],
        ["0042", "2025-01-31 09:30:00", 12, 0],
        ["Total", None, 21.5, None],
    ]
    assert places(tables["Orders"]) == [f"shop.xlsx [Orders], row {n}" for n in (4, 5, 6)]
    assert values(tables["Returns"]) == [[1, "broken"]]
    assert set(tables) == {*nb.HELD, "Orders", "Returns"}
    notes = {row["table_name"]: row["note"] for row in tables["files_read"]}
    assert notes == {"Orders": "1 title lines before the header set aside: Shop Ltd", "Returns": ""}


def test_a_workbook_of_one_sheet_is_named_like_its_file(nb, file):
    assert "orders" in read(nb, file("orders.xlsx", workbook(Whatever=[HEADER, *ROWS])))
    assert "orders" in read(nb, file("orders.xlsx", workbook(Tabelle1=[HEADER, *ROWS], Tabelle2=[])))
    refused(nb, file("orders.xlsx", workbook(Cover=[["x"]])), "orders.xlsx [Cover]", "names its columns")


def test_sheets_of_years_are_one_table(nb, file):
    content = workbook(**{"Year 2009-2010": [HEADER, ROWS[0]], "Year 2010-2011": [HEADER, ROWS[1]]})
    tables = read(nb, file("online_retail.xlsx", content))
    assert places(tables["Year"]) == [
        f"online_retail.xlsx [Year {years}], row 2" for years in ("2009-2010", "2010-2011")
    ]


def test_parquet(nb, tmp_path):
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
    rows = read(nb, path)["orders"]
    assert list(rows[0]) == ["id", "day", "at", "total", "address.city", "address.geo.lat", "tags", "paid", "_line"]
    assert values(rows) == [
        [1, "2025-01-31", "2025-01-31 09:30:00+00", 9.5, "Ulm", 48.4, '["a", "b"]', 1],
        [2, None, "2025-01-31 09:30:00+00", 12, None, None, "[]", 0],
    ]
    assert places(rows) == ["orders.parquet, row 1", "orders.parquet, row 2"]
    path.write_bytes(path.read_bytes()[:-100])
    refused(nb, path, "orders.parquet", "cut off")


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
def test_json(nb, file, name, content, lines):
    tables = read(nb, file(name, content))
    rows = tables["orders"]
    assert [{key: value for key, value in row.items() if value is not None and key != "_line"} for row in rows] == [
        {"id": 7, "customer.id": "c1", "customer.name": "Ann", "tags": '["x"]', "paid": 1},
        {"id": 8, "customer.id": "c2", "items": "[]", "note": 'Zoë "q" [x] }', "big": str(2**70)},
    ]
    assert places(rows) == [f"{name}, line {line}" for line in lines]
    assert values(tables["orders_items"]) == [[7, "L", 1], [7, "R", None]]
    assert list(tables["orders_items"][0]) == ["orders_id", "sku", "qty", "_line"]


def test_one_object_that_holds_lists(nb, file):
    content = json.dumps({"orders": DOCUMENTS, "customers": [{"id": "c1"}]}, indent=1)
    tables = read(nb, file("shop.json", content))
    assert [row["id"] for row in tables["shop_orders"]] == [7, 8]
    assert values(tables["shop_customers"]) == [["c1"]]
    assert values(tables["shop_orders_items"]) == [[7, "L", 1], [7, "R", None]]


def test_lines_that_are_no_json_are_set_aside(nb, file):
    tables = read(nb, file("o.jsonl", '{"a": 1}\n{"a": \n\n{"a": 3}\n'))
    assert places(tables["o"]) == ["o.jsonl, line 1", "o.jsonl, line 4"]
    assert [(row["line"], row["content"]) for row in tables["unreadable_lines"]] == [(2, '["{\\"a\\":"]')]


def test_dataframes(nb):
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
    tables = read(nb, frame)
    assert values(tables["orders"]) == [[1, "2025-01-31", 9.5, "a", None], [2, None, None, None, 3]]
    assert places(tables["orders"]) == ["orders, row 1", "orders, row 2"]
    tables = read(nb, {"sales": frame, "people": frame.set_index("id")})
    assert list(tables["sales"][0]) == list(tables["people"][0]) == ["id", "day", "total", "kind", "count", "_line"]


def test_settings_take_dataframes_and_hide_passwords(nb, make_settings):
    frame = pd.DataFrame({"id": [1]})
    settings = make_settings(source=frame)
    assert not settings.is_sample
    assert settings.name == "My shop"
    before = nb.fingerprint(settings)
    assert before == nb.fingerprint(make_settings(source=frame.copy()))
    assert before != nb.fingerprint(make_settings(source=frame + 1))
    assert before != nb.fingerprint(make_settings(source={"orders": frame}))
    assert make_settings(source="postgresql://me:hunter2@host/webshop").name == "webshop"
    assert "hunter2" not in nb.source_name("postgresql://me:hunter2@host/webshop")
    with pytest.raises(nb.ShopProblem, match="`source`"):
        make_settings(source={"orders": [1]})


def test_duckdb(nb, tmp_path):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as database:
        database.execute(
            "CREATE TABLE orders AS SELECT 1 AS id, DATE '2025-01-31' AS day, 9.50::DECIMAL(9,2) AS total, {'a': 1} AS more"
        )
        database.execute("CREATE VIEW older AS SELECT id FROM orders")
    for name in ("shop.duckdb", "shop.db"):
        tables = read(nb, (tmp_path / "shop.duckdb").rename(tmp_path / name))
        assert values(tables["orders"]) == [[1, "2025-01-31", 9.5, 1]]
        assert list(tables["orders"][0])[3] == "more.a"
        assert places(tables["older"]) == [f"{name} [older], row 1"]
        (tmp_path / name).rename(tmp_path / "shop.duckdb")


def test_a_url(nb, make_settings, tmp_path):
    pytest.importorskip("sqlalchemy")
    connection = sqlite3.connect(tmp_path / "server.db")
    connection.executescript(
        'CREATE TABLE "my orders" (id, "a:b"); INSERT INTO "my orders" VALUES (1, 2.5); CREATE VIEW v AS SELECT 1 AS one;'
    )
    url = f"sqlite:///{tmp_path / 'server.db'}"
    tables = read(nb, url)
    assert values(tables["my orders"]) == [[1, 2.5]]
    assert places(tables["v"]) == [f"{url} [v], row 1"]
    before = nb.fingerprint(make_settings(source=url))
    connection.execute('INSERT INTO "my orders" VALUES (2, 3)')
    connection.commit()
    connection.close()
    assert nb.fingerprint(make_settings(source=url)) != before
    refused(nb, "sqlite:////nowhere/at/all.db", "cannot be read", "URL")
    refused(nb, "klingon://user:hunter2@host/shop", "correct the URL")


# Folders and zips


def test_months_are_one_table(nb, file):
    for n, month in enumerate(("2025-01", "2025_02", "märz")):
        header = HEADER if n < 2 else HEADER[::-1]
        row = ROWS[n] if n < 2 else ROWS[n][::-1]
        path = file(f"sales {month}.csv", as_csv([header, row], delimiter=",;\t"[n]))
    tables = read(nb, path.parent)
    assert values(tables["sales"]) == STORED[:1] + STORED[2:] + STORED[1:2] or len(tables["sales"]) == 3
    assert {row["product"] for row in tables["sales"]} == {"Lamp", "Rug, blue", "NA"}
    assert {row["table_name"] for row in tables["files_read"]} == {"sales"}
    assert sum(row["lines"] for row in tables["files_read"]) == 3


@pytest.mark.parametrize(
    "names",
    [("january", "february"), ("2024", "2025"), ("orders_north", "orders_south"), ("OrdersJan24", "OrdersFeb24")],
)
def test_names_that_belong_together(nb, file, names):
    for name, row in zip(names, ROWS, strict=False):
        path = file(f"{name}.csv", as_csv([HEADER, row]))
    tables = read(nb, path.parent)
    (name,) = set(tables) - set(nb.HELD)
    assert len(tables[name]) == 2
    assert name == {"orders_north": "orders", "OrdersJan24": "Orders"}.get(names[0], sorted(names)[0])


def test_equal_headers_do_not_make_one_table_of_different_things(nb, file):
    for name in ("customers", "products", "sales", "sales returns"):
        path = file(f"{name}.csv", as_csv())
    assert {"customers", "products", "sales", "sales returns"} <= set(read(nb, path.parent))


def test_a_folder_of_everything(nb, file, tmp_path):
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
    tables = read(nb, path.parent)
    assert set(tables) == {*nb.HELD, "orders", "stock", "reviews", "people"}
    assert places(tables["people"]) == ["crm.sqlite [people], row 1"]
    assert {row["file"] for row in tables["unreadable_files"]} == {"README.txt", "single.csv"}
    file("broken.csv", "a,b\n1,2\n3")
    refused(nb, path.parent, "broken.csv", "cut off")


def test_a_zip(nb, file):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("shop/orders.csv", as_csv())
        archive.writestr("shop/customers.csv", "id;name\n1;Ann\n")
        archive.writestr("__MACOSX/shop/._orders.csv", "x")
        archive.writestr("../outside.csv", "a,b\n1,2\n")
    path = file("export.zip", out.getvalue())
    tables = read(nb, path)
    assert values(tables["orders"]) == STORED
    assert places(tables["customers"]) == ["shop/customers.csv, line 2"]
    assert [other.name for other in path.parent.parent.rglob("*.csv")] == []
    assert "customers" in read(nb, path.parent)
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    refused(nb, file("export.zip", empty.getvalue()), "no file")
    damaged = bytearray(out.getvalue())
    damaged[60:70] = b"x" * 10
    refused(nb, file("export.zip", bytes(damaged)), "export.zip", "damaged")


def test_sqlite_is_opened_as_it_is(nb, tmp_path):
    if not METABASE.exists():
        pytest.skip("the Metabase sample is not beside this project")
    with nb.opened_source(str(METABASE / "metabase_sample.sqlite")) as connection:
        assert nb.raw_tables(connection) == nb.table_names(connection)
        assert "_line" not in [name for name, *_ in connection.execute("SELECT * FROM orders").description]
        with pytest.raises(sqlite3.DatabaseError):
            connection.execute("CREATE TABLE x (y)")


def test_both_forms_of_metabase_are_the_same(nb):
    if not METABASE.exists():
        pytest.skip("the Metabase sample is not beside this project")
    with (
        nb.opened_source(str(METABASE / "csv")) as copied,
        nb.opened_source(str(METABASE / "metabase_sample.sqlite")) as own,
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


# Whatever a file holds comes back


@hypothesis_settings(max_examples=150)
@given(data=st.data())
def test_what_is_written_is_read_back(nb, tmp_path_factory, data):
    codec = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]))
    width = data.draw(st.integers(2, 5))
    letters = st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t\"',;|")
    text = st.text(letters, max_size=12)
    rows = data.draw(st.lists(st.lists(text, min_size=width, max_size=width), max_size=12))
    assume(all(any(row) for row in rows))
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
    tables = read(nb, path)
    assert values(tables["orders"]) == [[value or None for value in row] for row in rows]
    assert tables["unreadable_lines"] == []
