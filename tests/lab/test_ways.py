"""The way of a packet, worked out from the cluster's drawing, and the kernel's own answer to the same question."""

from __future__ import annotations

import json

import pytest

from captools.lab.topology import CURL_POD, NODES, ROUTER, VIP_DEDICATED, Mode, webpod_on
from captools.lab.truth import FlowTruth, RequestTruth, Truth
from captools.lab.ways import machine_of, masqueraded, until_sealed, way, with_ways

CURL, CURL_PORT = CURL_POD.ip, f"k8s-ctr/{CURL_POD.interface}"
FAR, FAR_PORT = webpod_on("k8s-w0").ip, f"k8s-w0/{webpod_on('k8s-w0').interface}"
NEAR, NEAR_PORT = webpod_on("k8s-w1").ip, f"k8s-w1/{webpod_on('k8s-w1').interface}"
LOCAL, LOCAL_PORT = webpod_on("k8s-ctr").ip, f"k8s-ctr/{webpod_on('k8s-ctr').interface}"
OUTSIDE = "10.10.1.200"


@pytest.mark.parametrize(
    ("mode", "src", "dst", "points"),
    [
        (Mode.NATIVE, CURL, LOCAL, (CURL_PORT, LOCAL_PORT)),
        (Mode.NATIVE, CURL, NEAR, (CURL_PORT, "k8s-ctr/eth1", "k8s-w1/eth1", NEAR_PORT)),
        (Mode.NATIVE, FAR, CURL,
         (FAR_PORT, "k8s-w0/eth1", "router/eth2", "router/eth1", "k8s-ctr/eth1", CURL_PORT)),
        (Mode.NATIVE_BROKEN, CURL, FAR, (CURL_PORT, "k8s-ctr/eth1", "router/eth1", "router/eth0")),
        (Mode.NATIVE_BROKEN, CURL, NEAR, (CURL_PORT, "k8s-ctr/eth1", "k8s-w1/eth1", NEAR_PORT)),
        (Mode.VXLAN, CURL, FAR,
         (CURL_PORT, "k8s-ctr/cilium_vxlan", "k8s-ctr/eth1", "router/eth1", "router/eth2", "k8s-w0/eth1",
          "k8s-w0/cilium_vxlan", FAR_PORT)),
        (Mode.VXLAN, NODES[0].address, NODES[1].address, ("k8s-ctr/eth1", "k8s-w1/eth1")),
        (Mode.WIREGUARD, CURL, NEAR,
         (CURL_PORT, "k8s-ctr/cilium_wg0", "k8s-ctr/eth1", "k8s-w1/eth1", "k8s-w1/cilium_wg0", NEAR_PORT)),
        (Mode.WIREGUARD, NODES[0].cilium_host, NODES[1].cilium_host,
         ("k8s-ctr/cilium_wg0", "k8s-ctr/eth1", "k8s-w1/eth1", "k8s-w1/cilium_wg0")),
        (Mode.WIREGUARD_LEAK, CURL, NEAR, (CURL_PORT, "k8s-ctr/eth1", "k8s-w1/eth1", NEAR_PORT)),
        (Mode.WIREGUARD_LEAK, NEAR, CURL,
         (NEAR_PORT, "k8s-w1/cilium_wg0", "k8s-w1/eth1", "k8s-ctr/eth1", "k8s-ctr/cilium_wg0", CURL_PORT)),
        (Mode.DUAL, CURL, NEAR,
         (CURL_PORT, "k8s-ctr/cilium_vxlan", "k8s-ctr/cilium_wg0", "k8s-ctr/eth1", "k8s-w1/eth1", "k8s-w1/cilium_wg0",
          "k8s-w1/cilium_vxlan", NEAR_PORT)),
        (Mode.NATIVE, "192.168.20.200", NODES[2].address, ("router/eth2", "k8s-w0/eth1")),
        (Mode.NATIVE, "192.168.10.200", VIP_DEDICATED, ("router/eth1", "k8s-w1/eth1")),
        (Mode.NATIVE, CURL, OUTSIDE, (CURL_PORT, "k8s-ctr/eth1", "router/eth1")),
        (Mode.NATIVE, OUTSIDE, FAR, ("router/eth2", "k8s-w0/eth1", FAR_PORT)),
    ],
)  # fmt: skip
def test_a_packet_crosses_the_interfaces_that_the_cluster_was_built_with(mode, src, dst, points):
    assert way(mode, src, dst) == points


def test_an_address_of_every_node_takes_the_machine_that_is_named():
    assert way(Mode.NATIVE, "10.0.2.15", NEAR, sender="k8s-w1") == (NEAR_PORT,)
    assert way(Mode.NATIVE, NEAR, "10.0.2.15", receiver="k8s-w1") == (NEAR_PORT,)
    assert machine_of("10.0.2.15") == machine_of("203.0.113.9") == ""
    assert (machine_of(OUTSIDE), machine_of(VIP_DEDICATED), machine_of(FAR)) == (ROUTER, "k8s-w1", "k8s-w0")


def test_only_pods_that_call_outside_the_cluster_are_masqueraded():
    assert masqueraded(CURL, OUTSIDE) == "192.168.10.100" and masqueraded(FAR, OUTSIDE) == "192.168.20.100"
    assert masqueraded(CURL, FAR) is masqueraded(CURL, NODES[2].address) is masqueraded(OUTSIDE, CURL) is None


def flow(src: str, dst: str, answered: int) -> FlowTruth:
    return FlowTruth(proto="icmp", src=src, dst=dst, icmp_id=1, sent=1, answered=answered, started="", ended="")


def test_every_flow_and_every_backend_connection_of_a_proxy_gets_its_way():
    request = RequestTruth(
        client="192.168.10.200", client_port=1, address=VIP_DEDICATED, port=80, method="GET", path="/", status=200,
        started="", ended="", backend_ip=CURL, remote_addr="172.20.1.35", remote_port=5,
    )  # fmt: skip
    straight = RequestTruth(**{**{n: getattr(request, n) for n in request.__slots__}, "address": CURL})
    flows = (flow(CURL, NEAR, 1), flow(CURL, FAR, 0), flow(CURL, OUTSIDE, 1), flow("203.0.113.9", CURL, 1))
    found = with_ways(Truth(flows=flows, requests=(request, straight)), Mode.NATIVE)
    near, far, outside, strange = found.flows
    assert near.way is not None and near.way_back == tuple(reversed(near.way)) and near.seen_src is None
    assert far.way is not None and far.way_back is None
    assert outside.seen_src == "192.168.10.100" and strange.way is None
    assert found.requests[0].backend_way == ("k8s-w1/eth1", "k8s-ctr/eth1", CURL_PORT)
    assert found.requests[1].backend_way is None, "no proxy stood between"


@pytest.mark.lab
@pytest.mark.parametrize(
    "mode", [Mode.NATIVE, Mode.NATIVE_BROKEN, Mode.VXLAN, Mode.WIREGUARD, Mode.WIREGUARD_LEAK, Mode.DUAL]
)
def test_the_kernels_of_the_cluster_send_packets_the_same_way(lab_of, mode):
    """``ip route get`` on each node tells by which device it would send what comes from a pod."""
    lab = lab_of(mode)
    for src, here in ((CURL_POD, "k8s-ctr"), (webpod_on("k8s-w1"), "k8s-w1")):
        for dst in (FAR, NEAR, CURL, LOCAL):
            points = way(mode, src.ip, dst)
            if dst == src.ip or len(points) < 2:
                continue
            told = lab.machine(here).run(
                ["ip", "-j", "route", "get", dst, "from", src.ip, "iif", src.interface]
            )  # fmt: skip
            assert f"{here}/{json.loads(told)[0]['dev']}" == points[1], (mode, src.ip, dst)
    if mode is Mode.NATIVE_BROKEN:
        told = lab.machine(ROUTER).run(["ip", "-j", "route", "get", FAR, "from", CURL, "iif", "eth1"])
        assert f"router/{json.loads(told)[0]['dev']}" == way(mode, CURL, FAR)[-1]


def test_without_a_session_packets_wait_at_the_senders_device():
    sent = with_ways(Truth(flows=(flow(CURL, NEAR, 0), flow(CURL, FAR, 1))), Mode.WIREGUARD).flows
    waiting, fine = (until_sealed(one, "k8s-w1") for one in sent)
    assert waiting.way == (CURL_PORT, "k8s-ctr/cilium_wg0") and waiting.way_back is None
    assert fine == sent[1]
