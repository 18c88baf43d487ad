"""Parts of an Envoy configuration, with which a scenario builds the proxy that it is about. Pure: data only.

The source addresses are as Cilium's Envoy has them: the upstream socket is bound to the node's ingress address, except
where the backend is a pod of the same node (cilium/proxy, cilium/bpf_metadata.cc; FACTS, section 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from captools.lab.topology import HTTP_PORT, HTTPS_PORT, LEADER, LabPod, node_called

Config = dict[str, Any]
_TYPES = "type.googleapis.com/envoy.extensions"
_FILTERS = f"{_TYPES}.filters"
_PRIVATE = (("10.0.0.0", 8), ("172.16.0.0", 12), ("192.168.0.0", 16))  # RFC 1918


def bootstrap(listeners: Sequence[Config], clusters: Sequence[Config]) -> Config:
    """Return the whole document, for ``envoy -c FILE.json``. It has no admin port."""
    return {"static_resources": {"listeners": list(listeners), "clusters": list(clusters)}}


def listener(
    name: str, ip: str, chains: Sequence[Config], *, port: int = HTTP_PORT, inspect_tls: bool = False
) -> Config:
    """Return a listener at one address; ``inspect_tls``: its chains are chosen by the name that a client asks for."""
    inspector = {
        "name": "envoy.filters.listener.tls_inspector",
        "typed_config": {"@type": f"{_FILTERS}.listener.tls_inspector.v3.TlsInspector"},
    }
    more = {"listener_filters": [inspector]} if inspect_tls else {}
    return {"name": name, "address": _address(ip, port), **more, "filter_chains": list(chains)}


def http_chain(
    name: str, virtual_hosts: Sequence[Config], filters: Sequence[Config] = (), *, trusts_client: bool = False
) -> Config:
    """Return a filter chain that speaks HTTP as Cilium's ingress does; ``filters`` stand before the router.

    ``use_remote_address`` appends the client to X-Forwarded-For (FACTS, section 8); a chain that ``trusts_client``
    takes the header as it comes, and writes none.
    """
    manager = {
        "@type": f"{_FILTERS}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "use_remote_address": not trusts_client,
        "internal_address_config": {
            "cidr_ranges": [{"address_prefix": prefix, "prefix_len": length} for prefix, length in _PRIVATE]
        },
        "route_config": {"virtual_hosts": list(virtual_hosts)},
        "http_filters": [*filters, http_filter("router", "router.v3.Router")],
    }
    return {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}


def over_tls(chain: Config, certificate: str) -> Config:
    """Return a chain that ends TLS first, with the key and certificate of one PEM file."""
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
    return {**chain, "transport_socket": socket}


def passing_chain(names: Sequence[str], cluster_name: str) -> Config:
    """Return a chain that passes TLS for these names on unopened."""
    proxy = {"@type": f"{_FILTERS}.network.tcp_proxy.v3.TcpProxy", "stat_prefix": "passed", "cluster": cluster_name}
    return for_names({"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}]}, names)


def for_names(chain: Config, names: Sequence[str]) -> Config:
    """Return a chain that is taken for clients that ask for these names by SNI: the listener must inspect TLS."""
    return {"filter_chain_match": {"server_names": list(names)}, **chain}


def http_filter(name: str, kind: str, **values: Any) -> Config:
    """Return one HTTP filter; ``kind`` is the end of its type, such as ``rbac.v3.RBAC``."""
    return {"name": f"envoy.filters.http.{name}", "typed_config": {"@type": f"{_FILTERS}.http.{kind}", **values}}


def cluster(name: str, pods: Sequence[LabPod], *, source: str = "", port: int | None = None) -> Config:
    """Return a cluster of pods, asked from ``source``; "" leaves the source to the node's own routes."""
    ends = [{"endpoint": {"address": _address(pod.ip, port or pod.port)}} for pod in pods]
    made: Config = {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "3s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": ends}]},
    }
    if source:
        made["upstream_bind_config"] = {
            "source_address": {"address": source, "port_value": 0},
            "freebind": True,
        }
    return made


def source_towards(pod: LabPod) -> str:
    """Return the source address that Cilium's Envoy on the leader uses towards a pod, "" for what the routes say."""
    return "" if pod.node == LEADER else node_called(LEADER).ingress


def tls_listener(name: str, ip: str, chains: Sequence[Config], *, inspect_tls: bool = False) -> Config:
    """Return a listener on the TLS port."""
    return listener(name, ip, chains, port=HTTPS_PORT, inspect_tls=inspect_tls)


def _address(ip: str, port: int) -> Config:
    return {"socket_address": {"address": ip, "port_value": port}}
