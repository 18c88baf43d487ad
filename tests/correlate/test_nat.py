"""Translated connections: joined before and behind NAT, and only where nothing else fits."""

from __future__ import annotations

from pathlib import Path

from captools.correlate.flows import connections
from captools.correlate.match import match
from captools.correlate.nat import join_translated
from captools.correlate.sightings import sightings
from captools.pipeline import open_session
from captures.build import ethernet, ipv4, pcap, tcp, timestamps
from tests.correlate.material import FINE, S2, S8, material
from tests.wire.conftest import decode_table


def groups(points: dict[str, bytes]):
    rows = sightings(decode_table(points))
    return [tuple(str(one.flow) for one in group) for group in join_translated(rows, connections(rows, match(rows)))]


def syn(src: str, sport: int, dst: str, *, seq: int = 951063534, ttl: int = 64, tsval: int = 3355448797) -> bytes:
    segment = tcp(sport=sport, dport=80, seq=seq, flags=2, options=timestamps(tsval, 0))
    return ethernet(ipv4(segment, src=src, dst=dst, proto=6, ttl=ttl))


POD, NODE, OUT, VIP, BACKEND = "172.20.0.88", "192.168.10.100", "10.10.1.200", "192.168.10.211", "172.20.2.33"


def test_a_masqueraded_connection_is_one_with_the_pods_own_view_first():
    found = groups({
        "k8s-ctr/lxc1": pcap([(1_000, syn(POD, 40000, OUT))]),
        "k8s-ctr/eth1": pcap([(21_000, syn(NODE, 61234, OUT, ttl=63))]),
    })  # fmt: skip
    assert found == [(f"{POD}:40000 -> {OUT}:80 tcp", f"{NODE}:61234 -> {OUT}:80 tcp")]


def test_a_translated_destination_is_joined_too():
    found = groups({
        "router/eth1": pcap([(1_000, syn("192.168.10.200", 5000, VIP))]),
        "k8s-w0/lxc2": pcap([(90_000, syn("192.168.10.200", 5000, BACKEND, ttl=62))]),
    })  # fmt: skip
    assert len(found) == 1 and len(found[0]) == 2


def test_two_candidates_join_nothing():
    found = groups({
        "a/lxc1": pcap([(1_000, syn(POD, 40000, OUT))]),
        "a/eth1": pcap([(2_000, syn(NODE, 1111, OUT, ttl=63)), (3_000, syn("192.168.10.101", 2222, OUT, ttl=63))]),
    })  # fmt: skip
    assert [len(group) for group in found] == [1, 1, 1]


def test_the_same_sequence_number_much_later_is_chance():
    found = groups({
        "a/lxc1": pcap([(1_000, syn(POD, 40000, OUT))]),
        "a/eth1": pcap([(60_000_000_000, syn(NODE, 1111, OUT, ttl=63))]),
    })  # fmt: skip
    assert [len(group) for group in found] == [1, 1]


def test_nothing_is_joined_in_cases_without_nat():
    for name in (FINE, S2, S8):
        rows = material(name).sightings()
        assert {len(group) for group in join_translated(rows, connections(rows, match(rows)))} == {1}


def test_a_real_load_balancer_that_rewrites_both_ends_is_seen_through(shared: Path):
    # INDEX.md: 172.18.0.1:59132 -> 172.18.0.200:80 becomes 172.18.0.4:4785 -> 10.244.204.2:80, same TCP seq.
    folder = shared / "captures-real/nat-two-sided/k8s-nginx-l7-3pt"
    found = open_session([folder / "1-host-bridge.cap", folder / "2-node.cap"]).analysis
    path = next(one for one in found.paths if (one.flow.src, one.flow.sport) == ("172.18.0.1", 59132))
    assert (path.flow.dst, path.flow.dport) == ("172.18.0.200", 80)
    behind = {(hop.src, hop.sport, hop.dst, hop.dport) for hop in path.hops if hop.change.value == "translated"}
    assert ("172.18.0.4", 4785, "10.244.204.2", 80) in behind


def test_the_client_is_found_behind_nat_and_proxy_together(shared: Path):
    folder = shared / "captures-real/nat-two-sided/k8s-nginx-l7-3pt"
    found = open_session([folder]).analysis
    (one,) = [request for request in found.requests if request.attempts]
    assert (one.client, one.xff, one.host) == ("172.18.0.1", ("172.18.0.4",), "http-example.foo.com")
    assert one.backend_leg is not None
    leg = one.backend_leg
    assert (leg.src, leg.sport, leg.dst, leg.dport) == ("10.244.204.2", 50720, "10.244.43.68", 80)
