"""Records of a pcap stream, whatever pieces it comes in: the same as the reader of whole files finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.wire.pcap import read_pcap
from captools.wire.record_stream import RecordStream
from captures.build import pcap

pytestmark = pytest.mark.usefixtures("no_io")
FRAMES = [(1_700_000_000_000_001_000 + number * 999_000, b"x" * (number * 7 % 90)) for number in range(40)]


@given(
    st.lists(st.integers(0, 3000), max_size=8),
    st.sampled_from([(order, nano) for order in "<>" for nano in (True, False)]),
)
def test_whole_and_in_pieces_are_the_same(cuts, form):
    data = pcap(FRAMES, order=form[0], nanoseconds=form[1], snaplen=80)
    stream, whole = RecordStream("x"), read_pcap(data, "x")
    found = []
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    for begin, end in zip(edges[:-1], edges[1:], strict=True):
        batch = stream.feed(data[begin:end])
        if batch is not None:
            found += [
                (batch.data[at : at + size], size, wire, ts)
                for at, size, wire, ts in zip(batch.offset, batch.cap_len, batch.wire_len, batch.ts_ns, strict=True)
            ]
    wanted = zip(whole.offset, whole.cap_len, whole.wire_len, whole.ts_ns, strict=True)
    assert found == [(data[at : at + size], size, wire, ts) for at, size, wire, ts in wanted]
    assert stream.damage == "" and stream.header is not None and stream.header.interface.snaplen == 80


def test_a_record_that_is_too_large_ends_the_stream_after_those_before_it():
    stream = RecordStream("n1/eth1")
    batch = stream.feed(pcap(FRAMES[:2]) + b"\xff" * 16)
    assert batch is not None and len(batch) == 2
    assert stream.damage == "n1/eth1: a record claims 4,294,967,295 bytes, more than any frame can have"
    assert stream.feed(pcap(FRAMES)) is None


def test_what_is_no_pcap_says_so():
    stream = RecordStream("n1/eth1")
    assert stream.feed(b"12:00:00.000000 IP 10.0.0.1 > 10.0.0.2") is None
    assert stream.damage == "n1/eth1: starts with 31 32 3a 30, which no pcap does"
    assert RecordStream("x").feed(b"") is None
