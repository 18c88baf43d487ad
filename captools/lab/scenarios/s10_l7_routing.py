"""S10: exact, prefix and pattern paths of an Ingress, header and query matches of an HTTPRoute: who served what."""

from __future__ import annotations

from captools.lab import route_documents as documents
from captools.lab.cluster import Lab
from captools.lab.proxies.gateway_routes import GATEWAY, INGRESS, PATHS, ROUTE, SERVICES, SHOP, config
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import ROUTER, VIP_DEDICATED, VIP_SHARED, Mode
from captools.lab.traffic import http
from captools.lab.truth import Truth

BETA = {"x-version": "beta"}


def prepare(lab: Lab) -> None:
    """Tell what the proxy was told."""
    balancers = {"cilium-ingress": VIP_SHARED, "cilium-gateway-shop": VIP_DEDICATED}
    services, slices = documents.services(balancers, SERVICES)
    lab.tell("services.json", services)
    lab.tell("endpointslices.json", slices)
    told = [documents.ingress(INGRESS), documents.gateway(GATEWAY), documents.route(ROUTE)]
    lab.tell("routes.json", documents.listed(told))


def traffic(lab: Lab) -> list[Truth]:
    """Paths that fit each rule, and such that fit one nearly."""
    client = lab.machine(ROUTER)
    paths = ("/exact", "/exact/1", "/prefix/a", "/prefixed", "/item/42", "/item/4x")
    return [
        http(client, VIP_SHARED, *paths, headers={"Host": PATHS}),
        http(client, VIP_SHARED, "/exact", headers={"Host": "other.lab.test"}),
        http(client, VIP_DEDICATED, "/v1/list", "/v10", "/?preview=1", headers={"Host": SHOP}),
        http(client, VIP_DEDICATED, "/", "/v1/list", headers={"Host": SHOP, **BETA}),
    ]


SCENARIO = Scenario(
    id="s10-l7-routing",
    title="L7 routing: which backend serves which path, host, header and query",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    proxy=config,
    expected=(
        Expected(rule="snat-ingress-ip", subject={"node": "k8s-w1"}),
        Expected(rule="snat-ingress-ip", subject={"node": "k8s-w1"}),
        Expected(rule="snat-node-ip", subject={"node": "k8s-w1"}),
    ),
)
