"""S11's proxy: a Gateway that ends TLS for several host names, each a listener of its own with its own backend."""

from __future__ import annotations

from captools.lab import envoy_parts as parts
from captools.lab.envoy_parts import Config
from captools.lab.route_envoy import virtual_host
from captools.lab.topology import HTTP_PORT, HTTPS_PORT, VIP_DEDICATED, WEBPODS
from captools.model.routes import Gateway, Listener, ProxyRoute, RouteMatch, RouteRule, RouteTarget

SHOP, BLOG = "shop.lab.test", "blog.lab.test"
SERVICES = {"shop": (WEBPODS[2],), "blog": (WEBPODS[1],)}
GATEWAY = Gateway(
    namespace="default",
    name="tls",
    addresses=(VIP_DEDICATED,),
    listeners=tuple(
        Listener(name=host.partition(".")[0], port=HTTPS_PORT, protocol="HTTPS", host=host, tls="Terminate")
        for host in (SHOP, BLOG)
    ),
)
ROUTES = tuple(
    ProxyRoute(
        kind="HTTPRoute", namespace="default", name=service, hosts=(host,), gateways=(GATEWAY.full_name,),
        rules=(
            RouteRule(
                matches=(RouteMatch(),),
                targets=(RouteTarget(namespace="default", service=service, port=HTTP_PORT),),
            ),
        ),
    )
    for host, service in zip((SHOP, BLOG), SERVICES, strict=True)
)  # fmt: skip


def config(certificate: str = "") -> Config:
    """Return the whole bootstrap document; all names share one certificate."""
    chains = [
        parts.for_names(parts.over_tls(parts.http_chain(one.name, [virtual_host(one)]), certificate), one.hosts)
        for one in ROUTES
    ]
    return parts.bootstrap(
        [parts.tls_listener("gateway-tls", VIP_DEDICATED, chains, inspect_tls=True)],
        [parts.cluster(name, pods, source=parts.source_towards(pods[0])) for name, pods in SERVICES.items()],
    )
