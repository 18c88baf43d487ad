"""What ``kubectl get gateways,httproutes,tlsroutes,ingresses -o json`` says: who is told to send what where.

Gateway API: gateway.networking.k8s.io/v1 types; Ingress: networking.k8s.io/v1. Absent values are the API's defaults.
"""

from __future__ import annotations

from typing import Any

from captools.inventory.facts import Facts
from captools.inventory.values import address, at, clean, list_at, number, text_at, texts_at
from captools.model.routes import (
    Gateway,
    Listener,
    PathKind,
    ProxyRoute,
    RouteMatch,
    RouteRule,
    RouteTarget,
    ValueMatch,
)

_PATHS = {
    "Exact": PathKind.EXACT, "PathPrefix": PathKind.PREFIX, "Prefix": PathKind.PREFIX,
    "RegularExpression": PathKind.REGEX, "ImplementationSpecific": PathKind.REGEX,
}  # fmt: skip
_PASSED = ("ingress.cilium.io/tls-passthrough", "enabled")


def read_gateway(item: dict[str, Any], facts: Facts) -> None:
    """Read one Gateway; its addresses are those of its status, which is what it was given."""
    namespace, name = _name(item)
    if not name:
        return
    facts.gateways.append(
        Gateway(
            namespace=namespace,
            name=name,
            addresses=_addresses(list_at(item, "status", "addresses"), "value"),
            listeners=tuple(
                Listener(
                    name=text_at(one, "name"),
                    port=port,
                    protocol=text_at(one, "protocol"),
                    host=text_at(one, "hostname").lower(),
                    tls=(text_at(one, "tls", "mode") or "Terminate") if at(one, "tls") else "",
                )
                for one in list_at(item, "spec", "listeners")
                if (port := number(at(one, "port"))) is not None
            ),
        )
    )


def read_http_route(item: dict[str, Any], facts: Facts) -> None:
    """Read one HTTPRoute."""
    _route(item, facts, "HTTPRoute")


def read_tls_route(item: dict[str, Any], facts: Facts) -> None:
    """Read one TLSRoute: its hosts are names that clients ask for by SNI."""
    _route(item, facts, "TLSRoute")


def _route(item: dict[str, Any], facts: Facts, kind: str) -> None:
    namespace, name = _name(item)
    if not name:
        return
    passed = kind == "TLSRoute"
    facts.routes.append(
        ProxyRoute(
            kind=kind,
            namespace=namespace,
            name=name,
            hosts=tuple(host.lower() for host in texts_at(item, "spec", "hostnames")),
            gateways=tuple(
                f"{text_at(one, 'namespace') or namespace}/{text_at(one, 'name')}"
                for one in list_at(item, "spec", "parentRefs")
                if text_at(one, "name") and text_at(one, "kind") in ("", "Gateway")
            ),
            rules=tuple(_rule(one, namespace, any_path=not passed) for one in list_at(item, "spec", "rules")),
            tls_passed=passed,
        )
    )


def _rule(rule: object, namespace: str, *, any_path: bool) -> RouteRule:
    matches = tuple(_match(one) for one in list_at(rule, "matches"))
    if not matches and any_path:
        matches = (RouteMatch(),)  # the API's default: the prefix "/"
    targets = []
    for one in list_at(rule, "backendRefs"):
        weight = number(at(one, "weight"))
        if text_at(one, "name") and text_at(one, "kind") in ("", "Service"):
            targets.append(
                RouteTarget(
                    namespace=text_at(one, "namespace") or namespace,
                    service=text_at(one, "name"),
                    port=number(at(one, "port")),
                    weight=1 if weight is None else weight,
                )
            )
    return RouteRule(matches=matches, targets=tuple(targets))


def _match(one: object) -> RouteMatch:
    return RouteMatch(
        path=text_at(one, "path", "value") or "/",
        path_kind=_PATHS.get(text_at(one, "path", "type"), PathKind.PREFIX),
        method=text_at(one, "method").upper(),
        headers=_values(one, "headers"),
        query=_values(one, "queryParams"),
    )


def _values(one: object, key: str) -> tuple[ValueMatch, ...]:
    found = []
    for each in list_at(one, key):
        name = text_at(each, "name")
        regex = text_at(each, "type") == "RegularExpression"
        found.append(
            ValueMatch(name=name.lower() if key == "headers" else name, value=text_at(each, "value"), regex=regex)
        )
    return tuple(found)


def read_ingress(item: dict[str, Any], facts: Facts) -> None:
    """Read one Ingress: one route per host that it names, since its paths belong to their host."""
    namespace, name = _name(item)
    if not name:
        return
    addresses = _addresses(list_at(item, "status", "loadBalancer", "ingress"), "ip")
    passed = text_at(item, "metadata", "annotations", _PASSED[0]).lower() in (_PASSED[1], "true")
    rules: dict[str, list[RouteRule]] = {}
    for one in list_at(item, "spec", "rules"):
        rules.setdefault(text_at(one, "host").lower(), []).extend(
            RouteRule(matches=(_path(each),), targets=_backend(at(each, "backend"), namespace))
            for each in list_at(one, "http", "paths")
        )
    default = _backend(at(item, "spec", "defaultBackend"), namespace)
    if default:
        rules.setdefault("", []).append(RouteRule(matches=(RouteMatch(),), targets=default))
    for host, some in rules.items():
        facts.routes.append(
            ProxyRoute(
                kind="Ingress",
                namespace=namespace,
                name=name,
                hosts=(host,) if host else (),
                addresses=addresses,
                rules=tuple(some),
                tls_passed=passed,
            )  # fmt: skip
        )


def _path(one: object) -> RouteMatch:
    path = text_at(one, "path")
    kind = _PATHS.get(text_at(one, "pathType"), PathKind.REGEX)
    return RouteMatch(path=path or "/", path_kind=kind if path else PathKind.PREFIX)


def _backend(one: object, namespace: str) -> tuple[RouteTarget, ...]:
    service = text_at(one, "service", "name")
    port = number(at(one, "service", "port", "number"))
    return (RouteTarget(namespace=namespace, service=service, port=port),) if service else ()


def _name(item: object) -> tuple[str, str]:
    return text_at(item, "metadata", "namespace"), text_at(item, "metadata", "name")


def _addresses(values: list[Any], key: str) -> tuple[str, ...]:
    return tuple(ip for one in values if (ip := address(clean(at(one, key)))))
