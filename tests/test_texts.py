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

from shopboard.places import save
from shopboard.problems import ShopProblem
from shopboard.texts import csv_text, defused, undefused


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
    assert csv_text(pd.DataFrame(columns=["region", "=SUM(A1)"])) == "region,'=SUM(A1)\r\n"


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
