"""Lanes as arrays: the same lane from two byte ranges is one, and its counts add up."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from captools.model.narrow import LANES
from captools.wire.lane_keys import SUMS, concatenated, joined, lane_columns
from tests.wire.equality import compiled
from tests.wire.points import capture

pytestmark = pytest.mark.slow


def columns():
    narrow = compiled(capture("a", packets=2_000))
    return narrow, lane_columns(narrow.lanes, narrow.flows)


def test_different_lanes_have_different_keys_and_equal_rows_equal_ones():
    narrow, found = columns()
    rows = {tuple(row.values()) for row in narrow.lanes.to_pylist()}
    assert len(set(found.key.tolist())) == len(rows) == len(found)


@pytest.mark.parametrize("name", LANES.names)
def test_every_column_of_a_lane_counts_for_its_key(name):
    narrow, _ = columns()
    row = narrow.lanes.slice(len(narrow.lanes) // 2, 1)
    kind = LANES.field(name).type
    other = {"binary": bytes(range(getattr(kind, "byte_width", 0)))}.get("binary") if "binary" in str(kind) else 77
    value = pa.array(["else"]).dictionary_encode() if pa.types.is_dictionary(kind) else pa.array([other], kind)
    changed = row.set_column(LANES.get_field_index(name), LANES.field(name), value.cast(kind))
    flows = narrow.flows.slice(0, 1)
    assert lane_columns(row, flows).key[0] != lane_columns(changed, flows).key[0]


def test_two_ranges_of_one_file_are_put_together():
    narrow, whole = columns()
    half = len(whole) // 2
    parts = [lane_columns(narrow.lanes.slice(at, size), narrow.flows.slice(at, size)) for at, size in
             ((0, half + 10), (half, len(whole) - half))]  # fmt: skip
    found, number = joined(parts)
    assert len(found) == len(whole) and len(number) == len(whole) + 10
    assert (number[half : half + 10] == number[half + 10 : half + 20]).all()
    by_key = dict(zip(found.key.tolist(), range(len(found)), strict=True))
    place = [by_key[key] for key in whole.key.tolist()]
    twice = np.isin(np.arange(len(whole)), np.arange(half, half + 10)) + 1
    for name in SUMS:
        assert (found.flows[name][place] == whole.flows[name] * twice).all(), name
    assert (found.flows["first_ns"][place] == whole.flows["first_ns"]).all()
    assert (found.flows["tcp_flags"][place] == whole.flows["tcp_flags"]).all()


def test_nothing_is_a_set_of_lanes_too():
    assert len(concatenated([])) == 0 and len(joined([])[1]) == 0
