"""Envoy between pods, as an L7 policy puts it there: it takes over the client's connections on the client's node. Pure.

The source stays the pod's own address, and nothing is appended to X-Forwarded-For, as in Cilium's east-west listeners
(FACTS, section 8).
"""

from __future__ import annotations

from typing import Any

from captools.lab import envoy_parts as parts

PORT = 15006  # where the node's rules send the connections that a policy selects
ALLOWED_PATH = "/public"
UPSTREAM_MARK = 0xB00  # Cilium's for an egress proxy: whoever sees it does not send the packet to the proxy again
_LISTENERS = "type.googleapis.com/envoy.extensions.filters.listener"


def config() -> dict[str, Any]:
    """Return the bootstrap document: GET of one path passes on to whom the client called, all else is denied."""
    allowed = {"and_rules": {"rules": [
        {"header": {"name": ":method", "string_match": {"exact": "GET"}}},
        {"url_path": {"path": {"prefix": ALLOWED_PATH}}},
    ]}}  # fmt: skip
    rules = {"action": "ALLOW", "policies": {"l7": {"permissions": [allowed], "principals": [{"any": True}]}}}
    host = {"name": "any", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "called"}}]}
    chain = parts.http_chain("east-west", [host], [parts.http_filter("rbac", "rbac.v3.RBAC", rules=rules)])
    chain["filters"][0]["typed_config"]["skip_xff_append"] = True
    listener = parts.listener("east-west", "0.0.0.0", [chain], port=PORT)
    listener["transparent"] = True
    listener["listener_filters"] = [
        {"name": "envoy.filters.listener.original_dst",
         "typed_config": {"@type": f"{_LISTENERS}.original_dst.v3.OriginalDst"}},
        {"name": "envoy.filters.listener.original_src",
         "typed_config": {"@type": f"{_LISTENERS}.original_src.v3.OriginalSrc", "mark": UPSTREAM_MARK}},
    ]  # fmt: skip
    called = {"name": "called", "type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED", "connect_timeout": "3s"}
    return parts.bootstrap([listener], [called])
