"""The plan of a capture, over recorded nodes and their clusters."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.collect.facts import Interface, NodeFacts, NodeRoute
from captools.collect.planning.asked import read_url
from captools.collect.planning.plan import plan_capture, plan_node, start_command, wants_peers
from captools.collect.request import CaptureRequest
from captools.collect.targets import Target
from captools.lab.topology import LEADER, VIP_SHARED, webpod_on
from captools.model.cluster import Cluster
from captools.model.errors import UsageError
from captools.model.points import Role
from tests.collect.recorded import cluster, recorded

MIB = 1 << 20
FACTS = NodeFacts(
    ssh_connection="192.0.2.9 50122 192.0.2.1 22",
    libpcap="1.10.3",
    interfaces=tuple(
        Interface(name=name, link_type="ether", index=at)
        for at, name in enumerate(("eth0", "eth1", "lxcaa", "lxcbb", "odd[0]"), start=2)
    ),
    routes=(NodeRoute(prefix="172.20.1.7", device="lxcbb"), NodeRoute(prefix="172.20.1.0/24", device="cilium_host")),
)


def plan(facts=FACTS, lab=None, ways=(), **wishes):
    return plan_node("n1", facts, CaptureRequest(targets=(Target(name="n1"),), **wishes), lab or Cluster(), ways)


def names(made):
    return [run.point.interface for run in made.runs]


def rings(made):
    return [run.argv[run.argv.index("-B") + 1] for run in made.runs]


def test_the_ring_is_shared_over_the_points():
    made = plan(interfaces=("eth0", "eth1"))
    assert rings(made) == ["131072", "131072"] and made.ring_bytes == 256 * MIB and made.crowded == 0


def test_too_many_points_become_one_capture_of_any_by_index():
    made = plan(interfaces=("eth*", "lxcaa"), buffer_bytes=8 * MIB, bpf="icmp")
    (run,) = made.runs
    assert (run.point.interface, run.role, made.crowded) == ("any", Role.ANY, 3)
    assert run.filter == "((ifindex 2 or ifindex 3 or ifindex 4) and (icmp))" and rings(made) == ["8192"]
    assert run.user_filter == "icmp" and "eth0, eth1, lxcaa" in run.why
    assert made.notes == (
        "3 points of 4 MiB each are more than the 8 MiB of --buffer: one capture of any takes their place",
    )


def test_many_each_keeps_them_and_says_what_they_take():
    made = plan(interfaces=("eth*", "lxcaa"), buffer_bytes=8 * MIB, many="each")
    assert rings(made) == ["4096"] * 3 and made.crowded == 3
    assert made.notes == ("3 rings take 12 MiB of kernel memory, more than the 8 MiB of --buffer",)


def test_ngrep_has_no_ring_and_is_never_crowded():
    made = plan(interfaces=("eth*", "lxc*"), buffer_bytes=MIB, tool="ngrep", match="GET")
    assert len(made.runs) == 4 and made.ring_bytes == 0


def test_what_ships_the_packets_is_left_out_everywhere_own_first():
    facts = {"n1": FACTS, "n2": replace(FACTS, ssh_connection="192.0.2.9 50123 192.0.2.2 22")}
    request = CaptureRequest(targets=tuple(Target(name=name) for name in facts), interfaces=("eth0",), bpf="icmp")
    made = plan_capture(request, facts, Cluster())
    run = made.node("n2").runs[0]
    assert run.excluded == (
        "tcp and host 192.0.2.9 and host 192.0.2.2 and port 22", "tcp and host 192.0.2.9 and host 192.0.2.1 and port 22",
    )  # fmt: skip
    assert run.argv[-2:] == ("--", run.filter) and run.filter.endswith(" and (icmp)") and run.user_filter == "icmp"
    assert 0 < run.filter.index("192.0.2.2") < run.filter.index("192.0.2.1 ")
    assert made.node("n1").way == "n1" and made.node("gone").runs == ()


def test_channels_are_distinct_and_the_agent_gets_what_the_tool_needs():
    made = plan(interfaces=("eth*",), tool="ngrep", match="GET")
    specs = start_command(made, CaptureRequest(targets=(), tool="ngrep"))
    assert [spec["channel"] for spec in specs] == [1, 2]
    assert {(spec["packets"], spec["ready_in"]) for spec in specs} == {("pipe", "text")}


CASE = "s10-l7-routing"
TARGETS = tuple(
    Target(name=name, role="router" if name == "router" else "node")
    for name in ("k8s-ctr", "k8s-w1", "k8s-w0", "router")
)


def followed(url, case=CASE, **wishes):
    return plan_capture(
        CaptureRequest(targets=TARGETS, asked=read_url(url), **wishes), recorded(case)[0], cluster(case)
    )


def test_a_request_is_filtered_on_shared_interfaces_and_not_at_its_pods():
    made = followed(f"http://{VIP_SHARED}/")
    runs = {str(run.point): run for node in made.nodes for run in node.runs}
    backend = webpod_on(LEADER)
    assert made.road is not None and runs["router/eth1"].user_filter == made.road.filter != ""
    assert runs[f"{LEADER}/{backend.interface}"].user_filter == ""
    assert runs[f"{LEADER}/eth1"].why.startswith(f"it announces {VIP_SHARED}")
    assert made.notes == made.road.notes


def test_the_users_filter_goes_before_the_roads():
    made = followed(f"http://{VIP_SHARED}/", bpf="tcp port 80")
    assert {run.user_filter for node in made.nodes for run in node.runs} == {"tcp port 80"}


def test_a_node_with_vlans_is_asked_for_tagged_frames_too():
    request = CaptureRequest(targets=TARGETS, asked=read_url(f"http://{VIP_SHARED}/"))
    facts = dict(recorded(CASE)[0])
    tagged = Interface(name="eth1.100", kind="vlan", link_type="ether", index=99)
    facts["router"] = replace(facts["router"], interfaces=(*facts["router"].interfaces, tagged))
    made = plan_capture(request, facts, cluster(CASE))
    (run,) = [run for run in made.node("router").runs if run.point.interface == "eth1"]
    assert made.road is not None and run.user_filter == f"({made.road.filter}) or (vlan and ({made.road.filter}))"


def test_pods_that_are_nowhere_are_missing_with_the_next_step():
    lab = cluster("s2-vxlan-overlay")
    facts = {"k8s-w1": recorded("s2-vxlan-overlay")[0]["k8s-w1"]}
    far, near = (f"default/{webpod_on(node).name}" for node in ("k8s-w0", "k8s-w1"))
    request = CaptureRequest(targets=(Target(name="k8s-w1"),), pods=(far, near))
    made = plan_capture(request, facts, lab)
    assert made.missing == ((far, f"pod {far} runs on k8s-w0, which is not captured on: add --node k8s-w0"),)
    assert made.node("k8s-w1").pods == (near,)
    lost = replace(lab, pods=tuple(replace(pod, node="") for pod in lab.pods))
    sentence = plan_capture(request, facts, lost).missing[0][1]
    assert sentence == f"pod {far}: no node of this capture has it; name its node's device with -i"


def test_the_agent_is_asked_for_peers_only_where_nothing_else_tells():
    name = f"default/{webpod_on('k8s-w1').name}"
    request = CaptureRequest(targets=(), pods=(name,))
    facts = recorded("s2-vxlan-overlay")[0]["k8s-w1"]
    unrouted = replace(facts, routes=())
    blind = cluster("s2-vxlan-overlay", without=("endpoint-list",), late=False)
    assert not wants_peers("k8s-w1", facts, request, blind)
    assert not wants_peers("k8s-w1", unrouted, request, cluster("s2-vxlan-overlay"))
    assert wants_peers("k8s-w1", unrouted, request, blind)
    assert not wants_peers("k8s-w0", unrouted, request, blind)
    asked = CaptureRequest(targets=(), asked=read_url(f"http://{webpod_on('k8s-w1').ip}/"))
    assert wants_peers("k8s-w1", unrouted, asked, blind)


def test_a_request_to_an_unknown_name_is_a_usage_error():
    with pytest.raises(UsageError, match="knows no.such.name"):
        followed("http://no.such.name/")


@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_hostile_names_stay_single_words_of_a_command_line(name, text):
    facts = replace(FACTS, interfaces=(Interface(name=name, link_type="ether", index=2),))
    for run in plan(facts=facts, roles=("nic",), bpf=text).runs + plan(facts=facts, bpf=text).runs:
        assert run.argv[:3] == ("tcpdump", "-i", name) and run.point.interface == name
        options = run.argv[: run.argv.index("--")] if "--" in run.argv[3:] else run.argv
        assert [one for one in options[3:] if one.startswith("-")] == [
            "-n", "-p", "-w", "-", "--time-stamp-precision=nano", "-B",
        ]  # fmt: skip
