"""Flows of byte ranges put together: as in one pass where that can be told, odd where it cannot."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captools.model.narrow import FLOWS
from captools.wire.joined import columns_of, join, no_flows
from captures import build
from tests.wire.conversation import ACK, FIN, Seg, frame, opening
from tests.wire.equality import compiled
from tests.wire.test_heads import conversations

JUDGED = ("odd", "odd_tls", "stage", "left", "in_order", "retransmitted", "gaps", "duplicate_acks", "next_seq")


def flows_of(segments: list[Seg], first: int = 0) -> pa.Table:
    return compiled(build.pcap([(first + at, frame(one)) for at, one in enumerate(segments)])).flows


def joined(segments: list[Seg], cut: int) -> dict:
    """Join the flows of one direction, decoded apart before and behind ``cut``."""
    parts = [flows_of(part, first) for part, first in ((segments[:cut], 0), (segments[cut:], cut)) if part]
    columns = join([(np.array([0]), columns_of(part)) for part in parts], 1)
    return {name: column.tolist()[0] for name, column in columns.items()}


def test_no_ranges_give_flows_without_packets():
    assert {name: column.tolist() for name, column in join([], 2).items()} == {name: [0, 0] for name in FLOWS.names}
    assert list(no_flows(1)) == FLOWS.names


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.booleans().flatmap(lambda good: conversations(good=good)), st.integers(0, 12))
def test_a_flow_cut_anywhere_adds_up_and_is_never_taken_for_proven(talk, cut):
    segments = [one for one in talk if not one.answer]
    found, whole = joined(segments, cut), flows_of(segments).to_pylist()[0]
    for name in set(FLOWS.names) - set(JUDGED) - {"skipped", "first_seq", "opened"}:
        assert found[name] == whole[name], name
    assert found["odd"] >= whole["odd"]
    if not found["odd"]:
        assert {name: found[name] for name in JUDGED} == {name: whole[name] for name in JUDGED}
        assert found["skipped"] == whole["skipped"]


PUT = b"PUT / HTTP/1.1\r\nContent-Length: 8\r\n\r\n"
GET = b"GET / HTTP/1.1\r\n\r\n"


def behind(*payloads: bytes) -> list[Seg]:
    at, sent = 0, [opening()]
    for one in payloads:
        sent.append(Seg(one, at))
        at += len(one)
    return [*sent, Seg(b"", at, FIN | ACK)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "payloads",
    [(GET, GET), (PUT + b"1234", b"5678", GET), (PUT, b"12345678", GET), (b"any", b"thing"), (PUT, b"1", b"2345")],
)
def test_where_bytes_go_on_the_state_goes_on(payloads):
    segments = behind(*payloads)
    whole = flows_of(segments).to_pylist()[0]
    for cut in range(len(segments) + 1):
        assert joined(segments, cut) == {name: int(whole[name]) for name in FLOWS.names}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([Seg(GET)], [Seg(GET, len(GET) + 1)]),
        ([Seg(GET)], [Seg(GET)]),
        ([Seg(PUT + b"123")], [Seg(b"45678" + GET, len(PUT) + 3)]),
        ([Seg(b"HTTP/1.1 200 OK\r\n\r\n")], [Seg(b"HTTP/1.1 200 OK\r\n\r\n", 19)]),
        ([Seg(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")], [Seg(b"0\r\n\r\n", 47)]),
        ([Seg(GET)], [opening(isn=5), Seg(GET, isn=5)]),
        ([Seg(GET), Seg(b"", len(GET), FIN | ACK)], [Seg(GET, len(GET) + 1)]),
    ],
)  # fmt: skip
def test_where_they_do_not_the_flow_is_odd(before, after):
    assert not any(flow["odd"] for part in (before, after) for flow in flows_of(part).to_pylist())
    assert joined(before + after, len(before))["odd"]
