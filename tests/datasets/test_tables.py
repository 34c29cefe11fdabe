from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cevns.datasets import read_table
from cevns.exceptions import DataError

GRID = """\
# title
# units
x_low,x_high,t_low_us,t_high_us,count
0,1,0,2,1
1,3,0,2,2
0,1,2,4,3
1,3,2,4,4
"""


AXES = ("x_low", "x_high"), ("t_low_us", "t_high_us")


@pytest.fixture
def write(tmp_path: Path):
    def _write(text: str | bytes) -> Path:
        path = tmp_path / "table.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return _write


def test_header_columns_and_lines(write):
    table = read_table(write(GRID))
    assert table.header == "title\nunits"
    assert list(table.columns) == ["x_low", "x_high", "t_low_us", "t_high_us", "count"]
    assert table.lines.tolist() == [4, 5, 6, 7]
    assert len(table) == 4


def test_grid_does_not_depend_on_the_order_of_rows(write):
    table = read_table(write(GRID))
    assert [table.edges(*axis).tolist() for axis in AXES] == [[0, 1, 3], [0, 2, 4]]
    assert table.grid("count", *AXES).tolist() == [[1, 3], [2, 4]]
    header, *rows = GRID.splitlines()[2:]
    shuffled = read_table(write("\n".join([header, *rows[::-1]])))
    assert shuffled.grid("count", *AXES).tolist() == [[1, 3], [2, 4]]


def test_columns_cannot_be_changed(write):
    with pytest.raises(ValueError, match="read-only"):
        read_table(write(GRID))["count"][0] = 7


def test_a_windows_file_with_byte_order_mark_reads_the_same(write):
    plain = read_table(write(GRID))
    other = read_table(write(b"\xef\xbb\xbf" + GRID.replace("\n", "\r\n").encode()))
    assert other.header == plain.header
    assert all(np.array_equal(other[name], plain[name]) for name in plain.columns)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("# only a comment\n", "holds comments only"),
        ("a,b\n", "holds no row"),
        ("1,2\n3,4\n", "line 1: .*name the columns"),
        ("a,\n3,4\n", "line 1: .*name the columns"),
        ("a,a\n3,4\n", "line 1: names the column 'a' more than once"),
        ("a,c\n3,4\n", "line 1: has no column 'b'; it has 'a', 'c'"),
        ("# x\na,b\n1,2\n3\n", "line 4: has 1 value where 2 belong"),
        ("# x\na,b\n1,2\n3,4,5\n", "line 4: has 3 values where 2 belong"),
        ("a,b\n1,2\n\n3,nan\n", "line 4: .*not a finite number"),
        ("a,b\n1,inf\n", "line 2: .*not a finite number"),
        ("a,b\n1,x\n", "line 2: '1,x' is not a row of numbers"),
        ("a,b\n1,\n", "line 2: '1,' is not a row of numbers"),
        (b"a,b\n1,\x002\n", "is binary"),
        (b"a,b\n1,\xff\n", "is not UTF-8"),
    ],
)
def test_bad_files(write, text, message):
    with pytest.raises(DataError, match=message) as error:
        read_table(write(text), require=("a", "b"))
    assert "\n" not in str(error.value)


def test_folder_and_missing_file(tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        read_table(tmp_path / "none.csv")


def test_missing_column_names_those_there_are(write):
    with pytest.raises(DataError, match="has no column 'z'; it has 'x_low', 'x_high'"):
        read_table(write(GRID))["z"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1,3,2,4,4\n", "", "1 are missing and 0 are given more than once"),
        ("1,3,2,4,4\n", "0,1,0,2,4\n", "1 are missing and 1 are given more"),
        ("1,3,2,4,4\n", "3,1,2,4,4\n", "line 7: 'x_high' must be greater than 'x_low'"),
        ("1,3,2,4,4\n", "1,4,2,4,4\n", "line 5: the bins in 'x_low' and 'x_high' leave a gap"),
        ("0,1,", "0,0.5,", "line 4: the bins in 'x_low' and 'x_high' leave a gap"),
        ("x_high", "x_up", "has no column 'x_high'"),
        ("count", "events", "has no column 'count'"),
    ],
)
def test_broken_grids(write, old, new, message):
    table = read_table(write(GRID.replace(old, new)))
    with pytest.raises(DataError, match=message):
        table.grid("count", *AXES)


@given(
    st.lists(
        st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3), min_size=1, max_size=20
    )
)
def test_what_is_written_is_read(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_text("a,b,c\n" + "\n".join(",".join(map(repr, row)) for row in rows))
    table = read_table(path)
    # repr of a float reads back exactly
    assert np.array_equal(np.column_stack([table[k] for k in "abc"]), np.array(rows))


@given(st.binary(max_size=300))
def test_any_bytes_give_a_table_or_a_data_error(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_bytes(raw)
    try:
        table = read_table(path)
    except DataError:
        return
    assert all(np.isfinite(column).all() for column in table.columns.values())
