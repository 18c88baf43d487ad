"""Same packet: matched through tunnels and routers, never across repetition."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from captools.correlate.match import fingerprint, invariant_fingerprint, match
from captools.correlate.sightings import ABSENT, sightings
from captures.build import ethernet, icmp_echo, ipv4, pcap, tcp, timestamps, udp, vxlan
from tests.correlate.material import S2, material
from tests.wire.conftest import decode_table

SECOND = 1_000_000_000


def rows_of(*points: tuple[str, list[tuple[int, bytes]]]):
    return sightings(decode_table({point: pcap(frames) for point, frames in points}))


def ping(seq: int, *, ttl: int = 64, ident: int = 7) -> bytes:
    return ipv4(icmp_echo(b"x" * 16, ident=9, seq=seq), src="10.0.0.1", dst="10.0.0.2", proto=1, ttl=ttl, ident=ident)


def in_vxlan(packet: bytes) -> bytes:
    datagram = udp(vxlan(ethernet(packet), vni=5), sport=1, dport=8472)
    return ethernet(ipv4(datagram, src="192.0.2.1", dst="192.0.2.2", proto=17))


def test_a_pod_packet_and_its_tunnelled_copy_are_one_packet():
    rows = rows_of(("a/lxc1", [(1, ethernet(ping(1)))]), ("a/eth1", [(20_000, in_vxlan(ping(1, ttl=63)))]))
    assert len(set(match(rows).ids.tolist())) == 1


def test_ttl_and_dscp_may_change_but_nothing_that_identifies_a_packet_may():
    base = ping(1)
    marked = bytearray(base)
    marked[1] = 0xB8
    rows = rows_of(
        (
            "a/e",
            [
                (1, ethernet(base)),
                (2, ethernet(bytes(marked))),
                (3, ethernet(ping(2))),
                (4, ethernet(ping(1, ident=8))),
            ],
        )
    )
    same = fingerprint(rows)
    assert same[0] == same[1]
    assert len({same[0], same[2], same[3]}) == 3


def test_the_same_bytes_seconds_later_are_another_packet():
    rows = rows_of(
        ("a/e", [(1, ethernet(ping(1))), (5 * SECOND, ethernet(ping(1)))]), ("b/e", [(2, ethernet(ping(1, ttl=63)))])
    )
    ids = match(rows).ids
    assert ids[0] == ids[2] and ids[1] != ids[0]


def test_a_repetition_at_one_point_is_split_and_called_ambiguous():
    frames = [(1, ethernet(ping(1))), (1000, ethernet(ping(1)))]
    found = match(rows_of(("a/e", frames)))
    assert found.ids[0] != found.ids[1]
    assert found.ambiguous == set(found.ids.tolist())


def test_the_same_sighting_from_two_sources_is_one_packet_and_not_ambiguous():
    doubled = material(S2).doubled("k8s-ctr/eth1")
    plain = match(material(S2).sightings())
    found = match(doubled.sightings())
    assert found.count == plain.count
    assert found.ambiguous == plain.ambiguous


def test_nat_leaves_the_invariant_print_and_changes_the_exact_one():
    def syn(src: str, sport: int, seq: int = 77) -> bytes:
        segment = tcp(sport=sport, dport=80, seq=seq, flags=2, options=timestamps(5, 0))
        return ethernet(ipv4(segment, src=src, dst="10.0.0.9", proto=6))

    rows = rows_of(
        ("a/e", [(1, syn("172.20.0.88", 40000)), (2, syn("192.168.10.100", 51234)), (3, syn("172.20.0.88", 40000, 78))])
    )
    exact, kept = fingerprint(rows), invariant_fingerprint(rows)
    assert exact[0] != exact[1]
    assert kept[0] == kept[1] != 0 and kept[2] != kept[0]


def test_too_little_is_no_print_at_all():
    bare = tcp(sport=1, dport=2, seq=0, flags=4)  # a RST to nowhere: no timestamps, no payload, sequence 0
    short = udp(b"ab", sport=1, dport=53)
    frames = [ethernet(ipv4(bare, src="10.0.0.1", dst="10.0.0.2", proto=6)),
              ethernet(ipv4(short, src="10.0.0.1", dst="10.0.0.2", proto=17))]  # fmt: skip
    rows = rows_of(("a/e", list(enumerate(frames))))
    assert invariant_fingerprint(rows).tolist() == [0, 0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_rows_makes_no_difference(seed):
    whole, shuffled = material(S2), material(S2).shuffled(seed)

    def groups(of):
        ids = match(of.sightings()).ids
        keys = list(zip(of.packets["point"].to_pylist(), of.packets["frame"].to_pylist(), strict=True))
        found = defaultdict(set)
        for key, number in zip(keys, ids.tolist(), strict=True):
            if number != ABSENT:
                found[number].add(key)
        return {frozenset(one) for one in found.values()}

    assert groups(whole) == groups(shuffled)


def test_arp_has_no_packet_number():
    rows = material(S2).sightings()
    assert (match(rows).ids[np.flatnonzero(rows["src"] == ABSENT)] == ABSENT).all()
