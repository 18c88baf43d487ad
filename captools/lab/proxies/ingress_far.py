"""The proxies of the L2 announcement scenarios: one per node, both ready for the shared VIP, both asking the far webpod.

The webpod of k8s-w0 is remote to either, so that its answer names the ingress address of the proxy that asked.
"""

from __future__ import annotations

from captools.lab import envoy_parts as parts
from captools.lab.envoy_parts import Config
from captools.lab.topology import LEADER, VIP_SHARED, node_called, webpod_on

BACKEND = webpod_on("k8s-w0")


def config(_certificate: str = "") -> Config:
    """Return the bootstrap document of the leader's proxy."""
    return config_on(LEADER)


def config_on(node: str) -> Config:
    """Return that of another node's. It listens on the VIP whether the node holds it or not, as Cilium's does."""
    host = {
        "name": "any", "domains": ["*"],
        "routes": [{"match": {"prefix": "/"}, "route": {"cluster": BACKEND.name}}],
    }  # fmt: skip
    listener = parts.listener("shared-ingress", VIP_SHARED, [parts.http_chain("shared-ingress", [host])])
    backend = parts.cluster(BACKEND.name, [BACKEND], source=node_called(node).ingress)
    return parts.bootstrap([{**listener, "freebind": True}], [backend])
