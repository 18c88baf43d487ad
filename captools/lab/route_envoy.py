"""The routes of a Gateway or an Ingress as Envoy is told them, in the order in which Cilium has them tried. Pure.

Exact paths come first, then patterns by their length, then those that ask for more headers or query parameters
(cilium/cilium, operator/pkg/model/translation). Envoy takes the first route that fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from captools.lab.envoy_parts import Config
from captools.model.routes import PathKind, ProxyRoute, RouteMatch, RouteRule, ValueMatch


def virtual_host(one: ProxyRoute, **values: Any) -> Config:
    """Return the virtual host of a route's hosts; its Services are clusters of the same name. ``values`` go with it."""
    domains = [name for host in one.hosts or ("*",) for name in _domains(host)]
    return {"name": one.name, "domains": domains, "routes": _routes(one.rules), **values}


def _domains(host: str) -> tuple[str, ...]:
    return (host,) if host == "*" else (host, f"{host}:*")


def _routes(rules: Sequence[RouteRule]) -> list[Config]:
    pairs = sorted(_pairs(rules), key=lambda pair: _rank(pair[0]))
    return [{"match": _match(match), "route": _action(rule)} for match, rule in pairs]


def _pairs(rules: Sequence[RouteRule]) -> Iterator[tuple[RouteMatch, RouteRule]]:
    for rule in rules:
        for match in rule.matches:
            yield match, rule


def _rank(one: RouteMatch) -> tuple[bool, int, int, int]:
    return one.path_kind is not PathKind.EXACT, -len(one.path), -len(one.headers), -len(one.query)


def _match(one: RouteMatch) -> Config:
    told: Config = {"headers": [_value(each) for each in one.headers]}
    told["query_parameters"] = [_value(each) for each in one.query]
    if one.path_kind is PathKind.EXACT:
        return {"path": one.path, **told}
    if one.path_kind is PathKind.REGEX:
        return {"safe_regex": {"regex": one.path}, **told}
    # A prefix covers whole elements: /a covers /a and /a/b, not /ab.
    return {"safe_regex": {"regex": re.escape(one.path.rstrip("/")) + "(/.*)?"}, **told}


def _value(one: ValueMatch) -> Config:
    how = {"safe_regex": {"regex": one.value}} if one.regex else {"exact": one.value}
    return {"name": one.name, "string_match": how}


def _action(rule: RouteRule) -> Config:
    if len(rule.targets) == 1:
        return {"cluster": rule.targets[0].service}
    shares = [{"name": one.service, "weight": one.weight} for one in rule.targets]
    return {"weighted_clusters": {"clusters": shares}}
