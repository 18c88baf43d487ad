"""Translated connections: joined before and behind NAT, and only where nothing else fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from captools.correlate.same.flows import connections
from captools.correlate.same.match import match
from captools.correlate.same.nat import join_translated
from captools.correlate.sightings import sightings
from captools.pipeline import open_session
from captures.build import ethernet, icmp_echo, ipv4, pcap, tcp, timestamps, udp
from tests.correlate.material import FINE, S2, S8, material
from tests.correlate.same.wires import ACK, SECOND, START, SYN, Segment, groups_of, read
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


def chain(*variants: Segment, gap: int = 20_000) -> dict[str, list[tuple[int, bytes]]]:
    """One SYN on its way from node to node, with each of its address pairs."""
    return {f"n{at}/eth1": [one.but(flags=SYN, ttl=64 - at).at(at * gap)] for at, one in enumerate(variants)}


CLIENT, ENTRY = "192.168.10.200", "172.20.1.35"


def test_a_chain_of_translations_is_one_conversation_however_long():
    client = Segment(CLIENT, 5000, VIP, 80)
    variants = (client, client.but(dst=NODE, dport=30080), client.but(src=ENTRY, sport=61000, dst=NODE, dport=30080),
                client.but(src=ENTRY, sport=61000, dst=BACKEND, dport=9080))  # fmt: skip
    (group,) = groups_of(read(chain(*variants)))
    assert [(one.flow.src, one.flow.sport, one.flow.dst, one.flow.dport) for one in group] == [
        (each.src, each.sport, each.dst, each.dport) for each in variants
    ]


def test_a_pair_that_joins_the_chain_by_another_packet_is_joined_too():
    client = Segment(CLIENT, 5000, VIP, 80)
    data, behind = client.but(payload=b"x" * 40, ident=2), client.but(dst=BACKEND, payload=b"x" * 40, ident=2, ttl=62)
    points = chain(client, client.but(src=ENTRY, sport=61000))
    points["n0/eth1"].append(data.at(1_000_000))
    points["n9/lxc"] = [behind.at(1_090_000)]
    (group,) = groups_of(read(points))
    assert len(group) == 3


def test_hairpin_in_and_out_of_one_card_is_one_conversation():
    pod = Segment(POD, 40000, VIP, 80, flags=SYN, ttl=63)
    turned = pod.but(src=NODE, sport=61000, dst=BACKEND, ttl=62)
    (group,) = groups_of(read({"a/eth1": [pod.at(0), turned.at(5_000)]}))
    assert [one.flow.dst for one in group] == [VIP, BACKEND]


def test_direct_server_return_is_one_conversation_though_its_answers_pass_by_the_entry_node():
    client = Segment(CLIENT, 5000, VIP, 80, flags=SYN)
    answer = Segment(VIP, 80, CLIENT, 5000, seq=9, flags=SYN | ACK, ident=0)
    at_pod = answer.but(src=BACKEND)
    (group,) = groups_of(read({
        "entry/eth1": [client.at(0), client.but(dst=BACKEND, ttl=63).at(5_000)],
        "w0/lxc": [client.but(dst=BACKEND, ttl=62).at(50_000), at_pod.at(90_000)],
        "w0/eth1": [answer.but(ttl=63).at(100_000)],
    }))  # fmt: skip
    own, behind = group
    assert (own.flow.dst, len(own.forward), len(own.reply)) == (VIP, 1, 1)
    assert (behind.flow.dst, len(behind.forward), len(behind.reply)) == (BACKEND, 2, 1)


def test_seen_from_the_middle_every_variant_has_the_originator_first():
    # The translated source port is lower than the service's: alone, that pair would be read the wrong way round.
    client = Segment(CLIENT, 50000, VIP, 8080, payload=b"x" * 9)
    behind = client.but(src=NODE, sport=1234, dst=BACKEND, dport=9080, ttl=63)
    (group,) = groups_of(read({"a/eth1": [client.at(0)], "b/eth1": [behind.at(5_000)]}))
    assert [(one.flow.src, len(one.forward)) for one in group] == [(CLIENT, 1), (NODE, 1)]


def test_a_ttl_that_rose_on_the_way_is_another_connection():
    first = Segment(CLIENT, 5000, VIP, 80, flags=SYN, ttl=60)
    other = first.but(src=NODE, sport=61000, ttl=64)
    assert [len(group) for group in groups_of(read({"a/eth1": [first.at(0), other.at(5_000_000)]}))] == [1, 1]


def test_rivals_take_the_whole_chain_apart():
    client = Segment(POD, 40000, OUT, flags=SYN)
    one, two = client.but(src=NODE, sport=1111, ttl=63), client.but(src="192.168.10.101", sport=2222, ttl=63)
    data = client.but(flags=ACK, payload=b"x" * 40, ident=2)
    rows = read({
        "a/lxc": [client.at(0), data.at(9_000_000)],
        "a/eth1": [one.at(1_000), two.at(2_000), data.but(src=NODE, sport=1111, ttl=63).at(9_001_000)],
        "b/eth1": [data.but(src="192.168.10.101", sport=2222, ttl=62).at(9_010_000)],
    })  # fmt: skip
    assert [len(group) for group in groups_of(rows)] == [1, 1, 1]


def test_ports_used_again_join_each_to_its_own():
    first, second = Segment(POD, 40000, OUT, flags=SYN), Segment(POD, 40000, OUT, flags=SYN, seq=5, ident=9)
    rows = read({
        "a/lxc": [first.at(0), second.at(SECOND)],
        "a/eth1": [one.but(src=NODE, sport=61000, ttl=63).at(at) for one, at in ((first, 9), (second, SECOND + 9))],
    })  # fmt: skip
    assert [len(group) for group in groups_of(rows)] == [2, 2]


def test_masqueraded_pings_are_joined_though_their_id_was_rewritten():
    def ping(src: str, ident: int, ttl: int, ip_id: int) -> bytes:
        echo = icmp_echo(bytes(range(1, 40)), ident=ident, seq=1)
        return ethernet(ipv4(echo, src=src, dst=OUT, proto=1, ttl=ttl, ident=ip_id))

    (group,) = groups_of(
        read({"a/lxc": [(START, ping(POD, 7, 64, 5))], "a/eth1": [(START + 9, ping(NODE, 900, 63, 5))]})
    )
    assert [one.flow.icmp_id for one in group] == [7, 900]
    apart = groups_of(read({"a/lxc": [(START, ping(POD, 7, 64, 5))], "a/eth1": [(START + 9, ping(NODE, 900, 63, 6))]}))
    assert [len(one) for one in apart] == [1, 1]


def test_clocks_ten_minutes_apart_join_on_aligned_times():
    client = Segment(POD, 40000, OUT, flags=SYN)
    ahead = 600 * SECOND
    rows = read({"a/lxc": [client.at(0)], "b/eth1": [client.but(src=NODE, sport=61000, ttl=63).at(ahead + 9)]})
    assert len(groups_of(rows)) == 2
    times = rows["ts_ns"] - np.where(rows["point"] == rows.points.index("b/eth1"), ahead, 0)
    found = connections(rows, match(rows, times=times), times=times)
    assert len(join_translated(rows, found, times=times)) == 1


def test_datagrams_alike_but_for_their_payload_are_not_joined():
    def datagram(src: str, sport: int, last: int) -> bytes:
        body = bytes(20) + b"\x01" + bytes((last,))
        return ethernet(ipv4(udp(b"\x01" + body, sport=sport, dport=53), src=src, dst=OUT, proto=17, ident=9))

    rows = read({"a/lxc": [(START, datagram(POD, 4000, 1))], "b/eth1": [(START + 9, datagram(NODE, 61000, 2))]})
    assert len(groups_of(rows)) == 2


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
