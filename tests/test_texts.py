"""CSV that no spreadsheet runs, and files that appear whole or not at all."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopboard.importing.source import opened_source
from shopboard.places import save
from shopboard.problems import ShopProblem
from shopboard.texts import csv_text, defused, defused_row, is_ours, undefused


def rows(frame):
    """Return the rows of a table's CSV, the header first."""
    return list(csv.reader(io.StringIO(csv_text(frame), newline="")))


def test_numbers_have_cents_and_no_noise():
    values = [3528.5399999999954, 20.0, 0.1 + 0.2, -0.00001, np.nan, 1e15, -7.25, 0.12345, float("inf")]
    written = [row[0] for row in rows(pd.DataFrame({"revenue": values}))]
    assert written == [
        "revenue", "3528.54", "20", "0.3", "0", "", "1000000000000000", "-7.25", "0.1235", "inf",
    ]  # fmt: skip


def test_each_kind_of_value():
    frame = pd.DataFrame(
        {
            "whole": [1, -2],
            "text": ["a,b", 'say "no"\nmore'],
            "day": [date(2025, 1, 2), None],
            "moment": pd.to_datetime(["2025-01-02", "2025-01-03 04:05:06"], format="ISO8601"),
            "nothing": [None, pd.NA],
            "flag": [True, False],
            "decimal": [np.float32(0.5), 2],
        }
    )
    assert rows(frame)[1:] == [
        ["1", "a,b", "2025-01-02", "2025-01-02", "", "True", "0.5"],
        ["-2", 'say "no"\nmore', "", "2025-01-03T04:05:06", "", "False", "2"],
    ]


def test_an_empty_answer_has_its_header():
    assert csv_text(pd.DataFrame(columns=["region", "=SUM(A1)"])) == '"region",\'=SUM(A1)\r\n'


@pytest.mark.parametrize(
    "text", ["=1+1", "+49 30", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "'=1", "''@x", "=", "-"]
)
def test_no_spreadsheet_runs_a_text(text):
    (row,) = rows(pd.DataFrame({"name": [text]}))[1:]
    assert row[0] == "'" + text
    assert undefused(row[0]) == text


@given(
    st.text(alphabet=st.sampled_from("'=+-@\t\r\n a1,\"\N{FULLWIDTH EQUALS SIGN}"), max_size=6) | st.text(max_size=9)
)
def test_what_was_defused_reads_back_equal(text):
    assert undefused(defused(text)) == text
    assert not defused(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    if text.isprintable() and text:
        assert undefused(rows(pd.DataFrame({"name": [text]}))[1][0]) == text


FORMULAS = [
    *(f"{sign}1+1" for sign in ("=", "+", "-", "@", "\t", "\r", "\n", "＝")),
    "'=1",
    "''@x",
    '=A1,"b"',
    "x\n=1",
    "O'Hara",
    "'tis",
    '"q"',
]


def imported(tmp_path, text, name="orders.csv"):
    """Return the first table of a CSV file as our own import holds it, its column of places left out."""
    (tmp_path / name).write_bytes(text.encode())
    with opened_source(str(tmp_path / name)) as source:
        found = source.execute(f"SELECT * FROM {name.removesuffix('.csv')}")
        return [[column for column, *_ in found.description][:-1], *([*row][:-1] for row in found)]


def test_what_we_write_reads_back_equal_in_our_own_import(tmp_path):
    """Texts that begin like a formula, names of columns among them; numbers stay numbers."""
    frame = pd.DataFrame({"order_id": range(len(FORMULAS)), "=name": FORMULAS, "total": [-1.5] * len(FORMULAS)})
    text = csv_text(frame)
    assert is_ours(text.splitlines(keepends=True))
    header, *found = imported(tmp_path, text)
    assert header == list(frame)
    assert found == [[str(number), text, "-1.5"] for number, text in enumerate(FORMULAS)]
    swapped = frame[["=name", "total", "order_id"]]
    assert [row[0] for row in imported(tmp_path, csv_text(swapped))[1:]] == FORMULAS
    assert not any(row[1].startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝")) for row in rows(frame))


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
def test_what_others_write_stays_as_it_is(tmp_path, quoting):
    """An apostrophe before a formula is theirs, whichever fields they put in quotes."""
    frame = pd.DataFrame({"name": ["'=1+1", "'-x", "plain"], "order_id": [1, 2, 3], "total": [1.5, 2.5, 3.5]})
    for some in (frame, frame[["order_id", "name", "total"]]):
        text = some.to_csv(index=False, quoting=quoting)
        assert not is_ours(text.splitlines(keepends=True))
        header, *found = imported(tmp_path, text)
        assert [row[header.index("name")] for row in found] == frame["name"].tolist()


def test_a_writer_who_quotes_columns_of_texts_is_not_taken_for_us(tmp_path):
    text = '"name",order_id,total\r\n"\'=1+1",1,2.5\r\n"b",2,3.5\r\n'
    assert imported(tmp_path, text)[1][0] == "'=1+1"


def test_what_needs_no_apostrophe_is_written_as_ever():
    assert csv_text(pd.DataFrame({"a": ["x", "y, z"], "b": [1, -2]})) == 'a,b\r\nx,1\r\n"y, z",-2\r\n'
    assert defused_row(["-5.00", "-5", "+1,5", "-5 x", "=1", 7, None]) == [
        "-5.00",
        "-5",
        "+1,5",
        "'-5 x",
        "'=1",
        7,
        None,
    ]


def test_negative_numbers_stay_numbers():
    assert rows(pd.DataFrame({"n": [-1], "x": [-1.5]}))[1] == ["-1", "-1.5"]


def test_half_an_emoji_is_replaced():
    assert csv_text(pd.DataFrame({"name": ["a\ud83d"]})).encode() == b"name\r\na?\r\n"


def test_pandas_reads_it():
    frame = pd.DataFrame({"name": ["Zoë", "商店 🛒"], "revenue": [1.25, 2.0]})
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(csv_text(frame))), frame, check_dtype=False)


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = save(tmp_path / "new", "answer.txt", lambda path: path.write_text("whole"))
    assert path.read_text() == "whole"
    with pytest.raises(RuntimeError):
        save(path.parent, "answer.txt", lambda path: (path.write_text("ha"), fail()))
    assert path.read_text() == "whole"
    assert [file.name for file in path.parent.iterdir()] == ["answer.txt"]


def fail():
    """Stop in the middle of writing."""
    raise RuntimeError


def test_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ShopProblem, match="set `exports` to a folder"):
        save(tmp_path / "file" / "folder", "answer.txt", lambda path: path.write_text(""))


def test_two_at_once_write_a_file_each(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        texts = [str(n) * 100_000 for n in range(8)]
        list(pool.map(lambda text: save(tmp_path, "answer.txt", lambda path: path.write_text(text)), texts))
    assert (tmp_path / "answer.txt").read_text() in texts
    assert len(list(tmp_path.iterdir())) == 1
