"""Repeats: told apart as tshark tells them, copies from retransmissions by IP id and time."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from captools.correlate.same.lanes import lanes
from captools.correlate.same.repeats import Repeat, repeats
from captools.correlate.sightings import Sightings, sightings
from captools.pipeline import open_session
from captures.build import pcap, sll2
from tests.correlate.same.wires import ACK, FIN, MS, SYN, US, Segment, groups_of, read
from tests.wire.conftest import decode_table

ONE = Segment(payload=bytes(100))


def kinds(rows: Sightings) -> list[Repeat]:
    return [Repeat(one) for one in repeats(rows, lanes(rows, groups_of(rows))).tolist()]


def told(*segments: tuple[int, Segment]) -> list[Repeat]:
    return kinds(read({"a/e": [one.at(at) for at, one in segments]}))


def after(count: int, **changes: object) -> Segment:
    return ONE.but(seq=ONE.seq + 100 * count, ident=ONE.ident + count, **changes)


def test_segments_in_order_are_new_and_so_is_one_behind_a_gap():
    assert told((0, ONE), (1, after(1)), (2, after(5))) == [Repeat.NEW] * 3


def test_the_middle_of_a_connection_is_new():
    assert told((0, after(7)), (1, after(8))) == [Repeat.NEW] * 2


def test_the_same_bytes_in_another_packet_are_retransmitted():
    assert told((0, ONE), (200 * MS, ONE.but(ident=9)))[1] is Repeat.RETRANSMITTED


@pytest.mark.parametrize(("ident", "ns", "kind"), [
    (7, 90 * MS, Repeat.DUPLICATE),  # no sender uses an IP id twice so soon
    (0, 90 * US, Repeat.DUPLICATE),
    (0, 90 * MS, Repeat.RETRANSMITTED),
])  # fmt: skip
def test_the_same_packet_again_is_a_copy(ident, ns, kind):
    one = ONE.but(ident=ident)
    assert told((0, one), (ns, one)) == [Repeat.NEW, kind]


def test_bytes_that_others_overtook_are_reordered():
    assert told((0, ONE), (1, after(2)), (2, after(1))) == [Repeat.NEW, Repeat.NEW, Repeat.REORDERED]


def test_an_overtaken_segment_that_comes_twice_was_retransmitted_the_second_time():
    assert told((0, ONE), (1, after(2)), (2, after(1)), (90 * MS, after(1, tsval=9)))[2:] == [
        Repeat.REORDERED, Repeat.RETRANSMITTED,
    ]  # fmt: skip


def test_some_of_the_bytes_again_are_partial():
    assert told((0, ONE), (1, after(1)), (2, ONE.but(seq=ONE.seq + 50, ident=9)))[2] is Repeat.PARTIAL


def test_a_keepalive_is_no_retransmission():
    assert told((0, ONE), (9, after(1, payload=b"").but(seq=ONE.seq + 99, payload=b"\0")))[1] is Repeat.KEEPALIVE


def test_a_repeated_fin_is_retransmitted():
    end = after(1, payload=b"", flags=FIN | ACK)
    assert told((0, ONE), (1, end), (300 * MS, end.but(ident=9)))[2] is Repeat.RETRANSMITTED


def test_sequence_numbers_wrap():
    near = ONE.but(seq=2**32 - 100)
    assert told((0, near), (1, ONE.but(seq=0, ident=2)), (90 * MS, near.but(ident=3))) == [
        Repeat.NEW, Repeat.NEW, Repeat.RETRANSMITTED,
    ]  # fmt: skip


def test_in_and_out_of_a_router_are_no_repetition():
    frames = [(at, sll2(ONE.but(ttl=ttl).packet(), ifindex=index, packet_type=kind))
              for at, (ttl, index, kind) in enumerate(((64, 2, 0), (63, 3, 4)))]  # fmt: skip
    rows = sightings(decode_table({"router/any": pcap(frames, linktype=276)}))
    assert kinds(rows) == [Repeat.NEW] * 2


def test_each_point_tells_its_own_story():
    rows = read({"a/e": [ONE.at(0), ONE.but(ident=9).at(200 * MS)], "b/e": [ONE.but(ident=9, ttl=63).at(201 * MS)]})
    assert kinds(rows) == [Repeat.NEW, Repeat.RETRANSMITTED, Repeat.NEW]


def test_a_repeated_syn_is_retransmitted():
    syn = Segment(flags=SYN, tsval=None)
    assert told((0, syn), (1_000 * MS, syn.but(ident=2)))[1] is Repeat.RETRANSMITTED


@pytest.mark.parametrize("path", [
    "nat-two-sided/http-long-conn-2pt/1-gw-eth1.cap", "nat-two-sided/tcp-mtu-4pt/2-gw-eth1.cap",
    "tcp/deepflow-syn-retrans.pcap", "tcp/practical-tcp_retransmissions.pcapng", "tcp/tcp-retransmission-gw.cap",
])  # fmt: skip
def test_tshark_calls_the_same_segments_repeated(shared: Path, path: str):
    file = shared / "captures-real" / path
    asked = "tcp.analysis.retransmission or tcp.analysis.out_of_order"
    argv = ["tshark", "-n", "-r", str(file), "-Y", asked, "-T", "fields", "-e", "frame.number"]
    said = {int(line) for line in subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()}
    rows = sightings(open_session([file]).opened.packets())
    kind = repeats(rows, lanes(rows, groups_of(rows)))
    again = np.isin(kind, (Repeat.RETRANSMITTED, Repeat.DUPLICATE, Repeat.REORDERED, Repeat.PARTIAL))
    assert set(rows["frame"][again].tolist()) == said
