"""The plan of a node."""

from __future__ import annotations

import pytest

from captools.collect.facts import Interface, NodeFacts, NodeRoute
from captools.collect.plan import find_pod, plan_node, pod_device, start_command
from captools.collect.request import CaptureRequest
from captools.collect.targets import Target
from captools.model.cluster import Cluster, Pod
from captools.model.errors import UsageError

MIB = 1 << 20
FACTS = NodeFacts(
    ssh_connection="192.0.2.9 50122 192.0.2.1 22",
    interfaces=tuple(Interface(name=name, link_type="ether") for name in ("eth0", "eth1", "lxcaa", "lxcbb", "odd[0]")),
    routes=(NodeRoute(prefix="172.20.1.7", device="lxcbb"), NodeRoute(prefix="172.20.1.0/24", device="cilium_host")),
)
PODS = Cluster(
    pods=(
        Pod(namespace="default", name="web", ip="172.20.1.7", node="n1"),
        Pod(namespace="default", name="curl", ip="172.20.1.8", node="n1", interface="lxcaa"),
        Pod(namespace="default", name="far", ip="172.20.2.8", node="n2", interface="lxcaa"),
        Pod(namespace="default", name="lost", ip="172.20.1.9", node="n1"),
    )
)


def plan(cluster=PODS, connections=(), **wishes):
    return plan_node("n1", FACTS, CaptureRequest(targets=(Target(name="n1"),), **wishes), cluster, connections)


def names(made):
    return [run.point.interface for run in made.runs]


def test_names_globs_and_node_limited_names_choose_each_interface_once():
    assert names(plan(interfaces=("eth*", "eth1"))) == ["eth0", "eth1"]
    assert names(plan(interfaces=("n1/eth1", "n2/eth0"))) == ["eth1"]
    assert names(plan(interfaces=("any", "lxcaa"))) == ["any", "lxcaa"]


def test_an_interface_that_is_not_there_is_missing_with_those_that_are():
    made = plan(interfaces=("eth7", "eth0"))
    assert names(made) == ["eth0"]
    assert made.missing == (("eth7", "n1: no interface 'eth7'; it has eth0, eth1, lxcaa, lxcbb, odd[0]"),)


def test_a_pods_device_comes_from_the_inventory_or_from_its_host_route():
    assert names(plan(pods=("default/curl", "default/web"))) == ["lxcaa", "lxcbb"]
    assert names(plan(pods=("default/far",))) == []
    assert plan(pods=("default/lost",)).missing[0][1].endswith("pod default/lost is not known; name it with -i")
    assert pod_device(PODS.pods[0], FACTS) == "lxcbb"


def test_an_unknown_pod_names_the_known_ones():
    with pytest.raises(UsageError, match="no pod 'a/b' in the inventory; known pods: default/web, default/curl"):
        find_pod(PODS, "a/b")


def test_the_ring_is_shared_and_never_smaller_than_four_mebibytes():
    def rings(made):
        return [run.argv[run.argv.index("-B") + 1] for run in made.runs]

    assert rings(plan(interfaces=("eth0", "eth1"))) == ["131072", "131072"]
    assert rings(plan(interfaces=("eth0", "eth1"), buffer_bytes=MIB)) == ["4096", "4096"]


def test_own_and_other_shipping_connections_are_left_out_own_first():
    made = plan(interfaces=("eth0",), bpf="icmp", connections=("192.0.2.9 50123 192.0.2.2 22",))
    expression = made.runs[0].filter
    assert made.runs[0].argv[-2:] == ("--", expression) and expression.endswith(" and (icmp)")
    assert 0 < expression.index("50122") < expression.index("50123")


def test_channels_are_distinct_and_the_agent_gets_what_the_tool_needs():
    made = plan(interfaces=("eth*",), tool="ngrep", match="GET")
    request = CaptureRequest(targets=(), tool="ngrep")
    specs = start_command(made, request)
    assert [spec["channel"] for spec in specs] == [1, 2]
    assert {(spec["packets"], spec["ready_in"]) for spec in specs} == {("pipe", "text")}


def test_a_node_with_nothing_to_offer_says_so():
    made = plan_node("bare", NodeFacts(), CaptureRequest(targets=()), Cluster())
    assert made.runs == () and "name one with -i" in made.missing[0][1]
