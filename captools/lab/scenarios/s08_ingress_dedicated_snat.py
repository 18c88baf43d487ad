"""S8: a dedicated Ingress; backends see the ingress address of k8s-w1, or its first address if they are local."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import ROUTER, VIP_DEDICATED, Mode
from captools.lab.traffic import http
from captools.lab.truth import Truth


def traffic(lab: Lab) -> list[Truth]:
    """A client on the router calls the Ingress over six connections, two of them with a second request."""
    client = lab.machine(ROUTER)
    truth = []
    for number in range(6):
        paths = ("/", f"/again/{number}") if number in (2, 4) else ("/",)
        truth.append(http(client, VIP_DEDICATED, *paths))
    return truth


SCENARIO = Scenario(
    id="s8-ingress-dedicated-snat",
    title="Dedicated Ingress: the source a backend sees depends on its node",
    mode=Mode.NATIVE,
    traffic=traffic,
    endpoint_routes=True,
    expected=(
        Expected(rule="snat-ingress-ip", subject={"src": "172.20.1.35", "dst": "172.20.0.121", "node": "k8s-w1"}),
        Expected(rule="snat-ingress-ip", subject={"src": "172.20.1.35", "dst": "172.20.2.33", "node": "k8s-w1"}),
        Expected(rule="snat-node-ip", subject={"src": "10.0.2.15", "dst": "172.20.1.108", "node": "k8s-w1"}),
    ),
)
