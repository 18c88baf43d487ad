"""A wrong identity in the tunnel: what curl-pod sends carries the identity of webpod as its VNI."""

from __future__ import annotations

from captools.lab import inventory
from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import CURL_POD, NODES, WEBPODS, Mode, node_called, webpod_on
from captools.lab.traffic import http, ping
from captools.lab.truth import Truth

FOREIGN = WEBPODS[0].identity


def prepare(lab: Lab) -> None:
    """Let the routes that k8s-ctr has for packets of curl-pod put webpod's identity into the tunnel."""
    here = node_called(CURL_POD.node)
    lab.machine(here.name).batch(
        [
            f"route replace {other.pod_cidr} encap ip id {FOREIGN} dst {other.address} via {other.tunnel_neighbour}"
            f" dev cilium_vxlan onlink table {CURL_POD.identity} mtu {Mode.VXLAN.pod_mtu}"
            for other in NODES
            if other is not here
        ]
    )


def traffic(lab: Lab) -> list[Truth]:
    """curl-pod calls webpods on both other nodes, and a webpod beside it, whose identity is right, calls one of them."""
    curl, beside = lab.machine(CURL_POD.name), lab.machine(webpod_on("k8s-ctr").name)
    truth = [
        ping(curl, webpod_on("k8s-w0").ip, identifier=1521, count=2),
        http(curl, webpod_on("k8s-w1").ip, "/"),
        ping(beside, webpod_on("k8s-w1").ip, identifier=1522, count=2),
    ]
    # Nobody changed an identity meanwhile, and who asks again at the end is told the same.
    lab.tell("ciliumendpoints-stop.json", inventory.documents(lab.mode, endpoint_routes=lab.endpoint_routes,
                                                              public_keys={})["ciliumendpoints.json"])  # fmt: skip
    return truth


SCENARIO = Scenario(
    id="identity-mismatch",
    title="Tunnel mode: the packets of curl-pod carry the identity of webpod",
    mode=Mode.VXLAN,
    prepare=prepare,
    traffic=traffic,
    health_interval_s=0.5,
    expected=(
        Expected(
            rule="identity-mismatch",
            subject={"src": CURL_POD.ip, "pod": "default/curl-pod", "node": "k8s-ctr"},
            points=("k8s-ctr/eth1", "k8s-w1/eth1", "k8s-w0/eth1", "router/eth1", "router/eth2"),
            says=(f"VNI {FOREIGN}", "webpod", f"{CURL_POD.identity}", "k8s-w0 and k8s-w1"),
            confidence="proven",
        ),
        Expected(rule="vxlan-encapsulated", subject={"src": CURL_POD.ip, "dst": webpod_on("k8s-w0").ip}),
        Expected(rule="vxlan-encapsulated", subject={"src": CURL_POD.ip, "dst": webpod_on("k8s-w1").ip}),
        Expected(rule="vxlan-encapsulated", subject={"src": webpod_on("k8s-ctr").ip, "dst": webpod_on("k8s-w1").ip}),
    ),
)
