"""What the ingress proxy does with a request, by the host that is asked for. Pure: the configuration is data.

Any host is served by the webpods in turn. Some names stand for what a person may have configured: retries, a rewritten
prefix and host, a policy, a rate limit.
"""

from __future__ import annotations

from typing import Any

TURN_HEADER = "x-lab-backend"
REMOTE = "remote-webpods"
RETRIED, REWRITTEN, GUARDED = "retried.lab.test", "rewritten.lab.test", "guarded.lab.test"
REWRITTEN_PREFIX, REWRITTEN_HOST = "/shop/", "webpod.internal.test"
DENIED, LIMITED = "/denied", "/limited"

_HTTP = "type.googleapis.com/envoy.extensions.filters.http"
_ALWAYS = {"default_value": {"numerator": 100}}


def virtual_hosts(name: str) -> list[dict[str, Any]]:
    """Return the virtual hosts of one listener."""
    anybody = {
        "name": name,
        "domains": ["*"],
        "request_headers_to_remove": [TURN_HEADER],
        "routes": [{"match": {"prefix": "/"}, "route": {"cluster_header": TURN_HEADER}}],
    }
    return [_host(RETRIED, _retried(), include_attempt_count_in_response=True), _host(REWRITTEN, _rewritten()),
            _host(GUARDED, *_guarded()), anybody]  # fmt: skip


def _host(domain: str, *routes: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "name": domain,
        "domains": [domain],
        "request_headers_to_remove": [TURN_HEADER],
        "routes": list(routes),
        **values,
    }


def _retried() -> dict[str, Any]:
    retry = {"retry_on": "5xx,reset,connect-failure", "num_retries": 3}
    return {"match": {"prefix": "/"}, "route": {"cluster": REMOTE, "retry_policy": retry}}


def _rewritten() -> dict[str, Any]:
    route = {"cluster": REMOTE, "prefix_rewrite": "/", "host_rewrite_literal": REWRITTEN_HOST}
    return {"match": {"prefix": REWRITTEN_PREFIX}, "route": route}


def _guarded() -> list[dict[str, Any]]:
    """A path that policy denies, one of which the second request is too many, and no route for any other."""
    nobody = {"action": "DENY", "policies": {"all": {"permissions": [{"any": True}], "principals": [{"any": True}]}}}
    denied = {
        "match": {"prefix": DENIED},
        "route": {"cluster": REMOTE},
        "typed_per_filter_config": {
            "envoy.filters.http.rbac": {"@type": f"{_HTTP}.rbac.v3.RBACPerRoute", "rbac": {"rules": nobody}}
        },
    }
    limited = {
        "match": {"prefix": LIMITED},
        "route": {"cluster": REMOTE},
        "typed_per_filter_config": {
            "envoy.filters.http.local_ratelimit": {
                "@type": f"{_HTTP}.local_ratelimit.v3.LocalRateLimit",
                "stat_prefix": "limited",
                "token_bucket": {"max_tokens": 1, "fill_interval": "3600s"},
                "filter_enabled": _ALWAYS,
                "filter_enforced": _ALWAYS,
            }
        },
    }
    return [denied, limited]
