"""Which findings touch what: by frames where a finding has frames, by names where it speaks of two ends or of a place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.evidence import Confidence, Evidence
from captools.model.findings import Finding, Severity
from captools.pipeline import open_session
from captools.views.story import paths_of_request
from captools.views.touching import Talk, proves, talk_of_hops, talk_of_paths, talk_of_request, touching
from captures import case

# Read before the tests of this room forbid opening files.
FOLDERS = {
    name: case(name).folder
    for name in ("s1-native-route-black-hole", "s2-vxlan-overlay", "masquerade", "proxy-requests")
}
S1, S2, MASQUERADE, PROXY = (open_session([folder]).analysis for folder in FOLDERS.values())
TALK = Talk(
    frames=frozenset({("a.pcap", 3), ("b.pcap", 7)}), names=frozenset({"172.20.0.88", "default/curl-pod", "172.20.1.108"}),
    ports=frozenset({40000, 80}), points=frozenset({"k8s-ctr/eth1", "k8s-w1/eth1"}),
)  # fmt: skip


def finding(*frames: tuple[str, int], severity: Severity = Severity.NOTE, **subject) -> Finding:
    proof = tuple(Evidence(point="p", file=file, sha256="", frames=(number,), shows="") for file, number in frames)
    return Finding(
        rule="rule",
        severity=severity,
        confidence=Confidence.PROVEN,
        statement="It is.",
        subject=subject,
        evidence=proof,
    )


def touches(one: Finding) -> bool:
    return touching(replace(S1, findings=(one,)), TALK) == (one,)


def test_a_frame_of_it_touches_whatever_the_subject_says():
    assert touches(finding(("a.pcap", 3), src="somebody else", severity=Severity.ERROR))
    assert proves(finding(("a.pcap", 9), ("b.pcap", 7)), TALK.frames)
    assert not touches(finding(("a.pcap", 7), severity=Severity.ERROR)) and not touches(finding())


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"src": "172.20.0.88", "dst": "172.20.1.108"}, True),
        ({"src": "172.20.1.108", "dst": "172.20.0.88", "sport": 80}, True),
        ({"src": "172.20.0.88", "dst": "172.20.1.108", "dport": 443}, False),
        ({"src": "172.20.0.88", "dst": "172.20.2.33"}, False),
        ({"dst": "172.20.1.108", "name": "shop.lab.test"}, False),  # another name at the same address
        ({"dst": "172.20.1.108", "name": "shop.lab.test, default/curl-pod"}, True),
        ({"src": "k8s-ctr", "dst": "k8s-w1"}, True),  # nodes that it crosses
        ({"src": "k8s-ctr", "dst": "k8s-w0"}, False),
        ({"node": "k8s-w1"}, True),
        ({"node": "router"}, False),
        ({"name": "k8s-w1/eth1", "node": "k8s-w1"}, True),
        ({"name": "k8s-w1/eth0", "node": "k8s-w1"}, False),  # a point beside its way
        ({"pod": "default/curl-pod", "node": "router"}, True),
        ({"vip": "192.168.10.211"}, False),
        ({}, False),
    ],
)
def test_names_tell_where_a_finding_is_about_ends_or_a_place(subject, expected):
    assert touches(finding(**subject)) is expected


def test_a_fault_with_frames_of_its_own_is_not_about_all_who_share_its_names():
    ends = {"src": "172.20.0.88", "dst": "172.20.1.108"}
    assert not touches(finding(("other.pcap", 1), severity=Severity.WARNING, **ends))
    # Where twelve proofs are listed there may be more: then the names count.
    assert touches(finding(*((f"{n}.pcap", 1) for n in range(12)), severity=Severity.WARNING, **ends))
    assert touches(finding(severity=Severity.WARNING, node="k8s-w1"))  # a clock, a capture: no frames at all


def test_the_lost_conversation_is_touched_and_the_delivered_one_is_not():
    for path in S1.paths:
        rules = [one.rule for one in touching(S1, talk_of_paths(S1, [path]))]
        assert ("routing-black-hole" in rules) == (path.flow.dst == "172.20.2.33"), str(path.flow)


def test_every_frame_of_a_conversation_belongs_to_it_on_both_sides_of_nat():
    path = next(one for one in MASQUERADE.paths if one.flow.src == "172.20.0.88" and one.flow.sport)
    talk = talk_of_paths(MASQUERADE, [path])
    # By the lab: three points (pod, its node's card, router), and every packet is seen at each of them.
    assert len(talk.frames) == 3 * path.packets
    assert {path.flow.sport, *(hop.sport for hop in path.hops)} <= talk.ports
    assert {"172.20.0.88", "192.168.10.100", "10.10.1.200", "default/curl-pod"} <= talk.names


def test_a_packet_alone_is_its_own_frames_and_two_tunnelled_pods_know_their_tunnel():
    path = next(one for one in S2.paths if one.flow.dst == "172.20.2.33" and one.flow.sport)
    alone = talk_of_hops(S2, path.hops)
    assert len(alone.frames) == len(path.hops) < len(talk_of_paths(S2, [path]).frames)
    # Its proof shows other packets of the same pods: the note is about all of them.
    assert [one.subject["dst"] for one in touching(S2, talk_of_paths(S2, [path]))] == ["172.20.2.33"]


def test_a_request_is_not_blamed_for_another_ones_refusal():
    rules = {}
    for request in PROXY.requests:
        found = touching(PROXY, talk_of_request(PROXY, request, paths_of_request(PROXY, request)))
        rules.setdefault(request.path, set()).update(one.rule for one in found)
    assert "proxy-denied" in rules["/denied"] and "proxy-denied" not in rules["/mine?ms=80"]
    assert "xff-forged" in rules["/forged"] and "xff-forged" not in rules["/mine?ms=80"]
