"""Lanes as arrays: the same lane from two byte ranges is one, and its counts add up."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from captools.model.narrow import LANES
from captools.wire.lane_keys import SUMS, Gathered, lane_columns, lane_keys
from tests.wire.equality import compiled
from tests.wire.points import capture

pytestmark = pytest.mark.slow


def decoded():
    return compiled(capture("a", packets=2_000))


def test_different_lanes_have_different_keys_and_equal_rows_equal_ones():
    lanes = decoded().lanes
    rows = {tuple(row.values()) for row in lanes.to_pylist()}
    assert len(set(lane_keys(lanes).tolist())) == len(rows) == len(lanes)


@pytest.mark.parametrize("name", LANES.names)
def test_every_column_of_a_lane_counts_for_its_key(name):
    lanes = decoded().lanes
    row = lanes.slice(len(lanes) // 2, 1)
    kind = LANES.field(name).type
    other = {"binary": bytes(range(getattr(kind, "byte_width", 0)))}.get("binary") if "binary" in str(kind) else 77
    value = pa.array(["else"]).dictionary_encode() if pa.types.is_dictionary(kind) else pa.array([other], kind)
    changed = row.set_column(LANES.get_field_index(name), LANES.field(name), value.cast(kind))
    assert lane_keys(row)[0] != lane_keys(changed)[0]


def test_two_ranges_of_one_file_are_put_together():
    narrow = decoded()
    count = len(narrow.lanes)
    half = count // 2
    into = Gathered(count + 10)
    for at, size in ((0, half + 10), (half, count - half)):
        into.add(narrow.lanes.slice(at, size), narrow.flows.slice(at, size))
    found, number = into.close_file()
    assert number.tolist() == [*range(half + 10), *range(half, count)]
    twice = np.isin(np.arange(count), np.arange(half, half + 10)) + 1
    whole = dict(lane_columns(narrow.lanes, narrow.flows).columns())
    for name, column in found.columns():
        assert (column == whole[name] * (twice if name in SUMS else 1)).all(), name


def test_what_ranges_say_differently_of_a_lane_is_put_together_by_its_meaning():
    narrow = decoded()
    row, flow = narrow.lanes.slice(0, 1), narrow.flows.slice(0, 1)
    told = [{"packets": 3, "rsts": 1, "http": False, "tls": True, "first_ns": 50, "last_ns": 60},
            {"packets": 4, "rsts": 2, "http": True, "tls": False, "first_ns": 40, "last_ns": 55}]  # fmt: skip
    into = Gathered(2)
    for one in told:
        changed = flow
        for name, value in one.items():
            field = changed.schema.field(name)
            changed = changed.set_column(changed.schema.get_field_index(name), field, pa.array([value], field.type))
        into.add(row, changed)
    flows = into.close_file()[0].flows
    assert {name: flows[name].tolist() for name in told[0]} == {
        "packets": [7], "rsts": [3], "http": [True], "tls": [True], "first_ns": [40], "last_ns": [60]
    }  # fmt: skip


def test_the_same_lane_of_two_files_stays_two():
    narrow = decoded()
    into = Gathered(2 * len(narrow.lanes))
    parts = []
    for _ in range(2):
        into.add(narrow.lanes, narrow.flows)
        parts.append(into.close_file())
    assert len(into.all()) == 2 * len(narrow.lanes)
    assert all(number.tolist() == list(range(len(narrow.lanes))) for _, number in parts)
    assert all(np.shares_memory(part.hash, into.all().hash) for part, _ in parts)


def test_more_lanes_than_there_is_room_for_are_refused():
    narrow = decoded()
    with pytest.raises(ValueError):
        Gathered(len(narrow.lanes) - 1).add(narrow.lanes, narrow.flows)


def test_nothing_is_a_set_of_lanes_too():
    lanes, number = Gathered(0).close_file()
    assert len(lanes) == len(number) == len(Gathered(0).all()) == 0
