"""S9: a policy locks the Ingress but for one CIDR; the proxy answers everybody else 403 itself."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.proxies.ingress_denied import config
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import ROUTER, VIP_SHARED, Mode
from captools.lab.traffic import http
from captools.lab.truth import Truth


def traffic(lab: Lab) -> list[Truth]:
    """The router asks twice and is denied; a client that the policy allows asks for the same, and gets it."""
    router, allowed = lab.machine(ROUTER), lab.machine("k8s-ctr")
    return [
        http(router, VIP_SHARED, "/"),
        http(router, VIP_SHARED, "/details/1"),
        http(allowed, VIP_SHARED, "/"),
    ]


SCENARIO = Scenario(
    id="s9-ingress-denied",
    title="A policy locks the Ingress: 403 by the proxy itself, and one CIDR that may pass",
    mode=Mode.NATIVE,
    traffic=traffic,
    proxy=config,
    health_interval_s=0.5,
    expected=(
        Expected(
            rule="proxy-denied",
            subject={"src": "192.168.10.200", "dst": "192.168.10.211", "dport": 80, "node": "k8s-w1"},
            points=("router/eth1", "k8s-w1/eth1"),
            says=("2 requests", "403 itself", "no backend was asked", "k8s-ctr (192.168.10.100)", "passed"),
            confidence="proven",
        ),
        Expected(rule="snat-ingress-ip", subject={"src": "172.20.1.35", "dst": "172.20.2.33", "node": "k8s-w1"}),
    ),
)
