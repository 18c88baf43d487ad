"""The ingress proxy's configuration: listeners, and source addresses as Cilium's Envoy has them.

Cilium binds the upstream socket to the node's ingress address, except where the backend is a pod of the same
node (cilium/proxy, cilium/bpf_metadata.cc; FACTS, section 8). Here that is one Envoy cluster per webpod, with or
without ``upstream_bind_config``. Pure: the configuration is data; what is routed where stands in envoy_routes.
"""

from __future__ import annotations

from typing import Any

from captools.lab.envoy_routes import REMOTE, TURN_HEADER, virtual_hosts
from captools.lab.topology import (
    HTTP_PORT,
    HTTPS_PORT,
    LEADER,
    POD_TLS_PORT,
    TLS_PASSED,
    VIP_DEDICATED,
    VIP_SHARED,
    WEBPODS,
    LabPod,
    node_called,
)

_TYPES = "type.googleapis.com/envoy.extensions"
_TYPE = f"{_TYPES}.filters"
_PRIVATE = (("10.0.0.0", 8), ("172.16.0.0", 12), ("192.168.0.0", 16))  # RFC 1918
_PASSED = "webpods-tls"
_MANAGER = "envoy.filters.network.http_connection_manager"


def config(certificate: str = "") -> dict[str, Any]:
    """Return the whole bootstrap document, for ``envoy -c FILE.json``. It has no admin port.

    With a file that holds key and certificate it listens for TLS too: ends it on the dedicated VIP, and passes it on
    unopened, by the name that the client asks for, on the shared one.
    """
    remote = [pod for pod in WEBPODS if pod.node != LEADER]
    listeners = [_listener("shared-ingress", VIP_SHARED), _listener("dedicated-ingress", VIP_DEDICATED)]
    if certificate:
        listeners += [_terminating(VIP_DEDICATED, certificate), _passing(VIP_SHARED)]
    return {
        "static_resources": {
            "listeners": listeners,
            "clusters": [
                *(_cluster(pod.name, [pod], HTTP_PORT, ingress=pod.node != LEADER) for pod in WEBPODS),
                _cluster(REMOTE, remote, HTTP_PORT, ingress=True),
                _cluster(_PASSED, remote, POD_TLS_PORT, ingress=True),
            ],
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
  handle:headers():replace("{TURN_HEADER}", backends[turn])
end
"""


def _listener(name: str, vip: str) -> dict[str, Any]:
    return {"name": name, "address": _address(vip, HTTP_PORT), "filter_chains": [_http(name)]}


def _terminating(vip: str, certificate: str) -> dict[str, Any]:
    tls = {
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_certificates": [
            {"certificate_chain": {"filename": certificate}, "private_key": {"filename": certificate}}
        ],
    }
    socket = {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": f"{_TYPES}.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": tls,
        },
    }
    chain = {**_http("tls-terminated"), "transport_socket": socket}
    return {"name": "tls-terminated", "address": _address(vip, HTTPS_PORT), "filter_chains": [chain]}


def _passing(vip: str) -> dict[str, Any]:
    inspector = {
        "name": "envoy.filters.listener.tls_inspector",
        "typed_config": {"@type": f"{_TYPE}.listener.tls_inspector.v3.TlsInspector"},
    }
    proxy = {"@type": f"{_TYPE}.network.tcp_proxy.v3.TcpProxy", "stat_prefix": "tls-passed", "cluster": _PASSED}
    chain = {
        "filter_chain_match": {"server_names": [TLS_PASSED]},
        "filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}],
    }
    return {
        "name": "tls-passed",
        "address": _address(vip, HTTPS_PORT),
        "listener_filters": [inspector],
        "filter_chains": [chain],
    }


def _http(name: str) -> dict[str, Any]:
    """Return the filter chain that speaks HTTP."""
    manager = {
        "@type": f"{_TYPE}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "use_remote_address": True,
        "internal_address_config": {
            "cidr_ranges": [{"address_prefix": prefix, "prefix_len": length} for prefix, length in _PRIVATE]
        },
        "route_config": {"virtual_hosts": virtual_hosts(name)},
        "http_filters": [
            _filter("rbac", "rbac.v3.RBAC"),
            _filter("local_ratelimit", "local_ratelimit.v3.LocalRateLimit", stat_prefix="limit"),
            _filter("lua", "lua.v3.Lua", default_source_code={"inline_string": _turns()}),
            _filter("router", "router.v3.Router"),
        ],
    }
    return {"filters": [{"name": _MANAGER, "typed_config": manager}]}


def _filter(name: str, kind: str, **values: Any) -> dict[str, Any]:
    return {"name": f"envoy.filters.http.{name}", "typed_config": {"@type": f"{_TYPE}.http.{kind}", **values}}


def _cluster(name: str, pods: list[LabPod], port: int, *, ingress: bool) -> dict[str, Any]:
    ends = [{"endpoint": {"address": _address(pod.ip, port)}} for pod in pods]
    cluster: dict[str, Any] = {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "3s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": ends}]},
    }
    if ingress:
        cluster["upstream_bind_config"] = {
            "source_address": {"address": node_called(LEADER).ingress, "port_value": 0},
            "freebind": True,
        }
    return cluster
