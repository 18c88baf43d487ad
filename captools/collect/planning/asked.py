"""One request as a user names it (``http://VIP/path``), and what it leads to: addresses, services, backends. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from captools.collect.planning.pods import pods_behind, rows_of
from captools.model.cluster import AddressKind, Cluster, Service
from captools.model.errors import UsageError
from captools.model.routes import PathKind, ProxyRoute, RouteMatch, RouteRule

_PORTS = {"http": 80, "https": 443}
_MOST_CHARACTERS = 2_048  # of a pattern or a path that are compared
_BY_PROXY = (
    "a proxy answers for service {}, and no Ingress, Gateway or route of the inventory has its address "
    "(kubectl get ingresses,gateways,httproutes -A -o json tells them)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRequest:
    """A request to follow. ``host`` is an address or a name, ``name`` what the Host header (or SNI) will say.

    ``resolved``: what this machine's resolver says of a host that is a name.
    """

    text: str
    scheme: str
    host: str
    port: int
    path: str
    name: str = ""
    resolved: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The host where it is an address, in its one spelling; else the empty string."""
        try:
            return str(ip_address(self.host))
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """What a request leads to.

    backends: addresses that can answer it, all of its services'. ``unknown`` says why the backends are not all known;
    nothing may be left out of a capture then.
    """

    addresses: tuple[str, ...]
    services: tuple[Service, ...] = ()  # those that have the address
    targets: tuple[Service, ...] = ()  # those whose backends answer
    backends: tuple[str, ...] = ()
    proxied: bool = False
    unknown: str = ""
    notes: tuple[str, ...] = ()


def read_url(text: str, name: str = "") -> AskedRequest:
    """Read ``http://HOST[:PORT]/PATH`` (IPv6 in brackets); ``name`` is the Host header where it is another one."""
    hint = "write http://192.168.10.211/path, http://[fd00::211]:8080/ or https://shop.example/"
    if not text.isprintable() or " " in text:
        raise UsageError(f"--request {text!r}: not a URL", hint=hint)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"--request {text!r}: {error}", hint=hint) from error
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in _PORTS or not host or "%" in host or parts.username is not None or port == 0:
        raise UsageError(f"--request {text!r}: not an http or https URL with a host", hint=hint)
    asked = AskedRequest(
        text=text, scheme=parts.scheme, host=host, port=port or _PORTS[parts.scheme], path=parts.path or "/"
    )
    return replace(asked, name=name.lower().rstrip(".") or ("" if asked.address else host))


def known_addresses(asked: AskedRequest, cluster: Cluster) -> tuple[str, ...]:
    """Return the addresses of the request's host by the inventory alone: its own, a service's, or its routes'."""
    if asked.address:
        return (asked.address,)
    words = asked.host.split(".")
    for one in cluster.services:
        # "web", "web.shop", "web.shop.svc" and the same with the cluster's domain behind it (Kubernetes DNS).
        if words[0] == one.name and words[1:2] in ([one.namespace], []) and words[2:3] in (["svc"], []):
            return one.cluster_ips or one.addresses
    gateways = {one.full_name: one.addresses for one in cluster.gateways}
    routes = [one for one in cluster.routes if one.hosts and host_fits(one, asked.host)]
    found = [ip for one in routes for ip in one.addresses]
    found += [ip for one in routes for name in one.gateways for ip in gateways.get(name, ())]
    return tuple(dict.fromkeys(found))


def destination_of(asked: AskedRequest, cluster: Cluster) -> Destination:
    """Return what the request leads to, as far as the inventory tells. UsageError where its host has no address."""
    addresses = known_addresses(asked, cluster) or asked.resolved
    if not addresses:
        raise UsageError(
            f"--request {asked.text}: neither the inventory nor this machine's resolver knows {asked.host}",
            hint=f"write the address: --request {asked.scheme}://ADDRESS{asked.path} --host {asked.host}",
        )
    notes: list[str] = []
    if not asked.address:
        where = "the inventory" if addresses != asked.resolved else "this machine's resolver"
        notes.append(f"{asked.host} is {', '.join(addresses)} by {where}")
    services = _unique(one for ip in addresses for one in cluster.services_at(ip, asked.port))
    if not services:
        services = _unique(one for ip in addresses for one in cluster.services_at(ip))
        notes += [f"service {one.full_name} has no port {asked.port}" for one in services]
    routes = routes_at(cluster, addresses)
    if routes:
        return _proxied(asked, cluster, addresses, services, routes, notes)
    if services:
        return _behind(cluster, addresses, services, services, notes, proxied=False)
    pods = [ip for ip in addresses if cluster.kind(ip) is AddressKind.POD]
    if pods:
        return Destination(addresses=addresses, backends=tuple(pods), notes=tuple(notes))
    listed = ", ".join(addresses)
    return Destination(addresses=addresses, unknown=f"the inventory does not know what {listed} is", notes=tuple(notes))


def routes_at(cluster: Cluster, addresses: tuple[str, ...]) -> tuple[ProxyRoute, ...]:
    """Return what proxies are told of requests to these addresses."""
    gateways = {one.full_name: one.addresses for one in cluster.gateways}
    return tuple(
        one
        for one in cluster.routes
        if set(addresses) & {*one.addresses, *(ip for name in one.gateways for ip in gateways.get(name, ()))}
    )


def _proxied(
    asked: AskedRequest,
    cluster: Cluster,
    addresses: tuple[str, ...],
    services: tuple[Service, ...],
    routes: tuple[ProxyRoute, ...],
    notes: list[str],
) -> Destination:
    """A proxy reads the request: its routes decide which services can get it."""
    fits = [one for one in routes if not asked.name or host_fits(one, asked.name)]
    if asked.name and not fits:
        notes.append(f"no route there is for the name {asked.name}: all routes of the address are taken")
        fits = list(routes)
    if not asked.name and any(one.hosts for one in fits):
        notes.append("the Host header is not known: all routes of the address are taken (--host NAME narrows them)")
    rules = [rule for one in fits for rule in (one.rules if one.tls_passed else _rules_for(one, asked.path))]
    notes.append(f"backends by {', '.join(one.full_name for one in fits[:8])}" + (" …" if len(fits) > 8 else ""))
    names = list(dict.fromkeys(target.full_name for rule in rules for target in rule.targets))
    known = {one.full_name: one for one in cluster.services}
    missing = [name for name in names if name not in known]
    targets = tuple(known[name] for name in names if name in known)
    found = _behind(cluster, addresses, services, targets, notes, proxied=True)
    if missing or not names:
        why = f"service {missing[0]} is not in the inventory" if missing else f"no route there is for {asked.path}"
        return Destination(
            addresses=addresses, services=services, targets=targets, backends=found.backends, proxied=True,
            unknown=found.unknown or why, notes=found.notes,
        )  # fmt: skip
    return found


def _behind(
    cluster: Cluster,
    addresses: tuple[str, ...],
    services: tuple[Service, ...],
    targets: tuple[Service, ...],
    notes: list[str],
    *,
    proxied: bool,
) -> Destination:
    """Return the destination with the addresses of all backends of its services."""
    backends: list[str] = []
    unknown = ""
    for one in targets:
        addresses_behind = list(one.backends)
        if not addresses_behind:
            try:
                names = pods_behind(cluster, one)
            except UsageError as error:
                unknown = unknown or (error.message if one.selector else _BY_PROXY.format(one.full_name))
            else:
                addresses_behind = [pod.ip for name in names for pod in rows_of(cluster, name)]
        backends += addresses_behind
    return Destination(
        addresses=addresses,
        services=services,
        targets=targets,
        backends=tuple(dict.fromkeys(backends)),
        proxied=proxied,
        unknown=unknown,
        notes=tuple(notes),
    )


def host_fits(route: ProxyRoute, name: str) -> bool:
    """Tell whether a route is for this name; one without names is for any."""
    return not route.hosts or any(
        wanted in ("*", name) or (wanted.startswith("*.") and name.endswith(wanted[1:])) for wanted in route.hosts
    )


def _rules_for(route: ProxyRoute, path: str) -> list[RouteRule]:
    """Return the rules that a request for ``path`` can fall under, whatever its method, headers and query are.

    The first rule in the proxy's order (exact paths, then the longest prefix) that asks nothing but its path takes
    everything that comes so far; those behind it are out of reach.
    """
    fits = [(match, rule) for rule in route.rules for match in rule.matches or (RouteMatch(),)]
    fits = [(match, rule) for match, rule in fits if _path_fits(match, path)]
    ranks = [_rank(match) for match, _ in fits if not (match.method or match.headers or match.query)]
    best = max((rank for rank in ranks if rank[0] >= 0), default=(-1, 0))
    chosen = [rule for match, rule in fits if match.path_kind is PathKind.REGEX or _rank(match) >= best]
    return [rule for at, rule in enumerate(chosen) if rule not in chosen[:at]]


def _rank(match: RouteMatch) -> tuple[int, int]:
    kinds = {PathKind.EXACT: 1, PathKind.PREFIX: 0, PathKind.REGEX: -1}
    return kinds[match.path_kind], len(match.path)


def _path_fits(match: RouteMatch, path: str) -> bool:
    if match.path_kind is PathKind.EXACT:
        return path == match.path
    if match.path_kind is PathKind.REGEX:
        return _regex_fits(match.path, path)
    prefix = match.path.rstrip("/")
    return path == prefix or path.startswith(f"{prefix}/")


def _regex_fits(pattern: str, path: str) -> bool:
    """Tell whether a pattern fits the whole path, as Envoy's RE2 reads it; one that cannot be read may fit."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if max(len(pattern), len(path)) > _MOST_CHARACTERS:
        return True
    try:
        return bool(pc.match_substring_regex(pa.array([path]), f"^(?:{pattern})$")[0].as_py())
    except (pa.ArrowInvalid, UnicodeError):
        return True


def _unique(services: Iterable[Service]) -> tuple[Service, ...]:
    return tuple({one.full_name: one for one in services}.values())
