"""asymmetric-path: two ways that differ for sure; not direct server return, and not what was only half captured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.findings._words import MAX_EVIDENCE
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from captools.model.paths import Asymmetry, Detour
from captures import case
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material

RULE = "asymmetric-path"


def test_another_interface_of_the_router_is_proven_by_a_frame_at_each(fired):
    (one,) = fired(RULE, "asymmetric-path")
    assert (one.severity, one.confidence, one.subject["node"]) == (Severity.WARNING, Confidence.PROVEN, "router")
    assert "at router the requests cross router/eth2 and the answers router/eth3 (2 conversations)" in one.statement
    assert {proof.point for proof in one.evidence} == {"router/eth2", "router/eth3"}
    assert "on k8s-ctr, ip route get 172.20.2.33; on k8s-w0, ip route get 172.20.0.88" in one.remedy


def test_another_node_is_likely_and_both_are_named(fired):
    (one,) = fired(RULE, "asymmetric-node")
    assert one.confidence is Confidence.LIKELY
    assert "the answers cross k8s-w1 (at k8s-w1/eth1) and the requests do not" in one.statement
    assert "the requests cross router (at router/eth1 and router/eth2) and the answers do not" in one.statement


@pytest.mark.parametrize("name", ["asymmetric-path", "asymmetric-node"])
def test_only_the_conversations_that_the_lab_sent_two_ways_are_named(fired, name):
    flows = [flow for flow in case(name).truth["truth"]["flows"] if flow["purpose"] == "test"]
    differing = {flow["dst"] for flow in flows if set(flow["way"]) != set(flow["way_back"])}
    (one,) = fired(RULE, name)
    assert {one.subject["dst"]} == differing
    assert all((flow["dst"] in one.statement) == (flow["dst"] in differing) for flow in flows)


@pytest.mark.parametrize("name", [FINE, S1, S2, S8, S13, LEAK, "masquerade", "geneve-dsr"])
def test_it_is_silent_where_both_ways_are_the_same_or_differ_by_design(fired, name):
    assert fired(RULE, name) == []


@pytest.mark.parametrize("gone", [["router/eth3"], ["router/eth2"], ["router/eth2", "router/eth3"]])
def test_half_of_the_proof_is_none(fired, gone):
    one = material("asymmetric-path")
    for point in gone:
        one = one.without(point)
    assert fired(RULE, one.analysed()) == []


@pytest.mark.parametrize(
    ("config", "told"),
    [({}, 1), ({"bpf-lb-mode": "dsr"}, 0), ({"bpf-lb-mode": "hybrid"}, 0), ({"bpf-lb-mode": "snat"}, 1)],
)
def test_direct_server_return_is_by_design_where_the_settings_say_so(fired, config, told):
    analysis = material(FINE).analysed()
    detour = Detour(kind=Asymmetry.DIRECT_RETURN, node="k8s-w1", forward=("k8s-w1/eth1",), reply=())
    paths = (replace(analysis.paths[0], detours=(detour,)), *analysis.paths[1:])
    changed = replace(analysis, paths=paths, cluster=replace(analysis.cluster, config=config))
    found = fired(RULE, changed)
    assert len(found) == told
    assert all("do not return through k8s-w1, which translated the requests" in one.statement for one in found)


def test_however_many_conversations_there_are_few_of_their_frames_are_shown(fired):
    whole = material("asymmetric-path").analysed()
    path = next(one for one in whole.paths if one.detours)
    many = [
        replace(path, hops=tuple(replace(hop, evidence=tuple(replace(each, frames=(number,)) for each in hop.evidence))
                                 for hop in path.hops))
        for number in range(1, 40)
    ]  # fmt: skip
    (one,) = fired(RULE, replace(whole, paths=tuple(many)))
    assert len(one.evidence) == MAX_EVIDENCE and "39 conversations" in one.statement
    assert {proof.point for proof in one.evidence} == {"router/eth2", "router/eth3"}
