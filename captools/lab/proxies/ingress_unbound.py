"""The lab's usual ingress proxy with a fault: connections to the webpod on k8s-w0 are not bound to the ingress address.

So it is with pooled connections of cilium/proxy#2040: Linux then chooses the source. Pure: the configuration is data.
"""

from __future__ import annotations

from typing import Any

from captools.lab import envoy
from captools.lab.topology import webpod_on

UNBOUND = webpod_on("k8s-w0")


def config(certificate: str = "") -> dict[str, Any]:
    """Return the whole bootstrap document."""
    document = envoy.config(certificate)
    for cluster in document["static_resources"]["clusters"]:
        if cluster["name"] == UNBOUND.name:
            del cluster["upstream_bind_config"]
    return document
