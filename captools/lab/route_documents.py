"""Gateways, HTTPRoutes, TLSRoutes, Ingresses and the Services behind them, as kubectl prints them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from captools.lab.inventory import endpoint_slice, service
from captools.lab.topology import HTTP_PORT, LabPod
from captools.model.routes import Gateway, PathKind, ProxyRoute, RouteMatch, RouteRule, ValueMatch

Document = dict[str, Any]
_API = "gateway.networking.k8s.io/v1"
_PATHS = {PathKind.EXACT: "Exact", PathKind.PREFIX: "PathPrefix", PathKind.REGEX: "RegularExpression"}
_INGRESS_PATHS = {PathKind.EXACT: "Exact", PathKind.PREFIX: "Prefix", PathKind.REGEX: "ImplementationSpecific"}


def listed(items: Sequence[Document]) -> Document:
    """Return what ``kubectl get … -o json`` prints for several objects."""
    return {"apiVersion": "v1", "kind": "List", "items": list(items)}


def gateway(one: Gateway) -> Document:
    """Return a Gateway that Cilium serves."""
    return {
        "apiVersion": _API,
        "kind": "Gateway",
        "metadata": {"name": one.name, "namespace": one.namespace},
        "spec": {
            "gatewayClassName": "cilium",
            "listeners": [
                {
                    "name": each.name,
                    "port": each.port,
                    "protocol": each.protocol,
                    **({"hostname": each.host} if each.host else {}),
                    **({"tls": {"mode": each.tls}} if each.tls else {}),
                }
                for each in one.listeners
            ],
        },
        "status": {"addresses": [{"type": "IPAddress", "value": ip} for ip in one.addresses]},
    }


def route(one: ProxyRoute) -> Document:
    """Return an HTTPRoute or a TLSRoute."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1alpha2" if one.kind == "TLSRoute" else _API,
        "kind": one.kind,
        "metadata": {"name": one.name, "namespace": one.namespace},
        "spec": {
            "parentRefs": [{"name": name.partition("/")[2]} for name in one.gateways],
            "hostnames": list(one.hosts),
            "rules": [_rule(each) for each in one.rules],
        },
    }


def _rule(rule: RouteRule) -> Document:
    told: Document = {
        "backendRefs": [
            {"kind": "Service", "name": one.service, "port": one.port, "weight": one.weight} for one in rule.targets
        ]
    }
    if rule.matches:
        told["matches"] = [_match(one) for one in rule.matches]
    return told


def _match(one: RouteMatch) -> Document:
    told: Document = {"path": {"type": _PATHS[one.path_kind], "value": one.path}}
    if one.headers:
        told["headers"] = [_value(each) for each in one.headers]
    if one.query:
        told["queryParams"] = [_value(each) for each in one.query]
    return told


def _value(one: ValueMatch) -> Document:
    return {"type": "RegularExpression" if one.regex else "Exact", "name": one.name, "value": one.value}


def ingress(one: ProxyRoute) -> Document:
    """Return an Ingress with the rules of one host."""
    paths = [
        {
            "path": match.path,
            "pathType": _INGRESS_PATHS[match.path_kind],
            "backend": {"service": {"name": rule.targets[0].service, "port": {"number": rule.targets[0].port}}},
        }
        for rule in one.rules
        for match in rule.matches
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": one.name, "namespace": one.namespace},
        "spec": {
            "ingressClassName": "cilium",
            "rules": [{"host": host, "http": {"paths": paths}} for host in one.hosts],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": ip} for ip in one.addresses]}},
    }


def services(
    balancers: Mapping[str, str], behind: Mapping[str, Sequence[LabPod]], *, port: int = HTTP_PORT
) -> tuple[Document, Document]:
    """Return the Services and EndpointSlices of a lab.

    ``balancers`` are load-balancer Services in front of the proxy by name, with their address, ``behind`` the ones
    behind it, with their pods; these listen on ``port``, and so do their pods.
    """
    before = [
        service("kube-system", name, "LoadBalancer", f"10.96.187.{20 + at}", vip)
        for at, (name, vip) in enumerate(balancers.items())
    ]
    after = [
        service("default", name, "ClusterIP", f"10.96.73.{11 + at}", "", port=port, target_port=port)
        for at, name in enumerate(behind)
    ]
    slices = [endpoint_slice(name, tuple(pods), port=port) for name, pods in behind.items()]
    return listed([*before, *after]), listed(slices)
