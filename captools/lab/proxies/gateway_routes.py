"""S10's proxy: an Ingress with an exact, a prefix and a pattern path, a Gateway that looks at headers and queries too."""

from __future__ import annotations

from captools.lab import envoy_parts as parts
from captools.lab.envoy_parts import Config
from captools.lab.route_envoy import virtual_host
from captools.lab.topology import HTTP_PORT, VIP_DEDICATED, VIP_SHARED, WEBPODS
from captools.model.routes import (
    Gateway,
    Listener,
    PathKind,
    ProxyRoute,
    RouteMatch,
    RouteRule,
    RouteTarget,
    ValueMatch,
)

PATHS, SHOP = "paths.lab.test", "shop.lab.test"
ON_CTR, ON_W1, ON_W0 = "catalog", "storefront", "beta"
SERVICES = dict(zip((ON_CTR, ON_W1, ON_W0), ((pod,) for pod in WEBPODS), strict=True))

INGRESS = ProxyRoute(
    kind="Ingress", namespace="default", name="paths", hosts=(PATHS,), addresses=(VIP_SHARED,),
    rules=tuple(
        RouteRule(
            matches=(RouteMatch(path=path, path_kind=kind),),
            targets=(RouteTarget(namespace="default", service=service, port=HTTP_PORT),),
        )
        for path, kind, service in (
            ("/exact", PathKind.EXACT, ON_CTR), ("/prefix", PathKind.PREFIX, ON_W0),
            ("/item/[0-9]+", PathKind.REGEX, ON_CTR), ("/", PathKind.PREFIX, ON_W1),
        )
    ),
)  # fmt: skip
GATEWAY = Gateway(
    namespace="default", name="shop", addresses=(VIP_DEDICATED,),
    listeners=(Listener(name="http", port=HTTP_PORT, protocol="HTTP"),),
)  # fmt: skip
ROUTE = ProxyRoute(
    kind="HTTPRoute", namespace="default", name="shop", hosts=(SHOP,), gateways=(GATEWAY.full_name,),
    rules=tuple(
        RouteRule(matches=(match,), targets=(RouteTarget(namespace="default", service=service, port=HTTP_PORT),))
        for match, service in (
            (RouteMatch(path="/v1"), ON_CTR),
            (RouteMatch(headers=(ValueMatch(name="x-version", value="beta"),)), ON_W0),
            (RouteMatch(query=(ValueMatch(name="preview", value="1"),)), ON_W0),
            (RouteMatch(), ON_W1),
        )
    ),
)  # fmt: skip


def config(_certificate: str = "") -> Config:
    """Return the whole bootstrap document."""
    chains = [parts.http_chain(one.name, [virtual_host(one)]) for one in (INGRESS, ROUTE)]
    clusters = [parts.cluster(name, pods, source=parts.source_towards(pods[0])) for name, pods in SERVICES.items()]
    return parts.bootstrap(
        [parts.listener("ingress", VIP_SHARED, chains[:1]), parts.listener("gateway", VIP_DEDICATED, chains[1:])],
        clusters,
    )
