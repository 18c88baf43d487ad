"""S12's proxy: a Gateway that passes TLS on unopened, to another backend for each name that a client asks for."""

from __future__ import annotations

from captools.lab import envoy_parts as parts
from captools.lab.envoy_parts import Config
from captools.lab.topology import HTTPS_PORT, POD_TLS_PORT, VIP_SHARED, WEBPODS
from captools.model.routes import Gateway, Listener, ProxyRoute, RouteRule, RouteTarget

VAULT, STORE = "vault.lab.test", "store.lab.test"
SERVICES = {"vault": (WEBPODS[2],), "store": (WEBPODS[1],)}
GATEWAY = Gateway(
    namespace="default", name="passthrough", addresses=(VIP_SHARED,),
    listeners=(Listener(name="tls", port=HTTPS_PORT, protocol="TLS", tls="Passthrough"),),
)  # fmt: skip
ROUTES = tuple(
    ProxyRoute(
        kind="TLSRoute", namespace="default", name=service, hosts=(host,), gateways=(GATEWAY.full_name,),
        rules=(RouteRule(targets=(RouteTarget(namespace="default", service=service, port=POD_TLS_PORT),)),),
        tls_passed=True,
    )
    for host, service in zip((VAULT, STORE), SERVICES, strict=True)
)  # fmt: skip


def config(_certificate: str = "") -> Config:
    """Return the whole bootstrap document."""
    chains = [parts.passing_chain(one.hosts, one.name) for one in ROUTES]
    clusters = [
        parts.cluster(name, pods, source=parts.source_towards(pods[0]), port=POD_TLS_PORT)
        for name, pods in SERVICES.items()
    ]
    return parts.bootstrap([parts.tls_listener("gateway-passed", VIP_SHARED, chains, inspect_tls=True)], clusters)
