"""Records of flows and messages: what every packet touches lies together, and rows of both kinds of message fit text."""

from __future__ import annotations

import numpy as np

from captools.model.narrow import FLOWS, HEADS, HELLOS
from captools.wire.kernels.records import (
    FLOW,
    FLOW_COLUMNS,
    HEAD,
    HEAD_STRINGS,
    HELLO,
    HELLO_STRINGS,
    ROW_BYTES,
    TEXT_AT,
    TEXT_BYTES,
)


def test_no_field_overlaps_another_and_each_is_aligned():
    for kind in (FLOW, HEAD, HELLO):
        spans = sorted((at, at + field.itemsize) for field, at, *_ in kind.fields.values())
        assert all(end <= begin for (_, end), (begin, _) in zip(spans, spans[1:], strict=False))
        assert all(at % field.base.itemsize == 0 for field, at, *_ in kind.fields.values())


def test_what_every_packet_touches_lies_in_one_cache_line():
    every = ("packets", "wire_bytes", "payload_bytes", "last_ns", "next_seq", "in_order", "tcp_flags", "stage", "odd")
    assert {FLOW.fields[name][1] // 64 for name in every} == {0} and FLOW.itemsize == 128


def test_every_column_of_flows_is_a_field():
    assert set(FLOW_COLUMNS) <= set(FLOW.names) and tuple(FLOWS.names) == FLOW_COLUMNS


def test_text_stands_at_the_same_place_in_all_rows():
    assert {(kind.itemsize, kind.fields["text"][1]) for kind in (HEAD, HELLO)} == {(ROW_BYTES, TEXT_AT)}
    assert TEXT_AT + TEXT_BYTES == ROW_BYTES
    for kind, names, schema in ((HEAD, HEAD_STRINGS, HEADS), (HELLO, HELLO_STRINGS, HELLOS)):
        assert all(kind.fields[name][0] == np.uint16 for name in names) and set(names) <= set(schema.names)
