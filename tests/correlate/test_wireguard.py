"""WireGuard: inner packets find their datagram by peer, size, order and time; verdicts rest on coverage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.correlate.analyse import point_roles
from captools.correlate.wireguard import _message_size, bridge
from captools.model.cluster import Cluster
from captools.model.encryption import Verdict
from captools.model.session import ToolCounts
from tests.correlate.material import LEAK, S13, material


def test_message_sizes_are_those_of_real_wireguard():
    # FACTS section 14: an 84-byte ping becomes a 128-byte UDP payload; section 10: padding stops at the MTU.
    assert _message_size(84, 1420) == 128
    assert _message_size(1420, 1420) == 1452
    assert _message_size(1408, 1420) == 1440
    assert _message_size(0, 1420) == 32


def test_every_inner_packet_of_the_lab_finds_a_datagram_between_the_right_nodes():
    one = material(S13)
    rows = one.sightings()
    found = bridge(rows, point_roles(rows, one.cluster), one.cluster)
    assert found.unmatched == [] and len(found.outer_of) > 300
    assert len(set(found.outer_of.values())) == len(found.outer_of)
    for inner, outer in found.outer_of.items():
        ends = [one.cluster.node_of_pod_address(rows.address(name, inner)) for name in ("src", "dst")]
        assert [rows.address(name, outer) for name in ("src", "dst")] == [node.internal_ip for node in ends]


def test_an_inner_packet_whose_datagram_is_missing_stays_unmatched():
    import numpy as np

    one = material(S13)
    rows = one.sightings()
    whole = bridge(rows, point_roles(rows, one.cluster), one.cluster)
    victim = next(iter(whole.outer_of.values()))
    gone = (rows["wg_receiver"] == rows["wg_receiver"][victim]) & (rows["wg_counter"] == rows["wg_counter"][victim])
    fewer = one.where(np.flatnonzero(~gone))
    left = fewer.sightings()
    found = bridge(left, point_roles(left, fewer.cluster), fewer.cluster)
    assert found.unmatched


@pytest.mark.parametrize(
    ("name", "changes", "verdict"),
    [
        (S13, {}, Verdict.ENCRYPTED),
        (S13, {"counts": ToolCounts(captured=1, received=2, dropped=7)}, Verdict.UNKNOWN),
        (S13, {"user_filter": "udp"}, Verdict.UNKNOWN),
        (S13, {"match": "x"}, Verdict.UNKNOWN),
        (LEAK, {}, Verdict.LEAKING),
        # What was seen in the clear stays seen, whatever else was lost.
        (LEAK, {"counts": ToolCounts(captured=1, received=2, dropped=7)}, Verdict.LEAKING),
    ],
)
def test_the_verdict_needs_captures_that_could_have_seen_a_leak(name, changes, verdict):
    one = material(name)
    sources = tuple(replace(s, **changes) if s.point == "k8s-w1/eth1" else s for s in one.sources)
    assert replace(one, sources=sources).analysed().encryption.verdict is verdict


def test_without_an_inventory_nobody_can_say_what_a_pod_packet_is():
    found = replace(material(S13), cluster=Cluster()).analysed().encryption
    assert found.verdict is Verdict.UNKNOWN and "inventory" in found.reason


def test_handshakes_are_paired_with_their_answers():
    shakes = [one for pair in material(S13).analysed().encryption.pairs for one in pair.handshakes]
    assert shakes and all(one.result == "answered" and 0 < one.rtt_ns < 1_000_000_000 for one in shakes)


def test_a_handshake_without_its_answer_is_unanswered():
    import numpy as np

    one = material(S13)
    rows = one.sightings()
    deaf = one.where(np.flatnonzero(rows["wg_type"] != 2))
    shakes = [s for pair in deaf.analysed().encryption.pairs for s in pair.handshakes]
    assert shakes and all((s.result, s.rtt_ns) == ("unanswered", None) for s in shakes)


def test_traffic_of_the_nodes_themselves_is_clear_by_design_and_no_leak():
    found = material(LEAK).analysed()
    classes = {(one.src, one.dst): one.kind for one in found.encryption.cleartext}
    assert classes["172.20.0.88", "172.20.1.108"] == "pod"
    assert classes["172.20.0.43", "172.20.1.12"] == "node"
    leaks = [one.subject for one in found.findings if one.rule == "cleartext-between-nodes"] or [
        {"src": src, "dst": dst} for (src, dst), kind in classes.items() if kind == "pod"
    ]
    assert {one["dst"] for one in leaks} == {"172.20.1.108"}
