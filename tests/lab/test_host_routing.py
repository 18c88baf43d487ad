from __future__ import annotations

from dataclasses import replace

from captools.inventory.status import read_status
from captools.lab.host_routing import _STATUS, ways
from captools.lab.topology import CURL_POD, Mode, webpod_on
from captools.lab.truth import FlowTruth, Truth

FAR, NEAR = webpod_on("k8s-w0"), webpod_on("k8s-ctr")
DOOR = f"k8s-ctr/{CURL_POD.interface}"


def flow(src: str, dst: str, answered: int = 1) -> FlowTruth:
    return FlowTruth(proto="tcp", src=src, dst=dst, sport=1, dport=80, started="", ended="", sent=1, answered=answered)


def way_of(one: FlowTruth, denied: tuple[str, str] = ("", "")) -> tuple[object, object]:
    (found,) = ways(Truth(flows=(one,)), Mode.NATIVE, denied=denied).flows
    return found.way, found.way_back


def test_both_ways_lack_the_interface_that_they_go_into():
    there = (DOOR, "k8s-ctr/eth1", "router/eth1", "router/eth2", "k8s-w0/eth1")
    back = (f"k8s-w0/{FAR.interface}", "k8s-w0/eth1", "router/eth2", "router/eth1", "k8s-ctr/eth1")
    assert way_of(flow(CURL_POD.ip, FAR.ip)) == (there, back)


def test_between_pods_of_one_node_only_the_sender_s_interface_shows_it():
    assert way_of(flow(CURL_POD.ip, NEAR.ip)) == ((DOOR,), (f"k8s-ctr/{NEAR.interface}",))


def test_what_the_node_itself_sends_goes_by_it():
    door = (f"k8s-w0/{FAR.interface}",)
    assert way_of(flow("172.20.2.241", FAR.ip)) == (door, door)


def test_what_is_denied_ends_at_the_card():
    denied = replace(flow(CURL_POD.ip, FAR.ip), answered=0)
    way, back = way_of(denied, (CURL_POD.ip, FAR.ip))
    assert way[-1] == "k8s-w0/eth1" and back is None


def test_the_status_says_what_the_nodes_do():
    (node,) = read_status(_STATUS, "k8s-w0").nodes
    assert node.datapath.host_routing == "bpf" and node.datapath.skips_pods()
    assert (node.datapath.device, node.datapath.xdp, node.datapath.encryption) == ("veth", "disabled", "disabled")
