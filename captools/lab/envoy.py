"""The ingress proxy's configuration: two listeners, the webpods in turn, source addresses as Cilium's Envoy has them.

Cilium binds the upstream socket to the node's ingress address, except where the backend is a pod of the same
node (cilium/proxy, cilium/bpf_metadata.cc; FACTS, section 8). Here that is one Envoy cluster per webpod, with or
without ``upstream_bind_config``. Pure: the configuration is data.
"""

from __future__ import annotations

from typing import Any

from captools.lab.topology import (
    HTTP_PORT,
    LEADER,
    VIP_DEDICATED,
    VIP_SHARED,
    WEBPODS,
    LabPod,
    node_called,
)

_TYPE = "type.googleapis.com/envoy.extensions.filters"
_TURN_HEADER = "x-lab-backend"
_PRIVATE = (("10.0.0.0", 8), ("172.16.0.0", 12), ("192.168.0.0", 16))  # RFC 1918


def config() -> dict[str, Any]:
    """Return the whole bootstrap document, for ``envoy -c FILE.json``. It has no admin port."""
    return {
        "static_resources": {
            "listeners": [_listener("shared-ingress", VIP_SHARED), _listener("dedicated-ingress", VIP_DEDICATED)],
            "clusters": [_cluster(pod) for pod in WEBPODS],
        }
    }


def _address(address: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": address, "port_value": port}}


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
  handle:headers():replace("{_TURN_HEADER}", backends[turn])
end
"""


def _listener(name: str, vip: str) -> dict[str, Any]:
    manager = {
        "@type": f"{_TYPE}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "use_remote_address": True,
        "internal_address_config": {
            "cidr_ranges": [{"address_prefix": prefix, "prefix_len": length} for prefix, length in _PRIVATE]
        },
        "route_config": {
            "virtual_hosts": [
                {
                    "name": name,
                    "domains": ["*"],
                    "request_headers_to_remove": [_TURN_HEADER],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster_header": _TURN_HEADER}}],
                }
            ]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.lua",
                "typed_config": {
                    "@type": f"{_TYPE}.http.lua.v3.Lua",
                    "default_source_code": {"inline_string": _turns()},
                },
            },
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_TYPE}.http.router.v3.Router"},
            },
        ],
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return {"name": name, "address": _address(vip, HTTP_PORT), "filter_chains": [chain]}


def _cluster(pod: LabPod) -> dict[str, Any]:
    cluster: dict[str, Any] = {
        "name": pod.name,
        "type": "STATIC",
        "connect_timeout": "3s",
        "load_assignment": {
            "cluster_name": pod.name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(pod.ip, HTTP_PORT)}}]}],
        },
    }
    if pod.node != LEADER:
        ingress = node_called(LEADER).ingress
        cluster["upstream_bind_config"] = {
            "source_address": {"address": ingress, "port_value": 0},
            "freebind": True,
        }
    return cluster
