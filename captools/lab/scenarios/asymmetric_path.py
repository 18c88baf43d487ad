"""Asymmetric ways: k8s-w0 answers by another router interface than the one it is asked by."""

from __future__ import annotations

from dataclasses import replace

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, ROUTER, Mode, mac_of, node_called, webpod_on
from captools.lab.traffic import http, ping
from captools.lab.truth import FlowTruth, Truth
from captools.lab.ways import machine_of, with_ways

SECOND = "192.168.20.201"  # the router's other address on the subnet of k8s-w0
CLIENT, SERVER = CURL_POD, webpod_on("k8s-w0")


def prepare(lab: Lab) -> None:
    """Give the router a second interface on the subnet of k8s-w0, by which k8s-w0 alone reaches the pods of k8s-ctr."""
    router, switch = lab.machine(ROUTER), lab.machine("switch")
    switch.batch(
        [
            f"link add router-3 type veth peer name eth3 address {mac_of(ROUTER, 'eth3')} netns {router.pid}",
            "link set router-3 master net20 up",
        ]
    )
    # The second address on the same subnet must not answer ARP for the first one.
    router.run(["sysctl", "-q", "-w", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2"])
    router.batch([f"addr add {SECOND}/32 dev eth3", "link set eth3 up"])
    pods = node_called(CLIENT.node).pod_cidr
    lab.machine(SERVER.node).batch([f"route add {pods} via {SECOND} dev eth1 onlink"])


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod pings and calls the webpod behind the router, and the one that is not."""
    pod = lab.machine(CLIENT.name)
    truth = []
    for number, node in enumerate(("k8s-w0", "k8s-w1")):
        address = webpod_on(node).ip
        truth += [ping(pod, address, identifier=1901 + number), http(pod, address, "/")]
    return truth


def ways(truth: Truth, mode: Mode) -> Truth:
    """Send what k8s-w0 answers to pods of k8s-ctr by the router's second interface."""
    known = with_ways(truth, mode)
    return replace(known, flows=tuple(_back_by_eth3(flow) for flow in known.flows))


def _back_by_eth3(flow: FlowTruth) -> FlowTruth:
    if flow.way_back is None or flow.src != CLIENT.ip or machine_of(flow.dst) != SERVER.node:
        return flow
    return replace(flow, way_back=tuple("router/eth3" if at == "router/eth2" else at for at in flow.way_back))


SCENARIO = Scenario(
    id="asymmetric-path",
    title="k8s-w0 answers by another interface of the router",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    ways=ways,
    health_interval_s=0.4,
    expected=(
        Expected(
            rule="asymmetric-path",
            subject={"src": CLIENT.ip, "dst": SERVER.ip, "node": ROUTER},
            points=("router/eth2", "router/eth3"),
            says=("router/eth2", "router/eth3", CLIENT.name, SERVER.name),
            confidence="proven",
        ),
    ),
)
