"""The lab's usual ingress proxy: any host is served by the webpods in turn. Pure: the configuration is data.

Cilium binds the upstream socket by the backend's node. Here that is one Envoy cluster per webpod, with or without a
source address; what is routed where stands in envoy_routes.
"""

from __future__ import annotations

from typing import Any

from captools.lab import envoy_parts as parts
from captools.lab.envoy_routes import REMOTE, TURN_HEADER, virtual_hosts
from captools.lab.topology import LEADER, POD_TLS_PORT, TLS_PASSED, VIP_DEDICATED, VIP_SHARED, WEBPODS, node_called

_PASSED = "webpods-tls"


def config(certificate: str = "") -> dict[str, Any]:
    """Return the whole bootstrap document.

    With a file that holds key and certificate it listens for TLS too: ends it on the dedicated VIP, and passes it on
    unopened, by the name that the client asks for, on the shared one.
    """
    remote, ingress = [pod for pod in WEBPODS if pod.node != LEADER], node_called(LEADER).ingress
    listeners = [
        parts.listener("shared-ingress", VIP_SHARED, [_http("shared-ingress")]),
        parts.listener("dedicated-ingress", VIP_DEDICATED, [_http("dedicated-ingress")]),
    ]
    if certificate:
        passed = parts.passing_chain([TLS_PASSED], _PASSED)
        listeners += [
            parts.tls_listener("tls-terminated", VIP_DEDICATED, [parts.over_tls(_http("tls-terminated"), certificate)]),
            parts.tls_listener("tls-passed", VIP_SHARED, [passed], inspect_tls=True),
        ]
    clusters = [
        *(parts.cluster(pod.name, [pod], source=parts.source_towards(pod)) for pod in WEBPODS),
        parts.cluster(REMOTE, remote, source=ingress),
        parts.cluster(_PASSED, remote, source=ingress, port=POD_TLS_PORT),
    ]
    return parts.bootstrap(listeners, clusters)


def _http(name: str) -> dict[str, Any]:
    """Return the filter chain that speaks HTTP: policy, rate limits, and the webpods in turn."""
    filters = [
        parts.http_filter("rbac", "rbac.v3.RBAC"),
        parts.http_filter("local_ratelimit", "local_ratelimit.v3.LocalRateLimit", stat_prefix="limit"),
        parts.http_filter("lua", "lua.v3.Lua", default_source_code={"inline_string": _turns()}),
    ]
    return parts.http_chain(name, virtual_hosts(name), filters)


def _turns() -> str:
    """Lua that names the next webpod in turn.

    Round robin over clusters is not something Envoy's routes can do by themselves (weighted clusters draw lots),
    and a cluster has one source address for all its endpoints.
    """
    names = ", ".join(f'"{pod.name}"' for pod in WEBPODS)
    return f"""
local turn, backends = 0, {{ {names} }}
function envoy_on_request(handle)
  turn = turn % #backends + 1
  handle:headers():replace("{TURN_HEADER}", backends[turn])
end
"""
