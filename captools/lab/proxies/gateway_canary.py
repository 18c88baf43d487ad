"""S15's proxy: a Gateway that gives a tenth of the requests to a canary, all that ask for it by header, and a rate limit.

Cilium has its Envoy count by a local token bucket, which is each Envoy's own.
"""

from __future__ import annotations

from captools.lab import envoy_parts as parts
from captools.lab.envoy_parts import Config
from captools.lab.route_envoy import virtual_host
from captools.lab.topology import HTTP_PORT, VIP_DEDICATED, WEBPODS
from captools.model.routes import Gateway, Listener, ProxyRoute, RouteMatch, RouteRule, RouteTarget, ValueMatch

SHOP, LIMITED = "shop.lab.test", "limited.lab.test"
STABLE, CANARY = "shop-stable", "shop-canary"
SERVICES = {STABLE: (WEBPODS[1],), CANARY: (WEBPODS[2],)}
STABLE_WEIGHT, CANARY_WEIGHT = 90, 10
TOKENS = 10
GATEWAY = Gateway(
    namespace="default", name="shop", addresses=(VIP_DEDICATED,),
    listeners=(Listener(name="http", port=HTTP_PORT, protocol="HTTP"),),
)  # fmt: skip


def _target(service: str, weight: int = 1) -> RouteTarget:
    return RouteTarget(namespace="default", service=service, port=HTTP_PORT, weight=weight)


SHOP_ROUTE = ProxyRoute(
    kind="HTTPRoute", namespace="default", name="shop", hosts=(SHOP,), gateways=(GATEWAY.full_name,),
    rules=(
        RouteRule(
            matches=(RouteMatch(headers=(ValueMatch(name="x-canary", value="always"),)),), targets=(_target(CANARY),)
        ),
        RouteRule(
            matches=(RouteMatch(),), targets=(_target(STABLE, STABLE_WEIGHT), _target(CANARY, CANARY_WEIGHT)),
        ),
    ),
)  # fmt: skip
LIMITED_ROUTE = ProxyRoute(
    kind="HTTPRoute", namespace="default", name="limited", hosts=(LIMITED,), gateways=(GATEWAY.full_name,),
    rules=(RouteRule(matches=(RouteMatch(),), targets=(_target(STABLE),)),),
)  # fmt: skip


def config(_certificate: str = "") -> Config:
    """Return the whole bootstrap document."""
    always = {"default_value": {"numerator": 100}}
    limit = parts.http_filter(
        "local_ratelimit",
        "local_ratelimit.v3.LocalRateLimit",
        stat_prefix="limited",
        token_bucket={"max_tokens": TOKENS, "tokens_per_fill": TOKENS, "fill_interval": "3600s"},
        filter_enabled=always,
        filter_enforced=always,
    )
    limited = virtual_host(
        LIMITED_ROUTE, typed_per_filter_config={"envoy.filters.http.local_ratelimit": limit["typed_config"]}
    )
    idle = parts.http_filter("local_ratelimit", "local_ratelimit.v3.LocalRateLimit", stat_prefix="none")
    chain = parts.http_chain("gateway-shop", [virtual_host(SHOP_ROUTE), limited], [idle])
    return parts.bootstrap(
        [parts.listener("gateway-shop", VIP_DEDICATED, [chain])],
        [parts.cluster(name, pods, source=parts.source_towards(pods[0])) for name, pods in SERVICES.items()],
    )
