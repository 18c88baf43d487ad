"""Sides and their parts."""

from __future__ import annotations

import pyarrow.compute as pc
import pytest

from captools.views.filter.errors import FilterError
from captools.views.filter.fields import FIELDS
from captools.views.filter.kinds import Kind
from captools.views.filter.sides import Side, part_of
from captools.views.filter.tree import Span


def side(name: str) -> Side:
    field = FIELDS[name]
    return Side(at=0, kind=field.kind, field=field, lanes=lambda rows: rows.lanes(field))


def test_a_changed_side_has_the_changed_values_and_their_kind(rows):
    doubled = side("ip.ttl").changed(lambda values: pc.multiply(values, 2), Kind.NUMBER, most=510)
    assert doubled.lanes(rows)[1].values[0].as_py() == 128 and doubled.field.most == 510


@pytest.mark.parametrize(
    ("name", "spans", "expected"),
    [("eth.src", (Span(first=0, last=1), Span(first=-1, last=None)), b"\x02\x00\x01"),
     ("http.request.uri", (Span(first=1, last=4),), "Cart"), ("tls.handshake.random", (Span(first=-2, last=None),), b"\x1e\x1f"),
     ("tls.handshake.random", (Span(first=32, last=32),), None)],
)  # fmt: skip
def test_a_part_is_what_the_brackets_name(rows, name, spans, expected):
    lane = part_of("text", side(name), 0, spans).lanes(rows)[0]
    at = 4 if lane.rows is None else lane.rows.tolist().index(4)
    if name == "eth.src":  # the frame's own addresses stand in the inner slot
        lane = part_of("text", side(name), 0, spans).lanes(rows)[-1]
    assert lane.values[at].as_py() == expected


def test_numbers_have_no_parts():
    with pytest.raises(FilterError, match="has no bytes here to pick"):
        part_of("tcp.port[0]", side("tcp.port"), 8, (Span(first=0, last=0),))
