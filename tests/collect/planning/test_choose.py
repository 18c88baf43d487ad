"""Which interfaces are chosen on recorded nodes, and the reason given for each."""

from __future__ import annotations

from dataclasses import replace

from captools.collect.facts import PeerLink
from captools.collect.planning.asked import read_url
from captools.collect.planning.choose import choose
from captools.collect.planning.road import road_of
from captools.collect.request import CaptureRequest
from captools.lab.topology import CURL_POD, webpod_on
from captools.model.cluster import Cluster
from tests.collect.recorded import cluster, recorded

CASE = "s2-vxlan-overlay"
W1, CTR = recorded(CASE)[0]["k8s-w1"], recorded(CASE)[0]["k8s-ctr"]
WEB, FAR = webpod_on("k8s-w1"), webpod_on("k8s-w0")
NAME = f"default/{WEB.name}"


def chosen(facts=W1, lab=None, node="k8s-w1", **wishes):
    found, missing = choose(node, facts, CaptureRequest(targets=(), **wishes), lab or cluster(CASE))
    return {one.interface: one.why for one in found}, missing


def test_names_globs_and_node_limited_names_choose_each_interface_once():
    assert chosen(interfaces=("eth*", "eth1"))[0] == {"eth0": "-i eth*", "eth1": "-i eth*"}
    assert list(chosen(interfaces=("k8s-w1/eth1", "k8s-w0/eth0"))[0]) == ["eth1"]
    assert list(chosen(interfaces=("any", "eth1"))[0]) == ["any", "eth1"]


def test_an_interface_that_is_not_there_is_missing_with_those_that_are():
    found, ((wish, sentence),) = chosen(interfaces=("eth7", "eth0"))
    assert list(found) == ["eth0"] and wish == "eth7"
    assert sentence.startswith("k8s-w1: no interface 'eth7'; it has lo, ") and WEB.interface in sentence


def test_without_a_wish_the_roles_decide_and_each_says_which():
    assert chosen()[0]["cilium_vxlan"] == "tunnel, by default" and chosen()[0][WEB.interface] == "pods, by default"
    assert list(chosen(roles=("tunnel",))[0].items()) == [("cilium_vxlan", "--role tunnel")]
    assert chosen(roles=("wireguard",))[1][0][0] == "wireguard"


def test_a_pod_is_found_in_all_three_ways_and_the_reason_tells_which():
    listed = chosen(pods=(NAME,))[0]
    assert listed == {WEB.interface: f"--pod {NAME}: pod {NAME}, Cilium's endpoint list names it"}
    blind = cluster(CASE, without=("endpoint-list",), late=False)
    routed = chosen(pods=(NAME,), lab=blind, pod_reasons=((NAME, "--selector app=webpod"),))[0]
    assert routed == {WEB.interface: f"--selector app=webpod: pod {NAME}, the node's route to {WEB.ip} leads there"}
    # As where Cilium forwards by eBPF alone: no route names the pod.
    unrouted = replace(W1, routes=tuple(one for one in W1.routes if one.prefix != WEB.ip))
    ours = next(one for one in W1.interfaces if one.name == WEB.interface)
    assert chosen(unrouted, pods=(NAME,), lab=blind)[1][0][0] == NAME
    asked = replace(unrouted, peers=(PeerLink(index=ours.peer, peer=ours.index, addresses=(WEB.ip,)),))
    plugged = chosen(asked, pods=(NAME,), lab=blind)[0]
    assert list(plugged) == [WEB.interface] and "its other end" in plugged[WEB.interface]


def test_a_pod_of_another_node_is_no_concern_and_a_host_network_pod_means_the_cards():
    assert chosen(pods=(f"default/{FAR.name}",)) == ({}, [])
    lab = cluster(CASE)
    envoy = next(pod for pod in lab.pods if pod.host_network)
    found = chosen(pods=(envoy.full_name,), node=envoy.node)[0]
    assert list(found) == ["eth0", "eth1"] and "host network" in found["eth1"]


def test_a_pod_whose_node_is_unknown_is_looked_for_everywhere():
    lab = cluster(CASE, without=("endpoint-list",), late=False)
    lost = replace(lab, pods=tuple(replace(pod, node="") for pod in lab.pods))
    assert list(chosen(pods=(NAME,), lab=lost)[0]) == [WEB.interface]
    assert chosen(CTR, pods=(NAME,), lab=lost, node="k8s-ctr") == ({}, [])


def test_a_node_named_beside_a_pod_gives_its_ways_to_others():
    other = chosen(CTR, node="k8s-ctr", pods=(NAME,), named=("k8s-ctr",))[0]
    assert list(other) == ["eth0", "eth1", "cilium_vxlan"] and other["eth1"] == "nic, named with --node"
    assert chosen(CTR, node="k8s-ctr", pods=(NAME,))[0] == {}


def test_a_request_takes_its_stops_and_a_pod_beside_it():
    lab, asked = cluster(CASE), read_url(f"http://{FAR.ip}/")
    road = road_of(asked, lab, {"k8s-ctr": "node", "k8s-w0": "node", "router": "router"})
    client = f"default/{CURL_POD.name}"
    request = CaptureRequest(targets=(), asked=asked, pods=(client,))
    assert [one.interface for one in choose("k8s-ctr", CTR, request, lab, road)[0]] == [CURL_POD.interface]
    w0 = choose("k8s-w0", recorded(CASE)[0]["k8s-w0"], request, lab, road)[0]
    assert [one.interface for one in w0] == ["eth0", "eth1", "cilium_vxlan", FAR.interface]


def test_a_node_with_nothing_to_offer_says_so():
    found, missing = choose("bare", replace(W1, interfaces=()), CaptureRequest(targets=()), Cluster())
    assert found == [] and "name one with -i" in missing[0][1]
