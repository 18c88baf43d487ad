"""Settled: a clock set wrong changes nothing that is said, and times only by the stated error."""

from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.clocks.settle import settle
from captools.pipeline import open_session
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material
from tests.correlate.talk import Ends, get, read, reply
from tests.depth import quick

MS, S = 1_000_000, 1_000_000_000


def packets(settled):
    """Each packet as the set of its rows."""
    ids = settled.matches.ids
    order = np.argsort(ids, kind="stable")
    return {tuple(part.tolist()) for part in np.split(order, np.flatnonzero(np.diff(ids[order])) + 1)}


@pytest.mark.parametrize("name", quick([S2, S8, S13], [FINE, S1, S2, S8, S13, LEAK]))
@pytest.mark.parametrize("node", ["k8s-ctr", "k8s-w0", "router"])
@pytest.mark.parametrize(
    "ahead,ppm", [(MS, 20), (-MS, 0), (250 * MS, 100), (-5 * S, 0), (600 * S, 100), (-600 * S, 20)]
)
def test_a_clock_set_wrong_changes_no_match(name, node, ahead, ppm):
    one = material(name)
    plain, shifted = (settle(each.sightings(), "k8s-ctr") for each in (one, one.with_clock(node, ahead, ppm)))
    assert packets(plain) == packets(shifted)


@pytest.mark.parametrize("ahead", [MS, -250 * MS, 600 * S])
def test_a_clock_set_wrong_by_any_constant_changes_no_time_on_the_line_at_all(ahead):
    one = material(S2)
    plain, shifted = (settle(each.sightings(), "k8s-ctr") for each in (one, one.with_clock("k8s-w0", ahead)))
    assert np.abs(plain.rows["ts_ns"] - shifted.rows["ts_ns"]).max() <= 1
    assert plain.clocks.between("router", "k8s-w0") == shifted.clocks.between("router", "k8s-w0")


def test_on_the_line_no_packet_arrives_before_it_was_sent():
    one = material(S13).with_clock("k8s-w1", 5 * S, 100)
    told = settle(one.sightings(), "k8s-ctr")
    rows, ids = told.rows, told.matches.ids
    order = np.lexsort((-rows["ttl"], ids))
    first, second = order[:-1], order[1:]
    hop = (ids[first] == ids[second]) & (ids[first] >= 0) & (rows["ttl"][first] > rows["ttl"][second])
    nodes = np.array([rows.node(row) for row in range(len(rows))])
    across = hop & (nodes[first] != nodes[second])
    assert across.sum() > 20 and (rows["ts_ns"][second] - rows["ts_ns"][first])[across].min() >= 0


def test_a_clock_set_in_the_middle_is_matched_before_and_after():
    one = material(S2)
    plain = settle(one.sightings(), "k8s-ctr")
    stamps = one.sightings()["ts_ns"]
    middle = int(np.median(stamps))
    stepped = one.sightings()
    late = np.array([stepped.node(row) == "k8s-w0" for row in range(len(stepped))]) & (stamps > middle)
    stepped.columns["ts_ns"] = np.where(late, stamps + 5 * S, stamps)
    told = settle(stepped, "k8s-ctr")
    assert len(packets(plain) ^ packets(told)) <= 6  # at the step itself
    runs = told.measured.clocks.relations["k8s-w0", "router"].runs
    assert len(runs) == 2 and runs[0].end < runs[1].begin


def hop(one):
    return (
        one.point,
        one.way,
        one.direction,
        one.change,
        one.src,
        one.dst,
        one.sport,
        one.dport,
        one.ttl,
        one.confidence,
    )


def told(analysis):
    """Everything that is said of a session but for times."""
    paths = [
        (str(one.flow), one.flow.icmp_id, one.outcome, one.packets, one.last_seen, [hop(each) for each in one.hops])
        for one in analysis.paths
    ]
    requests = [
        (
            one.path,
            one.status,
            one.request_id,
            one.client,
            one.xff,
            one.client_leg,
            one.attempts,
            one.proxy,
            one.confidence,
        )
        for one in analysis.requests
    ]
    pairs = [(one.a, one.b, one.verdict, one.matched_inner, one.unmatched_inner) for one in analysis.encryption.pairs]
    return sorted(paths, key=str), sorted(requests, key=str), pairs, analysis.encryption.verdict


@pytest.mark.parametrize("name", quick([S2, S13], [FINE, S1, S2, S8, S13, LEAK]))
@pytest.mark.parametrize("node,ahead,ppm", [("k8s-w0", 600 * S, 100), ("router", -5 * S, 20), ("k8s-ctr", 250 * MS, 0)])
def test_a_clock_set_wrong_changes_nothing_that_is_said_of_paths_requests_and_encryption(name, node, ahead, ppm):
    one = material(name)
    assert told(one.with_clock(node, ahead, ppm).analysed()) == told(one.analysed())


def real(shared, folder, *names):
    """The clocks of real captures of several hosts or interfaces, against the first one's."""
    clocks = open_session([shared / "captures-real" / folder / name for name in names]).clocks()
    assert clocks.early == ()
    return {one.node: one for one in clocks.offsets}


@pytest.mark.parametrize(
    "folder,names",
    [
        ("k8s/calico-clusterip-2pt", ("1-control-plane.cap", "2-worker.cap")),
        ("nat-two-sided/http-long-conn-2pt", ("1-gw-eth1.cap", "2-gw-eth2.cap")),
        ("nat-two-sided/keepalive-block-rst-2pt", ("1-gw-eth1.pcapng", "2-gw-eth2.pcapng")),
        ("nat-two-sided/tcp-mtu-4pt", ("2-gw-eth1.cap", "3-gw-eth2.cap")),
        ("nat-two-sided/k8s-nginx-l7-3pt", ("1-host-bridge.cap", "2-node.cap", "3-backend-pod.cap")),
        ("cilium/vxlan-3pt", ("1-pod-eth0.cap", "2-node-cilium_vxlan.cap", "3-node-eth0.cap")),
        ("cilium/native-2pt", ("1-node-lxc.cap", "2-node-eth0.cap")),
    ],
)
def test_real_captures_of_one_machine_agree_within_the_stated_error(shared, folder, names):
    # Containers and interfaces of one host: their stamps come of one clock, whatever the files are called.
    for one in real(shared, folder, *names).values():
        assert abs(one.offset_ns) <= one.error_ns <= 150_000


def test_a_real_clock_that_is_49_seconds_wrong_is_told_from_one_ping(shared):
    # By tshark: the request left at …325.135911 and arrived at …276.285089, the reply left at …276.285111 and arrived at
    # …325.136917. So the second clock is 48.850822 s behind at most, 48.851806 s at least.
    one = real(shared, "nat-two-sided/ttl-2pt", "1-source.pcapng", "2-dest.pcapng")["2-dest.pcapng"]
    assert abs(one.offset_ns + 48_851_314_000) <= 1_000
    assert 492_000 <= one.error_ns <= 495_000


def test_captures_of_different_times_are_not_compared(shared):
    told = real(shared, "nat-two-sided/tcp-mtu-4pt", "1-client-net0.cap", "2-gw-eth1.cap")["2-gw-eth1.cap"]
    assert told.offset_ns is None


def test_clocks_that_share_packets_only_behind_translation_are_measured_by_them():
    """A client's and a server's side of a masquerade: other addresses and ports, the same sequence numbers."""
    inside, outside = Ends("10.0.0.1", 4000, "192.0.2.80"), Ends("192.0.2.1", 61000, "192.0.2.80")

    def side(ends, ahead_us, ttls):
        asked = [ends.ask(at, get(), seq=1 + at, ttl=ttls[0]) for at in range(0, 300, 10)]
        answered = [ends.answer(at + 3, reply(), seq=1 + at, ttl=ttls[1]) for at in range(0, 300, 10)]
        return [(at + 7 + ahead_us * 1_000, frame) for at, frame in asked + answered]

    client, server = side(inside, 0, (64, 62)), side(outside, 5_000_000, (63, 63))
    same = [(at, with_numbers_of(frame, model)) for (at, frame), (_, model) in zip(server, client, strict=True)]
    # 100 µs each way between the two.
    late = [(at + (100_000 if number < 30 else -100_000), frame) for number, (at, frame) in enumerate(same)]
    told = settle(read(a__eth0=client, b__eth0=late).rows(), "a")
    offset, error = told.measured.clocks.between("a", "b")
    assert abs(offset - 5 * S) <= error < 150_000
    assert abs(told.clocks.between("a", "b")[0]) <= 1


def with_numbers_of(frame, model):
    """The frame with the sequence and acknowledgment numbers of another: translation leaves those alone."""
    return frame[:38] + model[38:46] + frame[46:]
