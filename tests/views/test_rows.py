"""Any Arrow table as rows for JSON and text."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from captools.views.rows import BATCH_ROWS, cell, names_of, plain, rows_of


def test_times_keep_their_nanoseconds_whatever_their_unit() -> None:
    table = pa.table(
        {"ns": pa.array([1, None], pa.timestamp("ns")), "us": pa.array([1, 2], pa.timestamp("us", tz="UTC"))}
    )
    assert list(rows_of(table)) == [
        ("1970-01-01T00:00:00.000000001Z", "1970-01-01T00:00:00.000001000Z"),
        (None, "1970-01-01T00:00:00.000002000Z"),
    ]


def test_every_batch_is_there_in_order() -> None:
    table = pa.table({"a": range(2 * BATCH_ROWS + 1)})
    assert [row[0] for row in rows_of(table)] == list(range(2 * BATCH_ROWS + 1))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Decimal("12345678901234567890"), 12345678901234567890), (Decimal("1.5"), 1.5), (float("nan"), None),
     (float("inf"), None), (b"\x01\xff", "01ff"), (timedelta(seconds=1), "0:00:01"), ([(b"a", None)], [["61", None]]),
     ({"a": [1]}, {"a": [1]}), (True, True), (None, None)],
)  # fmt: skip
def test_values_become_what_json_knows(value: object, expected: object) -> None:
    assert plain(value) == expected
    json.dumps(plain(value), allow_nan=False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [([1, None, "a"], "1,,a"), ([True], "1"), (False, 0), ([{"a": 1}], '[{"a": 1}]'), ({"a": "\x1b"}, '{"a": "\\u001b"}'),
     ([], ""), ("x", "x")],
)  # fmt: skip
def test_a_cell_holds_one_line(value: object, expected: object) -> None:
    assert cell(value) == expected


def test_columns_of_one_name_are_told_apart() -> None:
    table = pa.table([pa.array([1])] * 4, names=["a", "a", "a_2", "a"])
    assert names_of(table) == ["a", "a_2", "a_2_2", "a_3"]
    assert list(rows_of(table)) == [(1, 1, 1, 1)]
