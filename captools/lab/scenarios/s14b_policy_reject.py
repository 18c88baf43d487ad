"""S14, refused instead of dropped: by a node in the pod's name, by ICMP of a node and of the router, by the pod itself."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.names import DNS_PORT, ask
from captools.lab.policy import cut, enforce, probed
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import (
    CURL_POD,
    HTTP_PORT,
    LEADER,
    POD_TLS_PORT,
    ROUTER,
    ROUTER_ADDRESSES,
    VIP_DEDICATED,
    Mode,
    node_called,
    webpod_on,
)
from captools.lab.traffic import http
from captools.lab.truth import FlowTruth, Truth

CLOSED_PORT = 81  # nobody in the lab listens on it
FAR, NEAR = webpod_on("k8s-w0"), webpod_on("k8s-w1")
FAR_CARD, FAR_POD = f"{FAR.node}/eth1", f"{FAR.node}/{FAR.interface}"
NEAR_CARD, NEAR_POD = f"{NEAR.node}/eth1", f"{NEAR.node}/{NEAR.interface}"
NEAR_NODE = node_called(NEAR.node).address
BY_ROUTER = ROUTER_ADDRESSES["eth1"]  # a router's errors bear the address that is on the sender's side


def prepare(lab: Lab) -> None:
    """One node rejects by reset, one by ICMP, and the router rejects what is for the TLS port of the far pod."""
    enforce(lab.machine(FAR.node), f"ip daddr {FAR.ip} tcp dport {HTTP_PORT} reject with tcp reset")
    enforce(lab.machine(NEAR.node), f"ip daddr {NEAR.ip} tcp dport {POD_TLS_PORT} reject with icmp admin-prohibited")
    enforce(lab.machine(ROUTER), f"ip daddr {FAR.ip} tcp dport {POD_TLS_PORT} reject with icmp host-prohibited")


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod is refused in every way there is, a client outside by the node that holds a service address."""
    pod, probes = lab.machine(CURL_POD.name), list[Truth]()
    with probed(lab, [FAR, NEAR], probes):
        tested = [
            http(pod, FAR.ip, "/"),
            http(pod, NEAR.ip, "/", port=POD_TLS_PORT),
            http(pod, FAR.ip, "/", port=POD_TLS_PORT),
            http(pod, NEAR.ip, "/", port=CLOSED_PORT),
            ask(pod, "anything.lab.test", number=0x1402, server=NEAR.ip),
            http(pod, NEAR_NODE, "/", port=CLOSED_PORT),
            http(lab.machine(ROUTER), VIP_DEDICATED, "/", port=CLOSED_PORT),
            http(pod, NEAR.ip, "/"),
        ]
    return [*tested, *probes]


def _last(flow: FlowTruth) -> str:
    return {
        (FAR.ip, HTTP_PORT): FAR_CARD,
        (NEAR.ip, POD_TLS_PORT): NEAR_CARD,
        (FAR.ip, POD_TLS_PORT): f"{ROUTER}/eth1",
    }.get((flow.dst, flow.dport or 0), "")


SCENARIO = Scenario(
    id="s14b-policy-reject",
    title="Refused at once: by a node, by the router, by the pod itself; resets and ICMP",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    ways=lambda truth, mode: cut(truth, mode, _last),
    health_interval_s=0.8,
    expected=(
        Expected(
            rule="refused",
            subject={"src": CURL_POD.ip, "dst": FAR.ip, "dport": HTTP_PORT, "node": FAR.node, "name": FAR.ip},
            points=(FAR_CARD, FAR_POD),
            says=(f"{FAR.node}, in the name of", "RST", FAR_CARD, FAR_POD),
            confidence="proven",
        ),
        Expected(
            rule="refused",
            subject={"dst": NEAR.ip, "dport": POD_TLS_PORT, "node": NEAR.node, "name": NEAR_NODE},
            points=(NEAR_CARD,),
            says=(NEAR.node, "ICMP", "administratively prohibited", "code 13"),
            confidence="proven",
        ),
        Expected(
            rule="refused",
            subject={"dst": FAR.ip, "dport": POD_TLS_PORT, "node": ROUTER, "name": BY_ROUTER},
            points=(f"{ROUTER}/eth1",),
            says=(ROUTER, "ICMP", "host administratively prohibited", "code 10"),
            confidence="proven",
        ),
        Expected(
            rule="refused",
            subject={"dst": NEAR.ip, "dport": CLOSED_PORT, "node": NEAR.node, "pod": f"default/{NEAR.name}"},
            points=(NEAR_POD,),
            says=(f"{NEAR.name} ({NEAR.ip}) itself", "RST"),
            confidence="proven",
        ),
        Expected(
            rule="refused",
            subject={"dst": NEAR.ip, "dport": DNS_PORT, "proto": "udp", "node": NEAR.node, "name": NEAR.ip},
            points=(NEAR_POD,),
            says=(f"{NEAR.name} ({NEAR.ip}) itself", "port unreachable"),
            confidence="proven",
        ),
        Expected(
            rule="refused",
            subject={"dst": NEAR_NODE, "dport": CLOSED_PORT, "node": NEAR.node},
            points=(NEAR_CARD,),
            says=(f"{NEAR.node} ({NEAR_NODE}) itself", "RST"),
            confidence="proven",
        ),
        Expected(
            rule="refused",
            subject={"src": BY_ROUTER, "dst": VIP_DEDICATED, "dport": CLOSED_PORT, "node": LEADER},
            points=(f"{LEADER}/eth1",),
            says=("RST", f"{LEADER}, which answers for"),
            confidence="likely",
        ),
    ),
)
