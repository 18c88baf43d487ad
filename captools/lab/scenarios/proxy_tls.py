"""TLS at a proxy: ended there and sent on in clear, or passed on unopened by the name that the client asks for."""

from __future__ import annotations

from captools.lab.cluster import Lab
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import HTTPS_PORT, ROUTER, TLS_PASSED, VIP_DEDICATED, VIP_SHARED, Mode
from captools.lab.traffic import http
from captools.lab.truth import Truth


def traffic(lab: Lab) -> list[Truth]:
    """Two clients ask by TLS that the proxy ends, two by TLS that it passes on; one asks in clear."""
    router, other = lab.machine(ROUTER), lab.machine("k8s-ctr")
    return [
        http(router, VIP_DEDICATED, "/", "/again", port=HTTPS_PORT, sni="shop.lab.test"),
        http(other, VIP_DEDICATED, "/", port=HTTPS_PORT, sni="blog.lab.test"),
        http(router, VIP_DEDICATED, "/clear"),
        http(router, VIP_SHARED, "/", port=HTTPS_PORT, sni=TLS_PASSED),
        http(other, VIP_SHARED, "/", port=HTTPS_PORT, sni=TLS_PASSED),
        http(router, VIP_DEDICATED, "/data?size=4000", port=HTTPS_PORT, sni="shop.lab.test"),
    ]


SCENARIO = Scenario(
    id="proxy-tls",
    title="TLS at a proxy: terminated, and passed through by SNI",
    mode=Mode.NATIVE,
    traffic=traffic,
    expected=(
        Expected(
            rule="client-hidden",
            subject={"dst": VIP_SHARED, "name": TLS_PASSED, "node": "k8s-w1"},
            says=("192.168.10.200", "192.168.10.100", "172.20.1.35"),
            confidence="proven",
        ),
        Expected(
            rule="tls-terminated",
            subject={"vip": VIP_DEDICATED, "dport": HTTPS_PORT, "node": "k8s-w1"},
            says=("shop.lab.test", "blog.lab.test", "3 sessions"),
        ),
        Expected(
            rule="tls-passthrough",
            subject={"vip": VIP_SHARED, "dport": HTTPS_PORT, "node": "k8s-w1", "name": TLS_PASSED},
            says=("192.168.10.200", "192.168.10.100", "172.20.1.35"),
            confidence="proven",
        ),
        Expected(rule="snat-ingress-ip", subject={"src": "172.20.1.35", "dst": "172.20.0.121", "node": "k8s-w1"}),
        Expected(rule="snat-ingress-ip", subject={"src": "172.20.1.35", "dst": "172.20.2.33", "node": "k8s-w1"}),
        Expected(rule="snat-node-ip", subject={"src": "172.20.1.12", "dst": "172.20.1.108", "node": "k8s-w1"}),
    ),
)
