"""Many running points as one pcapng: interfaces, order, counts at the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.wire.live_pcapng import LivePcapng, Source
from captools.wire.pcapng import read_pcapng
from captools.wire.records import Records
from captools.wire.write_pcapng import Counts
from captures.build import EN10MB, LINUX_SLL2, ethernet, pcap, sll2

pytestmark = pytest.mark.usefixtures("no_io")
SECOND = 1_000_000_000
ETH, WG = Source(node="k8s-w1", interface="eth1"), Source(node="router", interface="cilium_wg0")
FRAME = ethernet(b"x" * 40)


def rows(data: bytes) -> list[tuple[str, int]]:
    records: Records = read_pcapng(data, "x")
    assert records.damage == ""
    names = [records.interfaces[one].name for one in records.interface.tolist()]
    return list(zip(names, records.ts_ns.tolist(), strict=True))


def stream(*stamps: int) -> bytes:
    return pcap([(ts, FRAME) for ts in stamps])


def test_a_reader_gets_a_valid_file_before_any_packet_and_interfaces_in_the_order_of_the_points():
    live = LivePcapng([ETH, WG], "captools")
    data = live.take(0)
    live.feed(1, pcap([], linktype=EN10MB), 0)
    data += live.take(0)
    assert read_pcapng(data, "x").interfaces == ()
    live.feed(0, pcap([], linktype=EN10MB), 0)
    data += live.take(0)
    assert [one.name for one in read_pcapng(data, "x").interfaces] == ["k8s-w1/eth1", "router/cilium_wg0"]


def test_packets_of_all_points_stand_in_the_order_of_their_stamps_in_whatever_pieces_they_come():
    live = LivePcapng([ETH, WG], "captools")
    ours, theirs = stream(10, 30, 50), stream(20, 40)
    data = b""
    for at in range(0, max(len(ours), len(theirs)), 11):
        live.feed(0, ours[at : at + 11], 0)
        live.feed(1, theirs[at : at + 11], 0)
        data += live.take(0)
    data += live.finish({}, 0)
    assert rows(data) == [
        ("k8s-w1/eth1", 10), ("router/cilium_wg0", 20), ("k8s-w1/eth1", 30), ("router/cilium_wg0", 40),
        ("k8s-w1/eth1", 50),
    ]  # fmt: skip
    assert (live.packets, live.late) == (5, 0)


def test_a_point_that_never_says_a_word_stops_nobody():
    live = LivePcapng([ETH, WG], "captools")
    live.feed(0, stream(10), 0)
    data = live.take(0) + live.take(2 * SECOND)
    assert rows(data) == [("k8s-w1/eth1", 10)]
    live.feed(1, stream(5), 3 * SECOND)
    data += live.take(5 * SECOND)
    assert rows(data) == [("k8s-w1/eth1", 10), ("router/cilium_wg0", 5)] and live.late == 1


def test_any_is_one_interface_for_each_index_named_by_the_node_else_by_its_number():
    live = LivePcapng([Source(node="router", interface="any", names={2: "eth0", 7: "eth1"})], "captools")
    frames = [(at, sll2(b"x" * 30, ifindex=index)) for at, index in enumerate((2, 7, 9, 2), 1)]
    live.feed(0, pcap(frames, linktype=LINUX_SLL2), 0)
    data = live.take(0) + live.finish({0: Counts(dropped=4)}, 0)
    assert rows(data) == [("router/eth0", 1), ("router/eth1", 2), ("router/#9", 3), ("router/eth0", 4)]
    assert [one.dropped for one in read_pcapng(data, "x").interfaces] == [4, None, None]


def test_counts_at_the_end_stand_at_their_interface_filters_too():
    live = LivePcapng([ETH, Source(node="router", interface="eth0", filter="udp")], "captools")
    live.feed(0, stream(10), 0)
    live.feed(1, stream(), 0)
    data = live.finish({0: Counts(received=1, dropped=0), 1: Counts(received=9, dropped=8)}, 0)
    assert [(one.dropped, one.filter) for one in read_pcapng(data, "x").interfaces] == [(0, ""), (8, "udp")]


def test_a_stream_that_breaks_is_said_and_the_others_go_on():
    live = LivePcapng([ETH, WG], "captools")
    live.feed(0, b"Last login: yesterday", 0)
    live.feed(1, stream(10), 0)
    assert rows(live.take(0)) == [("router/cilium_wg0", 10)]
    assert live.damage == ("k8s-w1/eth1: starts with 4c 61 73 74, which no pcap does",)


@given(st.binary(max_size=200), st.integers(0, 120), st.integers(1, 50), st.booleans())
def test_whatever_a_node_sends_the_others_are_whole_and_the_file_is_valid(garbage, at, piece, cooked):
    source = Source(node="n", interface="any") if cooked else ETH
    whole = pcap([(9, FRAME)], linktype=LINUX_SLL2 if cooked else EN10MB)
    hostile, live, data = whole[:at] + garbage, LivePcapng([source, WG], "captools"), b""
    for begin in range(0, len(hostile), piece):
        live.feed(0, hostile[begin : begin + piece], begin)
        data += live.take(begin)
    live.feed(1, stream(10, 20), 0)
    data += live.finish({0: Counts(dropped=1), 1: Counts(dropped=2)}, 0)
    assert [row for row in rows(data) if row[0] == "router/cilium_wg0"] == [
        ("router/cilium_wg0", 10), ("router/cilium_wg0", 20)
    ]  # fmt: skip
