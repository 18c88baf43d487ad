"""A proxy at work: pooled connections for several clients, retries, rewritten requests, a forged XFF, HTTP/2, own answers."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.envoy_routes import DENIED, GUARDED, LIMITED, RETRIED, REWRITTEN, REWRITTEN_PREFIX
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import ROUTER, VIP_DEDICATED, VIP_SHARED, Mode
from captools.lab.traffic import http, http2, together
from captools.lab.truth import Truth

FORGED = "203.0.113.9"


def traffic(lab: Lab) -> list[Truth]:
    """Everything a proxy does to requests, from two machines; then several at once that differ in nothing."""
    router, other = lab.machine(ROUTER), lab.machine("k8s-ctr")
    return [
        http(router, VIP_SHARED, "/a?fail=1", "/b?fail=2&how=reset", headers={"Host": RETRIED}),
        http(router, VIP_SHARED, f"{REWRITTEN_PREFIX}list", headers={"Host": REWRITTEN}),
        http(router, VIP_SHARED, DENIED, LIMITED, LIMITED + "/again", "/nowhere", headers={"Host": GUARDED}),
        http(router, VIP_DEDICATED, "/forged", headers={"X-Forwarded-For": FORGED}),
        http2(router, VIP_DEDICATED, "/one?ms=60", "/two?ms=20", "/three?ms=40", host="shop.lab.test"),
        together([router, other, router, other], VIP_DEDICATED, "/mine?ms=80"),
        together([router, router, router], VIP_DEDICATED, "/any?same=1&ms=150"),
    ]


SCENARIO = Scenario(
    id="proxy-requests",
    title="Requests across a proxy: pooled connections, retries, rewriting, forged addresses, its own answers",
    mode=Mode.NATIVE,
    traffic=traffic,
    expected=(
        Expected(
            rule="proxy-denied",
            subject={"src": "192.168.10.200", "dst": VIP_SHARED, "node": "k8s-w1"},
            says=("1 request", f"{GUARDED}{DENIED}", "Other requests of the same client passed"),
            confidence="proven",
        ),
        Expected(
            rule="rate-limited",
            subject={"src": "192.168.10.200", "vip": VIP_SHARED, "node": "k8s-w1", "name": GUARDED},
            says=("1 of 4 requests", "the proxy itself", "1 passed before"),
        ),
        Expected(rule="xff-forged", subject={"src": "192.168.10.200", "dst": VIP_DEDICATED, "name": FORGED}),
        Expected(rule="snat-ingress-ip", subject={"src": "172.20.1.35", "dst": "172.20.0.121", "node": "k8s-w1"}),
        Expected(rule="snat-ingress-ip", subject={"src": "172.20.1.35", "dst": "172.20.2.33", "node": "k8s-w1"}),
        Expected(rule="snat-node-ip", subject={"src": "172.20.1.12", "dst": "172.20.1.108", "node": "k8s-w1"}),
    ),
)
