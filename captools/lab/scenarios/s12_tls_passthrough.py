"""S12: a Gateway passes TLS on unopened, by the name that the client asks for: one ClientHello on two connections."""

from __future__ import annotations

from dataclasses import replace

from captools.lab import route_documents as documents
from captools.lab.cluster import Lab
from captools.lab.proxies.gateway_passed import GATEWAY, ROUTES, SERVICES, STORE, VAULT, config
from captools.lab.scenario import Expected, Scenario
from captools.lab.topology import HTTPS_PORT, POD_TLS_PORT, ROUTER, VIP_SHARED, Mode, node_called
from captools.lab.traffic import http, total
from captools.lab.truth import Truth


def prepare(lab: Lab) -> None:
    """Tell what the proxy was told."""
    services, slices = documents.services({"cilium-gateway-passthrough": VIP_SHARED}, SERVICES, port=POD_TLS_PORT)
    lab.tell("services.json", services)
    lab.tell("endpointslices.json", slices)
    lab.tell("routes.json", documents.listed([documents.gateway(GATEWAY), *map(documents.route, ROUTES)]))


def traffic(lab: Lab) -> list[Truth]:
    """Two clients ask one name, one of them the other too."""
    router, other = lab.machine(ROUTER), lab.machine("k8s-ctr")
    truth = total(
        [
            http(router, VIP_SHARED, "/", port=HTTPS_PORT, sni=VAULT),
            http(other, VIP_SHARED, "/", port=HTTPS_PORT, sni=VAULT),
            http(router, VIP_SHARED, "/", port=HTTPS_PORT, sni=STORE),
        ]
    )
    return [replace(truth, requests=tuple(replace(one, passed=True) for one in truth.requests))]


_PASSING = {"node": "k8s-w1", "vip": VIP_SHARED, "dport": HTTPS_PORT}
_HIDING = {"node": "k8s-w1", "dst": VIP_SHARED}
_REMOTE, _LOCAL = SERVICES["vault"][0], SERVICES["store"][0]
SCENARIO = Scenario(
    id="s12-tls-passthrough",
    title="TLS that a Gateway passes on unopened, by SNI",
    mode=Mode.NATIVE,
    prepare=prepare,
    traffic=traffic,
    proxy=config,
    expected=(
        Expected(
            rule="tls-passthrough",
            subject={**_PASSING, "name": VAULT},
            points=("router/eth1", "k8s-w1/eth1", "k8s-w0/eth1"),
            says=(_REMOTE.name, "192.168.10.200", "192.168.10.100", "random", node_called("k8s-w1").ingress),
            confidence="proven",
        ),
        Expected(
            rule="tls-passthrough",
            subject={**_PASSING, "name": STORE},
            points=("router/eth1", f"k8s-w1/{_LOCAL.interface}"),
            says=(_LOCAL.name, "192.168.10.200", "random", node_called("k8s-w1").cilium_host),
            confidence="proven",
        ),
        Expected(rule="client-hidden", subject={**_HIDING, "name": VAULT}, says=(_REMOTE.name,)),
        Expected(rule="client-hidden", subject={**_HIDING, "name": STORE}, says=(_LOCAL.name,)),
    ),
)
