"""Outcomes: lost needs every guard, refused needs someone who refused, delivered needs an answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from captools.correlate.analyse import analyse
from captools.model.paths import Outcome
from captools.model.session import ToolCounts
from captools.model.sources import Source
from captools.pipeline import open_session
from captures.build import ethernet, icmp_error, ipv4, pcap, tcp, timestamps, udp
from tests.correlate.material import FINE as FINE_CASE
from tests.correlate.material import LEAK, S1, S2, S8, S13, Material, material
from tests.correlate.paths.scenes import A_POD, B_POD, WAY, Scene, chatter, pinged

POD, DEAD, FINE = "172.20.0.88", "172.20.2.33", "172.20.1.108"


def outcomes(one: Material, dst: str) -> set[Outcome]:
    return {path.outcome for path in one.analysed().paths if (path.flow.src, path.flow.dst) == (POD, dst)}


def weakened(one: Material, point: str, **changes) -> Material:
    return replace(one, sources=tuple(replace(s, **changes) if s.point == point else s for s in one.sources))


def test_the_black_hole_lost_its_packets_and_the_other_way_is_fine():
    assert outcomes(material(S1), DEAD) == {Outcome.LOST}
    assert outcomes(material(S1), FINE) == {Outcome.DELIVERED}


@pytest.mark.parametrize(
    "change",
    [
        {"counts": ToolCounts(captured=9, received=9, dropped=1)},
        {"user_filter": "udp"},
        {"counts": ToolCounts()},
        {"snaplen": 40},
        {"match": "GET"},
        {"ok": False, "error": "gone"},
    ],
)
def test_any_missing_guard_turns_lost_into_unknown_with_the_reason(change):
    one = weakened(material(S1), "k8s-w0/eth1", **change)
    paths = [path for path in one.analysed().paths if path.flow.dst == DEAD]
    assert {path.outcome for path in paths} == {Outcome.UNKNOWN}
    assert all("k8s-w0/eth1" in path.reason for path in paths)


def test_without_the_witness_nothing_is_called_lost():
    assert outcomes(material(S1).without("k8s-w0/eth1"), DEAD) == {Outcome.UNKNOWN}


def test_without_an_inventory_nothing_is_called_lost(tmp_path: Path):
    from captures import case

    alone = tmp_path / "loose"
    alone.mkdir()
    for file in case(S1).captures:
        (alone / file.name).write_bytes(file.read_bytes())
    found = open_session([alone]).analysis
    assert {path.outcome for path in found.paths if path.flow.dst == DEAD} == {Outcome.UNKNOWN}


@pytest.mark.parametrize("name", [S1, S2, S8, S13, FINE_CASE, LEAK])
def test_a_point_less_leaves_a_verdict_or_takes_it_back_and_never_gives_another(name):
    one = material(name)
    before = {str(p.flow): p.outcome for p in one.analysed().paths}
    for point in {source.point for source in one.sources}:
        after = {str(p.flow): p.outcome for p in one.without(point).analysed().paths}
        changed = {flow: now for flow, now in after.items() if flow in before and now is not before[flow]}
        assert set(changed.values()) <= {Outcome.UNKNOWN}, (point, changed)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_packets_dropped_at_random_at_one_point_lose_nothing_that_was_answered(seed):
    random = np.random.default_rng(seed)
    for name in (S1, S2, S8):
        one = material(name)
        lost = {str(p.flow) for p in one.analysed().paths if p.outcome is Outcome.LOST}
        points = np.array(one.packets["point"].to_pylist())
        for point in random.choice(sorted(set(points)), 4, replace=False):
            gone = (points == point) & (random.random(len(points)) < 0.3)
            found = one.where(np.flatnonzero(~gone)).analysed().paths
            assert {str(p.flow) for p in found if p.outcome is Outcome.LOST} <= lost, point


def test_a_whole_router_seen_twice_changes_no_verdict_and_no_hop():
    one = material(S1)
    for point in ("router/eth0", "router/eth1", "k8s-w0/eth1"):
        again = one.doubled(point).analysed().paths
        assert [(str(p.flow), p.outcome, [hop.point for hop in p.hops]) for p in again] == [
            (str(p.flow), p.outcome, [hop.point for hop in p.hops]) for p in one.analysed().paths
        ]


def test_lost_names_the_two_points_between_which_it_was():
    lost = [path for path in material(S1).analysed().paths if path.outcome is Outcome.LOST]
    # Truth (case.toml): the router has no route for k8s-w0's pods and sends them out of eth0.
    assert {path.lost_between for path in lost} == {("router/eth0", "k8s-w0/eth1")}
    assert {path.last_seen for path in lost} == {"router/eth0"}


def test_a_ping_that_stops_inside_the_way_is_lost_before_the_next_point_of_the_tables():
    scene = chatter(Scene({}), 5, 200)
    for seq in (1, 2):
        pinged(scene, 50 * seq, seq, there=3, reply=False)
    path = scene.path(A_POD)
    assert (path.outcome, path.lost_between) == (Outcome.LOST, ("r/eth1", "r/eth2"))


def test_at_the_pod_itself_it_is_neither_lost_nor_delivered():
    path = pinged(chatter(Scene({}), 5, 15), 10, 1, reply=False).path(A_POD)
    assert path.outcome is Outcome.UNKNOWN and "only an answer would prove more" in path.reason


def test_an_answer_that_stops_on_its_way_back_is_lost_where_the_sender_asked_again():
    scene = chatter(Scene({}), 5, 200)
    for seq in (1, 2, 3):
        pinged(scene, 50 * seq, seq, back=3)
    path = scene.path(A_POD)
    assert (path.outcome, path.lost_between) == (Outcome.LOST, ("r/eth2", "r/eth1"))
    once = pinged(chatter(Scene({}), 5, 200), 50, 1, back=3).path(A_POD)
    assert once.outcome is Outcome.UNKNOWN and "nothing was repeated" in once.reason


def test_a_datagram_nobody_answers_is_lost_only_where_a_point_proves_it():
    def sent(points: int) -> Scene:
        scene = chatter(Scene({}), 5, 15)
        for at, (point, ttl) in enumerate(WAY[:points]):
            packet = ipv4(udp(b"12345678", sport=5000, dport=514), src=A_POD, dst=B_POD, proto=17, ttl=ttl)
            scene.sees(10 + at * 0.01, packet, point)
        return scene

    assert sent(2).path(A_POD).lost_between == ("a/eth0", "r/eth1")
    whole = sent(6).path(A_POD)
    assert whole.outcome is Outcome.UNKNOWN and "UDP does not owe one" in whole.reason


def test_a_stream_seen_in_one_direction_only_is_unknown():
    scene = chatter(Scene({}), 5, 15)
    for at, (point, ttl) in enumerate(WAY[:2]):
        packet = ipv4(tcp(b"x", sport=40_000, dport=80, seq=5, ack=9), src=A_POD, dst=B_POD, proto=6, ttl=ttl)
        scene.sees(10 + at * 0.01, packet, point)
    path = scene.path(A_POD)
    assert path.outcome is Outcome.UNKNOWN and "only one direction" in path.reason


def analysis_of(*frames: bytes):
    from captools.model.cluster import Cluster
    from captools.wire.bytesview import BytesView
    from captools.wire.decode import Naming, decode
    from captools.wire.http import http_heads
    from captools.wire.index import read_records

    data = pcap([(at * 1_000_000, frame) for at, frame in enumerate(frames, start=1)])
    records, view = read_records(data, "x"), BytesView(data)
    packets = decode(view, records, Naming(source="x", points=("n/eth0",)))
    source = Source(
        name="x", path="x", point="n/eth0", linktype=1, sha256="", packets=len(frames), bytes=1, first_ns=1, last_ns=2
    )
    return analyse(packets, http_heads(view, records, packets), (source,), Cluster())


SYN = ipv4(
    tcp(sport=40000, dport=80, flags=2, seq=5, options=timestamps(1, 0)), src="10.0.0.1", dst="10.0.0.2", proto=6
)


def test_a_reset_is_a_refusal_and_says_by_whom():
    reset = ipv4(tcp(sport=80, dport=40000, flags=0x14, ack=6), src="10.0.0.2", dst="10.0.0.1", proto=6)
    (path,) = analysis_of(ethernet(SYN), ethernet(reset)).paths
    assert path.outcome is Outcome.REFUSED and "10.0.0.2" in path.reason and "RST" in path.reason


def test_a_reset_from_before_the_destination_was_sent_in_its_name():
    scene = chatter(Scene({}), 5, 15)
    syn, reset = (tcp(sport=40_000, dport=80, flags=2, seq=5, options=timestamps(1, 0)),
                  tcp(sport=80, dport=40_000, flags=0x14, ack=6))  # fmt: skip
    for at, (point, ttl) in enumerate(WAY[:3]):
        scene.sees(10 + at * 0.01, ipv4(syn, src=A_POD, dst=B_POD, proto=6, ttl=ttl), point)
    for at, point in enumerate(("r__eth1", "a__eth0", "a__lxca")):
        scene.sees(10.1 + at * 0.01, ipv4(reset, src=B_POD, dst=A_POD, proto=6, ttl=64 - at), point)
    path = scene.path(A_POD)
    assert path.outcome is Outcome.REFUSED
    assert "first seen at r/eth1, in its name: the request never reached r/eth2" in path.reason


def test_unreachable_is_a_refusal_by_whoever_says_so():
    error = ipv4(icmp_error(SYN[:28], code=13), src="10.0.0.254", dst="10.0.0.1", proto=1)
    (path,) = [one for one in analysis_of(ethernet(SYN), ethernet(error)).paths if one.flow.proto == 6]
    assert path.outcome is Outcome.REFUSED and "10.0.0.254" in path.reason and "code 13" in path.reason


def test_fragmentation_needed_is_no_refusal():
    error = ipv4(icmp_error(SYN[:28], code=4, mtu=1400), src="10.0.0.254", dst="10.0.0.1", proto=1)
    (path,) = [one for one in analysis_of(ethernet(SYN), ethernet(error)).paths if one.flow.proto == 6]
    assert path.outcome is Outcome.UNKNOWN


def test_a_connection_that_was_accepted_and_reset_later_was_delivered():
    accept = ipv4(tcp(sport=80, dport=40000, flags=0x12, seq=9, ack=6), src="10.0.0.2", dst="10.0.0.1", proto=6)
    reset = ipv4(
        tcp(sport=80, dport=40000, flags=0x14, seq=10, ack=6, window=0),
        src="10.0.0.2",
        dst="10.0.0.1",
        proto=6,
        ident=2,
    )
    (path,) = analysis_of(ethernet(SYN), ethernet(accept), ethernet(reset)).paths
    assert path.outcome is Outcome.DELIVERED


PAST = "bpf-host-routing-drop"


def test_past_the_pods_interface_nothing_is_lost_and_the_silent_pod_is_named():
    from captools.lab.scenarios.bpf_host_routing_drop import CARD, DENIED, POD

    (path,) = [one for one in material(PAST).analysed().paths if (one.flow.src, one.flow.dst) == DENIED]
    assert (path.outcome, path.lost_between, path.last_seen) == (Outcome.UNKNOWN, None, CARD)
    assert path.no_answer_at == POD and "eBPF host routing" in path.reason
    (path,) = [one for one in material(PAST).without(POD).analysed().paths if (one.flow.src, one.flow.dst) == DENIED]
    assert path.outcome is Outcome.UNKNOWN and path.no_answer_at == ""


def test_a_pod_that_takes_pings_and_is_silent_is_named_if_it_was_heard_otherwise():
    scene = chatter(Scene({}), 5, 120)
    for seq in (1, 2, 3):
        pinged(scene, 50 * seq, seq, reply=False)
    assert scene.path(A_POD).no_answer_at == "b/lxcb"
    once = pinged(chatter(Scene({}), 5, 15), 10, 1, reply=False).path(A_POD)
    assert once.outcome is Outcome.UNKNOWN and once.no_answer_at == ""


def test_the_frames_where_a_lost_conversation_was_last_seen_are_shown_all():
    from captools.lab.scenarios.s14_policy_drop import LAST, TARGET

    lost = [one for one in material("s14-policy-drop").analysed().paths if one.outcome is Outcome.LOST]
    assert {one.flow.dst for one in lost} == {TARGET.ip} and all(one.opened for one in lost)
    for one in lost:
        (proof,) = one.last_evidence
        assert proof.point == LAST and len(proof.frames) == one.request_packets >= 2
