"""Counting pcap records in a stream."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from captools.collect.records import PcapCounter

LENGTHS = st.lists(st.integers(0, 200), max_size=12)


def pcap(lengths, order="<", magic=0xA1B23C4D):
    head = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 262144, 276)
    return head + b"".join(struct.pack(order + "IIII", 1, 2, n, n) + b"x" * n for n in lengths)


@given(
    lengths=LENGTHS,
    step=st.integers(1, 90),
    order=st.sampled_from("<>"),
    magic=st.sampled_from([0xA1B23C4D, 0xA1B2C3D4]),
)
def test_every_record_counts_once_however_the_stream_is_cut(lengths, step, order, magic):
    data, counter = pcap(lengths, order, magic), PcapCounter()
    for start in range(0, len(data), step):
        counter.feed(data[start : start + step])
    assert (counter.packets, counter.close()) == (len(lengths), "")
    assert (counter.linktype, counter.snaplen) == (276, 262144)


@given(lengths=st.lists(st.integers(1, 60), min_size=1, max_size=6), data=st.data())
def test_a_stream_that_ends_anywhere_counts_whole_records_only_and_says_so(lengths, data):
    whole = pcap(lengths)
    cut = data.draw(st.integers(24, len(whole) - 1))
    counter = PcapCounter()
    counter.feed(whole[:cut])
    ends, position = [], 24
    for length in lengths:
        position += 16 + length
        ends.append(position)
    damage = counter.close()
    assert counter.packets == sum(end <= cut for end in ends)
    assert bool(damage) == (cut != 24 and cut not in ends)


def test_what_is_no_pcap_is_said_and_never_counted():
    counter = PcapCounter()
    counter.feed(b"<html><body>this is not the capture you are looking for</body></html>")
    assert counter.packets == 0 and "no pcap" in counter.close()
    assert "not even the file header" in PcapCounter().close()
