"""S15: a tenth of the requests go to a canary, those with a header all do; another host has a bucket of ten tokens."""

from __future__ import annotations

from captools.lab import route_documents as documents
from captools.lab.cluster import Lab
from captools.lab.proxies.gateway_canary import (
    CANARY,
    CANARY_WEIGHT,
    GATEWAY,
    LIMITED,
    LIMITED_ROUTE,
    SERVICES,
    SHOP,
    SHOP_ROUTE,
    STABLE,
    STABLE_WEIGHT,
    TOKENS,
    config,
)
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import ROUTER, VIP_DEDICATED, Mode
from captools.lab.traffic import http
from captools.lab.truth import Truth

WEIGHTED, BY_HEADER, LIMITED_REQUESTS = 40, 2, TOKENS + 3


def prepare(lab: Lab) -> None:
    """Tell what the proxy was told."""
    services, slices = documents.services({"cilium-gateway-shop": VIP_DEDICATED}, SERVICES)
    lab.tell("services.json", services)
    lab.tell("endpointslices.json", slices)
    told = [documents.gateway(GATEWAY), documents.route(SHOP_ROUTE), documents.route(LIMITED_ROUTE)]
    lab.tell("routes.json", documents.listed(told))


def traffic(lab: Lab) -> list[Truth]:
    """Requests that the weights place, some that a header places, and three more than the bucket holds."""
    client = lab.machine(ROUTER)
    return [
        http(client, VIP_DEDICATED, *["/?same=1"] * WEIGHTED, headers={"Host": SHOP}),
        http(client, VIP_DEDICATED, *["/?same=1"] * BY_HEADER, headers={"Host": SHOP, "X-Canary": "always"}),
        http(client, VIP_DEDICATED, *["/?same=1"] * LIMITED_REQUESTS, headers={"Host": LIMITED}),
    ]


SCENARIO = Scenario(
    id="s15-canary-and-rate-limit",
    title="Canary weights and a header that overrides them; a token bucket of ten",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    proxy=config,
    expected=(
        Expected(
            rule="rate-limited",
            subject={"node": "k8s-w1", "vip": VIP_DEDICATED, "name": LIMITED},
            points=("router/eth1", "k8s-w1/eth1"),
            says=("3 of 13 requests", "the proxy itself", "the first 10"),
        ),
        Expected(
            rule="lb-distribution",
            subject={"vip": VIP_DEDICATED, "name": "HTTPRoute default/shop: prefix /"},
            says=(f"{WEIGHTED} requests", f"{STABLE} {STABLE_WEIGHT} %", f"{CANARY} {CANARY_WEIGHT} %"),
        ),
        Expected(rule="snat-ingress-ip", subject={"node": "k8s-w1", "dst": "172.20.2.33"}),
        Expected(rule="snat-node-ip", subject={"node": "k8s-w1", "dst": "172.20.1.108"}),
    ),
)
