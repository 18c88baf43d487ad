"""lost-between-points: names both points and who stands between them, and never a point that could not have seen it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from captools.lab.scenarios import bpf_host_routing_drop as past
from captools.lab.scenarios import s14_policy_drop as dropped
from captools.lab.scenarios import s14d_fqdn as named
from captools.lab.topology import COREDNS, CURL_POD
from captools.model.cluster import Cluster
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from captools.model.session import ToolCounts
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, Material, material
from tests.correlate.paths.scenes import Scene, chatter, pinged

RULE = "lost-between-points"
DROP, FQDN, PAST = (one.SCENARIO.id for one in (dropped, named, past))


def weakened(one: Material, point: str, **changes) -> Material:
    return replace(one, sources=tuple(replace(s, **changes) if s.point == point else s for s in one.sources))


def test_it_names_both_points_both_ends_and_the_node_between_them(fired):
    (one,) = fired(RULE, DROP)
    assert (one.severity, one.confidence) == (Severity.ERROR, Confidence.PROVEN)
    assert one.subject["name"] == f"{dropped.LAST} to {dropped.NEVER}"
    assert f"came as far as {dropped.LAST} and never to {dropped.NEVER}" in one.statement
    assert f"{dropped.TARGET.node} dropped them between the two" in one.statement
    assert "--from-pod default/curl-pod" in one.remedy and dropped.TARGET.name in one.remedy


def test_two_attempts_with_the_same_end_are_one_finding_with_the_frames_of_both(fired):
    (one,) = fired(RULE, DROP)
    assert "of 2 connection attempts" in one.statement
    last = [proof for proof in one.evidence if proof.point == dropped.LAST]
    # Truth: both connections repeated their SYN at least once (RFC 6298: after one second).
    assert len(last) == 2 and all(len(proof.frames) >= 2 for proof in last)
    assert {dropped.LAST, dropped.NEVER} <= set(one.coverage.points)


def test_it_tells_who_was_answered_by_the_same_address(fired):
    (one,) = fired(RULE, DROP)
    answered = one.statement.split("The same address did answer")[1]
    assert dropped.ALLOWED.ip in answered and CURL_POD.ip not in answered


def test_dns_had_answered_the_name_and_its_frame_is_shown(fired):
    (one,) = fired(RULE, FQDN)
    assert f"{named.DENIED} is {named.ADDRESS[named.DENIED]}" in one.statement and COREDNS.name in one.statement
    assert any("DNS answered" in proof.shows for proof in one.evidence)
    assert "out of the pod" in one.statement and "cilium-dbg fqdn names" in one.remedy


def test_a_name_that_another_pod_asked_for_is_not_told(fired):
    one = material(FQDN)
    sources = np.array(one.packets["src"].to_pylist(), dtype=object)
    client = next(src for src, port in zip(sources, one.packets["dport"].to_pylist(), strict=True) if port == 53)
    keep = [row for row, dst in enumerate(one.packets["dst"].to_pylist())
            if dst != client or one.packets["sport"][row].as_py() != 53]  # fmt: skip
    (found,) = fired(RULE, one.where(np.array(keep)).analysed())
    assert "DNS" not in found.statement and "fqdn" not in found.remedy


def test_past_lxc_no_point_is_blamed_and_the_pods_silence_is_told_as_likely(fired):
    (one,) = fired(RULE, PAST)
    assert one.confidence is Confidence.LIKELY and one.subject["name"] == f"behind {past.CARD}"
    assert f"as far as {past.CARD}. Whether it reached the pod cannot be told" in one.statement
    assert "never to" not in one.statement and "or the pod did not answer" in one.statement
    assert past.POD not in {proof.point for proof in one.evidence}


@pytest.mark.parametrize("name", [S1, S2, S8, S13, LEAK, FINE, "bpf-host-routing", "s14b-policy-reject"])
def test_it_is_silent_where_all_arrives_or_another_rule_knows_why(fired, name):
    assert fired(RULE, name) == []


@pytest.mark.parametrize(
    "change",
    [
        {"counts": ToolCounts(captured=9, received=9, dropped=1)},
        {"counts": ToolCounts(captured=5, received=9, dropped=0)},
        {"counts": ToolCounts()},
        {"user_filter": "icmp"},
        {"snaplen": 40},
        {"match": "GET"},
        {"ok": False, "error": "gone"},
    ],
)
def test_where_the_next_point_may_have_missed_it_it_is_silent(fired, change):
    assert fired(RULE, weakened(material(DROP), dropped.NEVER, **change).analysed()) == []


def test_where_the_next_point_heard_nothing_for_long_it_is_silent(fired):
    one = material(DROP)
    points = np.array(one.packets["point"].to_pylist())
    assert fired(RULE, one.where(np.flatnonzero(points != dropped.NEVER)).analysed()) == []


def test_unknown_settings_count_as_a_way_past_the_pods_interface(fired):
    one = material(DROP)
    points, senders = np.array(one.packets["point"].to_pylist()), one.sightings()
    allowed = senders["src"] == senders.code_of_address(dropped.ALLOWED.ip)
    # Without settings, and with nothing but the node's own packets seen going into the pod.
    bare = replace(
        one.where(np.flatnonzero(~((points == dropped.NEVER) & allowed))), cluster=replace(one.cluster, config={})
    )
    found = fired(RULE, bare.analysed())
    assert [each.confidence for each in found] == [Confidence.LIKELY]
    # A pod elsewhere that was seen being let in shows that no such way is in force.
    known = fired(RULE, replace(one, cluster=replace(one.cluster, config={})).analysed())
    assert [each.confidence for each in known] == [Confidence.PROVEN]


def test_without_an_inventory_nothing_is_said(fired):
    assert fired(RULE, replace(material(DROP), cluster=Cluster()).analysed()) == []


@pytest.mark.parametrize("name", [DROP, FQDN, PAST])
def test_with_a_point_less_it_says_the_same_or_less_and_never_something_else(fired, name):
    one = material(name)
    (whole,) = fired(RULE, name)
    for point in sorted({source.point for source in one.sources}):
        for found in fired(RULE, one.without(point).analysed()):
            assert found.subject["dst"] == whole.subject["dst"], point
            later = found.subject["name"] != whole.subject["name"]
            # What was seen last may have been seen earlier by then; the place may only get wider.
            assert not later or point in whole.subject["name"], (point, found.subject)


@pytest.mark.parametrize("name", [DROP, FQDN, PAST, "s14b-policy-reject", "bpf-host-routing", FINE, S8])
def test_with_half_of_the_points_it_never_blames_a_stretch_that_the_whole_clears(fired, name):
    one = material(name)
    points = sorted({source.point for source in one.sources})
    wanted = {(each.subject["src"], each.subject["dst"]) for each in fired(RULE, name)}
    for half in (points[::2], points[1::2]):
        less = one
        for point in half:
            less = less.without(point)
        assert {(each.subject["src"], each.subject["dst"]) for each in fired(RULE, less.analysed())} <= wanted


def test_answers_that_are_dropped_are_told_as_answers_and_looked_for_the_other_way_round(fired):
    scene = chatter(Scene({}), 5, 200)
    for seq in (1, 2, 3):
        pinged(scene, 50 * seq, seq, back=3)
    (one,) = fired(RULE, scene.analysed())
    assert "answered d/a (10.0.1.5) in vain: its answers (3 packets) came as far as r/eth2" in one.statement
    assert one.subject["name"] == "r/eth2 to r/eth1" and one.subject["node"] == "r" and one.remedy.startswith("on r:")
    assert one.remedy.endswith("ip route get 10.0.1.5 from 10.0.2.5 iif eth2"), "the route of the answers"
    scene = chatter(Scene({}), 5, 200)
    for seq in (1, 2, 3):
        pinged(scene, 50 * seq, seq, back=1)
    (one,) = fired(RULE, scene.analysed())
    assert "--to-pod d/a --from-pod d/b" in one.remedy and one.subject["node"] == "b"


def test_a_pod_that_is_reached_and_keeps_still_is_told_so_and_nobody_else(fired):
    scene = chatter(Scene({}), 5, 120)
    for seq in (1, 2, 3):
        pinged(scene, 50 * seq, seq, reply=False)
    (one,) = fired(RULE, scene.analysed())
    assert one.confidence is Confidence.LIKELY
    assert "came to b/lxcb, the pod's own interface" in one.statement and "The pod itself" in one.statement


def test_two_silent_pods_of_one_node_are_two_findings(fired):
    whole = material(PAST).analysed()
    path = next(one for one in whole.paths if one.no_answer_at)
    other = replace(path, no_answer_at="k8s-w0/lxcother", flow=replace(path.flow, dst="172.20.2.34"))
    assert len(fired(RULE, replace(whole, paths=(path, path, other)))) == 2


def test_between_two_machines_neither_is_blamed(fired):
    scene = chatter(Scene({}), 5, 200)
    for seq in (1, 2, 3):
        pinged(scene, 50 * seq, seq, there=2, reply=False)
    (one,) = fired(RULE, scene.analysed())
    assert "Something on the way from a to r dropped them" in one.statement and one.subject["node"] is None
    assert "what lies between a and r" in one.remedy
