"""The shared Ingress of S9 under a cluster-wide policy: only clients of one CIDR may ask. Pure: the configuration is data.

Cilium enforces such a policy in Envoy by the address of the client (RBAC by remote address), so that what is denied is
answered there and never reaches a backend.
"""

from __future__ import annotations

from typing import Any

from captools.lab import envoy_parts as parts
from captools.lab.topology import VIP_SHARED, node_called, webpod_on

ALLOWED = node_called("k8s-ctr").address  # as fromCIDR 192.168.10.100/32


def config(certificate: str = "") -> dict[str, Any]:
    """Return the whole bootstrap document; it listens in clear only."""
    pod = webpod_on("k8s-w0")
    rules = {
        "action": "ALLOW",
        "policies": {
            "allowed-cidr": {
                "permissions": [{"any": True}],
                "principals": [{"direct_remote_ip": {"address_prefix": ALLOWED, "prefix_len": 32}}],
            }
        },
    }
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": pod.app}}]
    chain = parts.http_chain(
        "shared-ingress",
        [{"name": "webpod", "domains": ["*"], "routes": routes}],
        [parts.http_filter("rbac", "rbac.v3.RBAC", rules=rules)],
    )
    clusters = [parts.cluster(pod.app, [pod], source=parts.source_towards(pod))]
    return parts.bootstrap([parts.listener("shared-ingress", VIP_SHARED, [chain])], clusters)
