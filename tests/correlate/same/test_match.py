"""Same packet: matched through tunnels and routers, never across repetition."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.correlate.same.match import match
from captools.correlate.same.sure import PROVEN
from captools.correlate.sightings import ABSENT
from captools.model.evidence import Confidence
from captures import case
from captures.build import ethernet, icmp_echo, ipv4, udp, vxlan
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material
from tests.correlate.same.wires import ACK, SECOND, START, SYN, Segment, partition, read
from tests.depth import quick


def rows_of(*points: tuple[str, list[tuple[int, bytes]]]):
    return read(dict(points))


def ping(seq: int, *, ttl: int = 64, ident: int = 7) -> bytes:
    return ipv4(icmp_echo(b"x" * 16, ident=9, seq=seq), src="10.0.0.1", dst="10.0.0.2", proto=1, ttl=ttl, ident=ident)


def in_vxlan(packet: bytes) -> bytes:
    datagram = udp(vxlan(ethernet(packet), vni=5), sport=1, dport=8472)
    return ethernet(ipv4(datagram, src="192.0.2.1", dst="192.0.2.2", proto=17))


def test_a_pod_packet_and_its_tunnelled_copy_are_one_packet():
    rows = rows_of(("a/lxc1", [(1, ethernet(ping(1)))]), ("a/eth1", [(20_000, in_vxlan(ping(1, ttl=63)))]))
    assert len(set(match(rows).ids.tolist())) == 1


def test_dscp_may_change_on_the_way():
    marked = bytearray(ping(1, ttl=63))
    marked[1] = 0xB8
    rows = rows_of(("a/e", [(1, ethernet(ping(1)))]), ("b/e", [(9, ethernet(bytes(marked)))]))
    assert len(set(match(rows).ids.tolist())) == 1


def test_the_same_bytes_seconds_later_are_another_packet():
    rows = rows_of(
        ("a/e", [(1, ethernet(ping(1))), (5 * SECOND, ethernet(ping(1)))]), ("b/e", [(2, ethernet(ping(1, ttl=63)))])
    )
    ids = match(rows).ids
    assert ids[0] == ids[2] and ids[1] != ids[0]


def test_a_repetition_at_one_place_is_two_packets_and_its_match_elsewhere_only_possible():
    here = ("a/e", [(1, ethernet(ping(1))), (9_000_000, ethernet(ping(1)))])
    there = ("b/e", [(30_000, ethernet(ping(1, ttl=63))), (9_030_000, ethernet(ping(1, ttl=63)))])
    found = match(rows_of(here, there))
    assert found.ids.tolist()[:2] == found.ids.tolist()[2:]
    assert found.ids[0] != found.ids[1]
    assert {found.confidence(one) for one in found.ids.tolist()} == {Confidence.POSSIBLE}


def test_one_sighting_is_nothing_to_doubt():
    found = match(rows_of(("a/e", [(1, ethernet(ping(1))), (9_000_000, ethernet(ping(1)))])))
    assert found.ids[0] != found.ids[1]
    assert {found.confidence(one) for one in found.ids.tolist()} == {Confidence.PROVEN}


def test_the_same_sighting_from_two_sources_is_one_packet_and_as_sure_as_before():
    plain = match(material(S2).sightings())
    found = match(material(S2).doubled("k8s-ctr/eth1").sightings())
    assert found.count == plain.count
    assert np.bincount(found.levels).tolist() == np.bincount(plain.levels).tolist()


def syn_ack(*, tsval: int | None, ttl: int = 64) -> Segment:
    """Linux sends SYN-ACKs with IP id 0."""
    return Segment("172.20.2.33", 80, "172.20.0.88", 40000, flags=SYN | ACK, ident=0, tsval=tsval, ttl=ttl)


def test_a_syn_ack_without_ip_id_is_known_by_its_timestamp():
    first, again = syn_ack(tsval=1), syn_ack(tsval=1001)
    there = [first.but(ttl=63).at(9), again.but(ttl=63).at(SECOND + 9)]
    found = match(read({"a/e": [first.at(0), again.at(SECOND)], "b/e": there}))
    assert found.ids[0] == found.ids[2] != found.ids[1] == found.ids[3]
    assert {found.confidence(one) for one in found.ids.tolist()} == {Confidence.PROVEN}


def test_without_timestamp_a_repeated_one_is_matched_in_time_and_only_possible():
    one = syn_ack(tsval=None)
    there = [one.but(ttl=63).at(9), one.but(ttl=63).at(SECOND + 9)]
    found = match(read({"a/e": [one.at(0), one.at(SECOND)], "b/e": there}))
    assert found.ids[0] == found.ids[2] != found.ids[1] == found.ids[3]
    assert {found.confidence(one) for one in found.ids.tolist()} == {Confidence.POSSIBLE}


def test_of_a_repeated_one_that_was_lost_once_the_nearest_in_time_is_meant():
    one = syn_ack(tsval=None)
    found = match(read({"a/e": [one.at(0), one.at(SECOND)], "b/e": [one.but(ttl=63).at(SECOND + 9)]}))
    assert found.ids[2] == found.ids[1] != found.ids[0]
    assert found.confidence(int(found.ids[1])) is Confidence.POSSIBLE


def test_two_runs_of_one_ping_are_told_apart_where_the_second_comes_with_its_ttl_whole_again():
    def run(ns: int, points: tuple[tuple[str, int], ...]) -> list[tuple[str, tuple[int, bytes]]]:
        return [(point, (ns + at, ethernet(ping(1, ttl=ttl, ident=0)))) for at, (point, ttl) in enumerate(points)]

    # The first run was seen behind the router only, the second in front of it only.
    seen = [*run(0, (("r/eth2", 63),)), *run(SECOND, (("r/eth1", 64), ("b/e", 62)))]
    found = match(rows_of(*((point, [frame]) for point, frame in seen)))
    assert found.ids[1] == found.ids[2] != found.ids[0]
    assert found.confidence(int(found.ids[1])) is Confidence.POSSIBLE


def test_a_dns_query_repeated_within_a_second_is_not_one_packet():
    def query(ttl: int) -> bytes:
        body = b"\x12\x34" + bytes(20)
        return ethernet(
            ipv4(udp(body, sport=4000, dport=53), src="10.0.0.1", dst="10.0.0.2", proto=17, ident=0, ttl=ttl)
        )

    here = ("a/e", [(1, query(64)), (SECOND, query(64))])
    found = match(rows_of(here, ("b/e", [(9, query(63)), (SECOND + 9, query(63))])))
    assert found.ids.tolist()[:2] == found.ids.tolist()[2:] and found.ids[0] != found.ids[1]
    assert found.confidence(int(found.ids[0])) is Confidence.POSSIBLE


def test_clocks_ten_minutes_apart_match_on_aligned_times():
    ahead = 600 * SECOND
    rows = read({"a/e": [Segment().at(0)], "b/e": [Segment(ttl=63).at(ahead + 9)]})
    assert match(rows).count == 2
    times = rows["ts_ns"] - np.where(rows["point"] == rows.points.index("b/e"), ahead, 0)
    assert match(rows, times=times).count == 1


def test_a_number_tells_its_method_and_how_sure_it_is():
    found = match(read({"a/e": [Segment().at(0)], "b/e": [Segment(ttl=63).at(9)]}))
    assert (found.count, found.method(0), found.confidence(0)) == (1, "exact", Confidence.PROVEN)


@given(st.lists(st.sets(st.integers(0, 3), min_size=1), min_size=1, max_size=12), st.booleans())
def test_packets_seen_at_any_points_of_their_way_are_told_apart_and_put_together(seen, pings):
    points: dict[str, list[tuple[int, bytes]]] = {f"n{at}/e": [] for at in range(4)}
    expected = set()
    for number, where in enumerate(seen):
        for at in where:
            now = number * 300_000 + at * 40_000
            one = Segment(seq=number // 3, ident=1 + number, tsval=number // 5, ttl=64 - at)
            echo = ethernet(ping(number // 4, ttl=64 - at, ident=1 + number))
            points[f"n{at}/e"].append((START + now, echo) if pings else one.at(now))
        expected.add(frozenset((f"n{at}/e", number) for at in where))
    rows = read({name: frames for name, frames in points.items() if frames})
    names = {point: sorted(n for n, where in enumerate(seen) if int(point[1]) in where) for point in rows.points}
    found = partition(rows, match(rows))
    assert {frozenset((point, names[point][frame - 1]) for _source, point, frame in one) for one in found} == expected


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", [S2, S8])
def test_the_order_of_rows_makes_no_difference(name, seed):
    whole, shuffled = material(name).sightings(), material(name).shuffled(seed).sightings()
    assert partition(whole, match(whole)) == partition(shuffled, match(shuffled))


@pytest.mark.parametrize("name", quick([S2, S13], [S1, S2, S8, S13, LEAK, FINE]))
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_packets_that_were_not_captured_change_no_match_of_the_others(name, share):
    whole = material(name)
    kept = np.flatnonzero(np.random.default_rng(int(share * 10)).random(len(whole.packets)) > share)
    rows, fewer = whole.sightings(), whole.where(kept).sightings()
    left = {tuple(row.values()) for row in fewer.table.select(["source", "point", "frame"]).to_pylist()}
    expected = {one & left for one in partition(rows, match(rows))} - {frozenset()}
    assert partition(fewer, match(fewer)) == expected


@pytest.mark.parametrize("name", quick([S2, S8, S13], [S1, S2, S8, S13, LEAK, FINE]))
@pytest.mark.parametrize("node", ["k8s-ctr", "router"])
@pytest.mark.parametrize("ahead_ms", [-600_000, -1_500, -200, -1, 1, 250, 1_900, 600_000])
def test_a_wrong_clock_may_hide_a_match_but_never_invents_one(name, node, ahead_ms):
    rows = material(name).sightings()
    ahead = np.array([point.startswith(f"{node}/") for point in rows.points])[rows["point"]] * ahead_ms * 1_000_000
    right = partition(rows, match(rows))
    wrong = partition(rows, match(rows, times=rows["ts_ns"] + ahead))
    whole = {each: one for one in right for each in one}
    assert all(one <= whole[next(iter(one))] for one in wrong)
    if abs(ahead_ms) < 1_900:
        assert wrong == right


@pytest.mark.parametrize("point", ["k8s-ctr/eth1", "router/eth1", "k8s-w0/cilium_vxlan"])
def test_a_point_less_changes_no_match_of_the_others(point):
    rows, fewer = material(S2).sightings(), material(S2).without(point).sightings()
    expected = {frozenset(each for each in one if each[1] != point) for one in partition(rows, match(rows))}
    assert partition(fewer, match(fewer)) == expected - {frozenset()}


@pytest.mark.parametrize("name", [S1, S2, S8, S13, LEAK, FINE])
def test_every_ping_of_the_lab_is_as_many_packets_as_were_sent_and_answered(name):
    rows = material(name).sightings()
    found = match(rows)
    asked = 0
    for flow in tomllib.loads((case(name).folder / "case.toml").read_text(encoding="utf-8"))["truth"]["flows"]:
        if flow["proto"] != "icmp":
            continue
        src, dst = rows.code_of_address(flow["src"]), rows.code_of_address(flow["dst"])
        for kind, ends, count in ((8, (src, dst), flow["sent"]), (0, (dst, src), flow["answered"])):
            mine = (rows["icmp_type"] == kind) & (rows["icmp_id"] == flow["icmp_id"])
            mine &= (rows["src"] == ends[0]) & (rows["dst"] == ends[1])
            assert len(np.unique(found.ids[mine])) == count, flow
            asked += count
    assert asked > 0 and (found.levels == PROVEN).all()


def test_arp_has_no_packet_number():
    rows = material(S2).sightings()
    assert (match(rows).ids[np.flatnonzero(rows["src"] == ABSENT)] == ABSENT).all()
