"""What a cluster's proxies are told: Gateways and Ingresses, HTTPRoutes and TLSRoutes with their weights."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PathKind(StrEnum):
    """How a path is compared (Gateway API HTTPPathMatch, Ingress pathType)."""

    EXACT = "exact"
    PREFIX = "prefix"  # by whole elements: /a covers /a and /a/b, not /ab
    REGEX = "regex"  # the whole path; Cilium reads an Ingress's ImplementationSpecific so


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueMatch:
    """A header (name in lower case) or query parameter that a request must have."""

    name: str
    value: str
    regex: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMatch:
    """All of what a request must be; the empty string or tuple asks nothing."""

    path: str = "/"
    path_kind: PathKind = PathKind.PREFIX
    method: str = ""
    headers: tuple[ValueMatch, ...] = ()
    query: tuple[ValueMatch, ...] = ()

    def __str__(self) -> str:
        words = [f"{self.path_kind.value} {self.path}"]
        words += [f"method {self.method}"] if self.method else []
        words += [f"header {one.name}{'~' if one.regex else '='}{one.value}" for one in self.headers]
        words += [f"query {one.name}{'~' if one.regex else '='}{one.value}" for one in self.query]
        return ", ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTarget:
    """A Service that requests go to; its share is its weight among the rule's targets."""

    namespace: str
    service: str
    port: int | None = None
    weight: int = 1

    @property
    def full_name(self) -> str:
        """``namespace/service``."""
        return f"{self.namespace}/{self.service}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRule:
    """Requests that fit any of ``matches`` go to ``targets``; without matches (TLSRoute) all do."""

    matches: tuple[RouteMatch, ...] = ()
    targets: tuple[RouteTarget, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRoute:
    """An HTTPRoute, a TLSRoute, or what an Ingress says of one host.

    ``hosts`` may begin with ``*.``, none means any. ``gateways`` are its parents' full names; an Ingress has its own
    ``addresses`` instead. ``tls_passed``: TLS goes on unopened, by the name that the client asks for.
    """

    kind: str
    namespace: str
    name: str
    hosts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    rules: tuple[RouteRule, ...] = ()
    tls_passed: bool = False

    @property
    def full_name(self) -> str:
        """``HTTPRoute default/shop``."""
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One listener of a Gateway; ``tls`` is Terminate, Passthrough or the empty string."""

    name: str
    port: int
    protocol: str
    host: str = ""
    tls: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A Gateway with the addresses that it was given."""

    namespace: str
    name: str
    addresses: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] = ()

    @property
    def full_name(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"
