"""S11: a Gateway ends TLS for several host names; behind it the requests go on in clear, with x-forwarded-proto."""

from __future__ import annotations

from captools.lab import route_documents as documents
from captools.lab.cluster import Lab
from captools.lab.proxies.gateway_tls import BLOG, GATEWAY, ROUTES, SERVICES, SHOP, config
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import HTTPS_PORT, ROUTER, VIP_DEDICATED, Mode
from captools.lab.traffic import http
from captools.lab.truth import Truth


def prepare(lab: Lab) -> None:
    """Tell what the proxy was told."""
    services, slices = documents.services({"cilium-gateway-tls": VIP_DEDICATED}, SERVICES)
    lab.tell("services.json", services)
    lab.tell("endpointslices.json", slices)
    lab.tell("routes.json", documents.listed([documents.gateway(GATEWAY), *map(documents.route, ROUTES)]))


def traffic(lab: Lab) -> list[Truth]:
    """Two clients, two names; one asks twice over its connection."""
    router, other = lab.machine(ROUTER), lab.machine("k8s-ctr")
    return [
        http(router, VIP_DEDICATED, "/", "/cart", port=HTTPS_PORT, sni=SHOP),
        http(other, VIP_DEDICATED, "/cart", port=HTTPS_PORT, sni=SHOP),
        http(router, VIP_DEDICATED, "/post/1", port=HTTPS_PORT, sni=BLOG),
    ]


SCENARIO = Scenario(
    id="s11-tls-terminated",
    title="TLS that ends at a Gateway for several host names, and clear HTTP behind it",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    proxy=config,
    expected=(
        Expected(
            rule="tls-terminated",
            subject={"node": "k8s-w1", "vip": VIP_DEDICATED, "dport": HTTPS_PORT},
            points=("router/eth1", "k8s-w1/eth1", "k8s-w0/eth1"),
            says=(SHOP, BLOG, "x-forwarded-proto: https", "http/1.1", "4 of their requests"),
        ),
        Expected(rule="snat-ingress-ip", subject={"node": "k8s-w1", "dst": "172.20.2.33"}),
        Expected(rule="snat-node-ip", subject={"node": "k8s-w1", "dst": "172.20.1.108"}),
    ),
)
