"""Which configured rule a request falls under: what HTTPRoutes and Ingresses say, read as Cilium reads them.

Cilium makes one virtual host per name and sorts its routes: exact paths, then the longer pattern, then more headers,
then more query parameters (cilium/cilium, operator/pkg/model/translation). Versions differ in whether a regular
expression comes before a longer prefix: where that matters, no rule is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

import pyarrow as pa
import pyarrow.compute as pc

from captools.model.cluster import Cluster
from captools.model.requests import ClientLeg, Request
from captools.model.routes import PathKind, ProxyRoute, RouteMatch, RouteRule, RouteTarget, ValueMatch

_MOST_CHARACTERS = 2_048  # of a pattern or a text that is compared with one
_WILD = "*."


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The rule that a request falls under."""

    route: ProxyRoute
    match: RouteMatch
    rule: RouteRule

    def __str__(self) -> str:
        return f"{self.route.full_name}: {self.match}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetShare:
    """The part of a rule's requests that one Service is to get, and the addresses of its pods."""

    target: RouteTarget
    fraction: float
    backends: tuple[str, ...]


class Rules:
    """Answers for the routes of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._routes = [one for one in cluster.routes if not one.tls_passed]
        gateways = {one.full_name: one.addresses for one in cluster.gateways}
        self._addresses = {
            id(one): one.addresses or tuple(ip for name in one.gateways for ip in gateways.get(name, ()))
            for one in self._routes
        }
        self._services = {(one.namespace, one.name): one.backends for one in cluster.services}

    def routes(self, leg: ClientLeg | None, host: str) -> list[ProxyRoute]:
        """Return the routes for a host at the address that was called: those of the name that fits best."""
        name = _without_port(host)
        fits: list[tuple[int, ProxyRoute]] = []
        for one in self._routes:
            addresses = self._addresses[id(one)]
            if leg is not None and addresses and leg.dst not in addresses:
                continue
            ranks = [_host_rank(wanted, name, labels=one.kind == "Ingress") for wanted in one.hosts or ("*",)]
            if max(ranks) > 0:
                fits.append((max(ranks), one))
        best = max((rank for rank, _ in fits), default=0)
        return [one for rank, one in fits if rank == best]

    def knows(self, leg: ClientLeg | None) -> bool:
        """Tell whether any route is known for the address that was called."""
        return any(leg is None or leg.dst in addresses for addresses in self._addresses.values() if addresses)

    def chosen(self, request: Request) -> Chosen | None:
        """Return the one rule that a request falls under; None where none does, or where versions differ on it."""
        if not self._routes:
            return None
        fits = [
            Chosen(route=route, match=match, rule=rule)
            for route in self.routes(request.client_leg, request.host)
            for rule in route.rules
            for match in rule.matches
            if _fits(match, request)
        ]
        if not fits:
            return None
        by_length, regex_first = (min(fits, key=lambda one: _rank(one.match, order)) for order in (False, True))
        return by_length if by_length.rule == regex_first.rule else None

    def shares(self, rule: RouteRule) -> tuple[TargetShare, ...]:
        """Return what each Service of a rule is to get; ready backends only, of those Services that are known."""
        total = sum(one.weight for one in rule.targets)
        return tuple(
            TargetShare(
                target=one,
                fraction=one.weight / total if total else 0.0,
                backends=self._services.get((one.namespace, one.service), ()),
            )
            for one in rule.targets
        )

    def as_configured(self, chosen: Chosen, address: str) -> bool | None:
        """Tell whether a backend's address is one that the rule names; None where its Services are not known."""
        shares = [one for one in self.shares(chosen.rule) if one.fraction > 0]
        if any(address in one.backends for one in shares):
            return True
        return False if shares and all(one.backends for one in shares) else None


def _without_port(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()


def _host_rank(wanted: str, name: str, *, labels: bool) -> int:
    """Return how well a configured name fits, 0 where it does not; ``labels``: a wildcard stands for one label only."""
    if wanted == name:
        return 1_000
    if wanted in ("", "*"):
        return 1
    if not wanted.startswith(_WILD) or not name.endswith(wanted[1:]):
        return 0
    first = name[: -len(wanted) + 1]
    return 0 if not first or (labels and "." in first) else 1 + len(wanted)


def _fits(match: RouteMatch, request: Request) -> bool:
    path, _, query = request.path.partition("?")
    if match.method and match.method != request.method.upper():
        return False
    if not _path_fits(match, path):
        return False
    if match.query and not _values_fit(match.query, dict(reversed(parse_qsl(query, keep_blank_values=True)))):
        return False
    return not match.headers or _values_fit(match.headers, request.headers())


def _path_fits(match: RouteMatch, path: str) -> bool:
    if match.path_kind is PathKind.EXACT:
        return path == match.path
    if match.path_kind is PathKind.REGEX:
        return _whole(match.path, path)
    prefix = match.path.rstrip("/")
    return path == prefix or path.startswith(f"{prefix}/")


def _values_fit(wanted: tuple[ValueMatch, ...], found: Mapping[str, str]) -> bool:
    return all(_value_fits(one, found.get(one.name)) for one in wanted)


def _value_fits(one: ValueMatch, value: str | None) -> bool:
    if value is None:
        return False
    return _whole(one.value, value) if one.regex else value == one.value


@lru_cache(maxsize=4_096)
def _whole(pattern: str, text: str) -> bool:
    """Tell whether a pattern fits a whole text, as Envoy's RE2 does: in a time that grows with the text only."""
    if max(len(pattern), len(text)) > _MOST_CHARACTERS:
        return False
    try:
        return bool(pc.match_substring_regex(pa.array([text]), f"^(?:{pattern})$")[0].as_py())
    except (pa.ArrowInvalid, UnicodeError):
        return False  # no pattern that Envoy would take, or no text that it would let pass


def _rank(one: RouteMatch, regex_first: bool) -> tuple[bool, bool, int, bool, int, int]:
    regex = one.path_kind is PathKind.REGEX
    return (
        one.path_kind is not PathKind.EXACT, regex_first and not regex, -len(one.path), not one.method,
        -len(one.headers), -len(one.query),
    )  # fmt: skip


def asked_about(routes: list[ProxyRoute]) -> Iterator[tuple[str, str]]:
    """Yield what routes look at beside host and path: ("header", name), ("query", name)."""
    for route in routes:
        for match in (match for rule in route.rules for match in rule.matches):
            yield from (("header", one.name) for one in match.headers)
            yield from (("query", one.name) for one in match.query)
