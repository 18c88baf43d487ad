"""The tables as a filter sees them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from captools.model.addresses import to_text
from captools.views.filter.fields import FIELDS
from captools.views.filter.registry import Slot
from captools.views.filter.rows import Rows, raw_bytes, within
from captools.views.filter.tree import Span


def test_the_values_of_a_field_come_outermost_first(rows: Rows) -> None:
    lanes = rows.lanes(FIELDS["ip.src"])
    assert [to_text(lane.values[1].as_py()) for lane in lanes] == ["192.168.20.100", "172.20.2.33", ""]
    assert [to_text(lane.values[3].as_py()) for lane in lanes] == ["", "10.0.0.1", "192.168.10.200"]


def test_a_layer_choice_leaves_the_other_headers_out(rows: Rows) -> None:
    second = rows.lanes(FIELDS["ip.src"], (Span(first=2, last=2),))
    told = [{to_text(lane.values[at].as_py()) for lane in second} - {""} for at in (0, 1, 3)]
    assert told == [set(), {"172.20.2.33"}, {"192.168.10.200"}]


def test_header_lines_that_come_twice_are_two_values(rows: Rows) -> None:
    (lane,) = rows.lanes(FIELDS["http.x_forwarded_for"])
    assert lane.rows is not None
    assert list(zip(lane.rows.tolist(), lane.values.to_pylist(), strict=True)) == [(4, "203.0.113.9"), (4, "10.9.9.9")]


def test_pipelined_heads_are_layers_of_http(rows: Rows) -> None:
    (lane,) = rows.lanes(FIELDS["http.request.method"], (Span(first=-1, last=-1),))
    assert lane.values.drop_null().to_pylist() == ["POST"]


def test_layer_numbers_count_from_one_and_from_the_end() -> None:
    number, total = np.array([1, 2, 3]), np.array([3, 3, 3])
    assert within(number, total, (Span(first=2, last=2),)).tolist() == [False, True, False]
    assert within(number, total, (Span(first=-1, last=-1),)).tolist() == [False, False, True]
    assert within(number, total, (Span(first=2, last=None),)).tolist() == [False, True, True]
    assert within(number, total, (Span(first=0, last=0),)).tolist() == [False, False, False]


def test_bytes_of_a_sliced_column_are_those_of_its_rows() -> None:
    column = pa.array([b"\x01\x02", b"\x03\x04", None], pa.binary(2))
    assert raw_bytes(column.slice(1, 1)).tolist() == [[3, 4]]


def test_a_protocol_is_nowhere_in_a_slot_it_never_has(rows: Rows) -> None:
    assert rows.present("arp", Slot.OUTER) is None
    assert rows.says("tunnel", "vxlan").tolist() == [False, True] + [False] * 8
