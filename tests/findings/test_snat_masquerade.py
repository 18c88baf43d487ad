"""snat-masquerade: pods outside the cluster are their node, and what is unusual about that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.cluster import Cluster, Node
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material
from tests.correlate.services.balancing import LB, OTHER, PODS, Wire, cluster

RULE = "snat-masquerade"
MASQUERADE = "masquerade"


def test_it_names_the_pods_the_node_and_what_the_other_end_sees(fired):
    found = {one.subject["node"]: one for one in fired(RULE, MASQUERADE)}
    assert set(found) == {"k8s-ctr", "k8s-w0"}
    one = found["k8s-ctr"]
    assert (one.severity, one.confidence) == (Severity.NOTE, Confidence.PROVEN)
    assert (one.subject["src"], one.subject["dst"], one.subject["pod"]) == (
        "172.20.0.88", "10.10.1.200", "default/curl-pod",
    )  # fmt: skip
    for words in ("3 connections and 1 ping of default/curl-pod", "its own address 192.168.10.100", "the source port"):
        assert words in one.statement, words
    assert {proof.point.partition("/")[2][:3] for proof in one.evidence} == {"lxc", "eth"}


def test_its_ports_are_those_that_the_server_outside_saw(fired):
    from captures import case

    told = case(MASQUERADE).truth["truth"]["flows"]
    pairs = {f"{one['sport']} by {one['seen_sport']}" for one in told if one.get("seen_sport")}
    found = fired(RULE, MASQUERADE)
    assert found and pairs
    for one in found:
        assert any(f"for instance {pair})" in one.statement for pair in pairs)


@pytest.mark.parametrize("name", [S1, S2, S8, S13, LEAK, FINE, "proxy-requests", "proxy-tls", "s6-vip-shared-port"])
def test_it_is_silent_where_no_source_is_rewritten_or_a_balancer_did(fired, name):
    assert fired(RULE, name) == []


def out(**how: object) -> Wire:
    """Pod 1 calls a machine outside, through lb."""
    return Wire().call(OTHER, client=PODS[0], vip=OTHER, source=LB, **how)  # type: ignore[arg-type]


def test_another_node_than_the_pods_own_is_said_to_be_unusual(fired):
    (one,) = fired(RULE, out().analysed())
    assert "lb is not the node of these pods" in one.statement and "source port" not in one.statement


def test_between_pods_it_is_strange_and_the_remedy_says_where_to_look(fired):
    wire = Wire().call(PODS[1], client=PODS[0], vip=PODS[1], source=LB)
    (one,) = fired(RULE, wire.analysed())
    assert "is of the cluster itself" in one.statement and "ipv4-native-routing-cidr" in one.remedy
    (one,) = fired(RULE, out().analysed())
    assert "of the cluster itself" not in one.statement and "nat list" in one.remedy


def test_a_router_that_hides_a_client_is_told_without_any_inventory(fired):
    (one,) = fired(RULE, out(sport=61_000).analysed(Cluster()))
    assert f"1 connection of {PODS[0]} to {OTHER}: lb replaced the source by {LB}" in one.statement
    assert "conntrack" in one.remedy and one.subject["pod"] is None


def test_several_pods_behind_one_address_are_one_note(fired):
    here = replace(cluster(), nodes=(Node(name="lb", internal_ip=LB, pod_cidrs=("10.0.0.0/16",), in_cluster=True),))
    wire = out(sport=61_000).call(OTHER, client=PODS[1], vip=OTHER, source=LB)
    (one,) = fired(RULE, wire.analysed(here))
    assert "d/web-1" in one.statement and "d/web-2" in one.statement and one.subject["pod"] is None
    assert "in 1 of 2" in one.statement


def test_without_the_points_on_one_side_there_is_nothing_to_say(fired):
    one = material(MASQUERADE)
    for source in list(one.sources):
        if "/lxc" in source.point:
            one = one.without(source.point)
    assert fired(RULE, one.analysed()) == []


def test_without_the_nodes_own_card_it_is_less_sure(fired):
    one = material(MASQUERADE).without("k8s-ctr/eth1").without("k8s-w0/eth1")
    found = fired(RULE, one.analysed())
    assert all(each.confidence is Confidence.LIKELY and each.subject["node"] is None for each in found)
