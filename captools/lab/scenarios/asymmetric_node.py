"""Asymmetric ways: k8s-w0 answers pods of k8s-ctr by another node, k8s-w1, which has a second card on its subnet."""

from __future__ import annotations

from dataclasses import replace

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, Mode, mac_of, node_called, webpod_on
from captools.lab.traffic import http, ping
from captools.lab.truth import FlowTruth, Truth
from captools.lab.ways import machine_of, with_ways

DETOUR = "k8s-w1"
SECOND = "192.168.20.101"  # of k8s-w1, on the subnet of k8s-w0
CLIENT, SERVER = CURL_POD, webpod_on("k8s-w0")


def prepare(lab: Lab) -> None:
    """Give k8s-w1 a card on the subnet of k8s-w0, and let k8s-w0 reach the pods of k8s-ctr by it."""
    node = lab.machine(DETOUR)
    lab.machine("switch").batch(
        [
            f"link add {DETOUR}-2 type veth peer name eth2 address {mac_of(DETOUR, 'eth2')} netns {node.pid}",
            f"link set {DETOUR}-2 master net20 up",
        ]
    )
    node.batch([f"addr add {SECOND}/32 dev eth2", "link set eth2 up"])
    pods = node_called(CLIENT.node).pod_cidr
    lab.machine(SERVER.node).batch([f"route add {pods} via {SECOND} dev eth1 onlink"])


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod pings and calls the webpod behind the router, and the one on the node in between."""
    pod = lab.machine(CLIENT.name)
    truth = []
    for number, node in enumerate(("k8s-w0", DETOUR)):
        address = webpod_on(node).ip
        truth += [ping(pod, address, identifier=2101 + number), http(pod, address, "/")]
    return truth


def ways(truth: Truth, mode: Mode) -> Truth:
    """Send what k8s-w0 answers to pods of k8s-ctr through k8s-w1. Its second card has no role and is not captured."""
    known = with_ways(truth, mode)
    return replace(known, flows=tuple(_back_by_node(flow) for flow in known.flows))


def _back_by_node(flow: FlowTruth) -> FlowTruth:
    if flow.way_back is None or flow.src != CLIENT.ip or machine_of(flow.dst) != SERVER.node:
        return flow
    without = [point for point in flow.way_back if not point.startswith("router/")]
    at = without.index(f"{CLIENT.node}/eth1")
    return replace(flow, way_back=(*without[:at], f"{DETOUR}/eth1", *without[at:]))


SCENARIO = Scenario(
    id="asymmetric-node",
    title="k8s-w0 answers through another node than the router",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    ways=ways,
    health_interval_s=0.4,
    expected=(
        Expected(
            rule="asymmetric-path",
            subject={"src": CLIENT.ip, "dst": SERVER.ip},
            points=("router/eth1", "router/eth2", f"{DETOUR}/eth1"),
            says=("router", DETOUR, CLIENT.name, SERVER.name),
        ),
    ),
)
