"""A client sends X-Forwarded-For itself: one Ingress appends the address it sees, another hands on what it gets."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.proxies.ingress_trusting import config
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import ROUTER, VIP_DEDICATED, VIP_SHARED, Mode
from captools.lab.traffic import http
from captools.lab.truth import Truth

FORGED = "203.0.113.9"


def traffic(lab: Lab) -> list[Truth]:
    """The router claims another address at both Ingresses, another client claims none at either."""
    router, honest = lab.machine(ROUTER), lab.machine("k8s-ctr")
    return [
        http(router, VIP_SHARED, "/forged", "/forged/again", headers={"X-Forwarded-For": FORGED}),
        http(honest, VIP_SHARED, "/honest"),
        http(router, VIP_DEDICATED, "/kept", headers={"X-Forwarded-For": FORGED}),
        http(honest, VIP_DEDICATED, "/unnamed"),
    ]


SCENARIO = Scenario(
    id="xff-forged",
    title="A client sends its own X-Forwarded-For, through a proxy that appends and one that does not",
    mode=Mode.NATIVE,
    traffic=traffic,
    proxy=config,
    health_interval_s=0.5,
    expected=(
        Expected(
            rule="xff-forged",
            subject={"src": "192.168.10.200", "dst": "192.168.10.211", "name": FORGED, "node": "k8s-w1"},
            points=("router/eth1", "k8s-w1/eth1"),
            says=("2 requests", FORGED, f'"{FORGED}, 192.168.10.200"', "appended"),
            confidence="likely",
        ),
        Expected(
            rule="xff-forged",
            subject={"src": "192.168.10.200", "dst": "192.168.10.212", "name": FORGED, "node": "k8s-w1"},
            points=("router/eth1", "k8s-w1/eth1"),
            says=("1 request", "as it came"),
            confidence="likely",
        ),
        Expected(
            rule="client-hidden",
            subject={"src": "192.168.10.100", "dst": "192.168.10.212", "node": "k8s-w1"},
            says=("without X-Forwarded-For", "172.20.1.35"),
        ),
        Expected(rule="snat-ingress-ip", subject={"src": "172.20.1.35", "dst": "172.20.2.33", "node": "k8s-w1"}),
    ),
)
