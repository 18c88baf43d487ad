"""The shared Ingress of S7: /details goes to details, everything else to productpage. Pure: the configuration is data."""

from __future__ import annotations

from typing import Any

from captools.lab import envoy_parts as parts
from captools.lab.topology import BOOKINFO, DETAILS, PRODUCTPAGE, VIP_SHARED


def config(certificate: str = "") -> dict[str, Any]:
    """Return the whole bootstrap document; it listens in clear only."""
    routes = [
        {"match": {"prefix": "/details"}, "route": {"cluster": DETAILS.app}},
        {"match": {"prefix": "/"}, "route": {"cluster": PRODUCTPAGE.app}},
    ]
    chain = parts.http_chain("shared-ingress", [{"name": "bookinfo", "domains": ["*"], "routes": routes}])
    clusters = [parts.cluster(pod.app, [pod], source=parts.source_towards(pod)) for pod in BOOKINFO]
    return parts.bootstrap([parts.listener("shared-ingress", VIP_SHARED, [chain])], clusters)
