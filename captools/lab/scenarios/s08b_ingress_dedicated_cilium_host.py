"""S8 without endpoint routes: the local backend sees the address of cilium_host, remote ones the ingress address."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import ROUTER, VIP_DEDICATED, WEBPODS, Mode
from captools.lab.traffic import http
from captools.lab.truth import Truth


def traffic(lab: Lab) -> list[Truth]:
    """A client on the router calls the Ingress once for each webpod."""
    return [http(lab.machine(ROUTER), VIP_DEDICATED, "/") for _ in WEBPODS]


SCENARIO = Scenario(
    id="s8b-ingress-dedicated-cilium-host",
    title="Dedicated Ingress without endpoint routes: the local backend sees cilium_host",
    mode=Mode.NATIVE,
    traffic=traffic,
    health_interval_s=0.5,
    expected=(
        Expected(rule="snat-ingress-ip", subject={"src": "172.20.1.35", "dst": "172.20.0.121", "node": "k8s-w1"}),
        Expected(rule="snat-ingress-ip", subject={"src": "172.20.1.35", "dst": "172.20.2.33", "node": "k8s-w1"}),
        Expected(
            rule="snat-node-ip",
            subject={"src": "172.20.1.12", "dst": "172.20.1.108", "node": "k8s-w1"},
            says=("cilium_host", "names that source"),
        ),
    ),
)
