"""A fault of the proxy: its connections to one remote backend come from cilium_host instead of the ingress address."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.proxies.ingress_unbound import UNBOUND, config
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import ROUTER, VIP_DEDICATED, WEBPODS, Mode
from captools.lab.traffic import http
from captools.lab.truth import Truth


def traffic(lab: Lab) -> list[Truth]:
    """A client on the router calls the Ingress once for each webpod."""
    return [http(lab.machine(ROUTER), VIP_DEDICATED, "/") for _ in WEBPODS]


SCENARIO = Scenario(
    id="wrong-proxy-source",
    title="The proxy reaches a remote backend from cilium_host: the ingress address was not bound",
    mode=Mode.VXLAN,
    traffic=traffic,
    proxy=config,
    health_interval_s=0.5,
    expected=(
        Expected(
            rule="unexpected-proxy-source",
            subject={"src": "172.20.1.12", "dst": UNBOUND.ip, "node": "k8s-w1", "vip": VIP_DEDICATED},
            points=("k8s-w1/cilium_vxlan", f"k8s-w0/{UNBOUND.interface}"),
            says=("172.20.1.35", "VNI 6", "reserved:remote-node", "cilium_host"),
            confidence="proven",
        ),
        Expected(rule="snat-ingress-ip", subject={"src": "172.20.1.35", "dst": "172.20.0.121", "node": "k8s-w1"}),
        Expected(rule="snat-node-ip", subject={"src": "172.20.1.12", "dst": "172.20.1.108", "node": "k8s-w1"}),
        Expected(rule="vxlan-encapsulated", subject={"src": "172.20.1.35", "dst": "172.20.0.121"}),
        Expected(rule="vxlan-encapsulated", subject={"src": "172.20.1.12", "dst": UNBOUND.ip}),
    ),
)
