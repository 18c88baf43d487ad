"""Two Ingresses before one pod: the shared one appends the client to X-Forwarded-For, the dedicated one trusts what it gets.

The second is what helm's ``useRemoteAddress: false`` makes of it (FACTS, section 8). Pure: the configuration is data.
"""

from __future__ import annotations

from typing import Any

from captools.lab import envoy_parts as parts
from captools.lab.topology import VIP_DEDICATED, VIP_SHARED, webpod_on


def config(certificate: str = "") -> dict[str, Any]:
    """Return the whole bootstrap document; it listens in clear only."""
    pod = webpod_on("k8s-w0")
    hosts = [
        {
            "name": "webpod",
            "domains": ["*"],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": pod.app}}],
        }
    ]
    listeners = [
        parts.listener("shared-ingress", VIP_SHARED, [parts.http_chain("shared-ingress", hosts)]),
        parts.listener(
            "dedicated-ingress",
            VIP_DEDICATED,
            [parts.http_chain("dedicated-ingress", hosts, trusts_client=True)],
        ),
    ]
    return parts.bootstrap(listeners, [parts.cluster(pod.app, [pod], source=parts.source_towards(pod))])
