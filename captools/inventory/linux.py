"""What a node's own tools say: ``ip -d -j link``, ``ip -j addr|rule|route|neigh`` and text ``ip route``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from captools.inventory.facts import Facts
from captools.inventory.values import (
    NotAsClaimed,
    Pairs,
    address,
    at,
    clean,
    host_of,
    list_at,
    number,
    parse_json,
    parse_json_pairs,
    prefix,
    text_at,
)
from captools.model.cluster import Link, Neighbour, Node, Route, Rule

ROUTE_KINDS = (
    "unicast", "local", "broadcast", "multicast", "throw", "unreachable", "prohibit", "blackhole", "nat", "anycast",
)  # fmt: skip


def _objects(text: str) -> list[dict[str, Any]]:
    """Return the objects of the JSON array that every ``ip -j`` prints (it prints ``{}`` for nothing at times)."""
    found = parse_json(text)
    if not isinstance(found, list):
        raise NotAsClaimed("no JSON array, which is what ip -j prints")
    return [one for one in found if isinstance(one, dict) and one]


def read_links(text: str, node: str) -> Facts:
    """Read ``ip -d -j link`` or ``ip -j addr``: the second also carries addresses, the first the link's kind."""
    links = []
    for one in _objects(text):
        index, name = number(one.get("ifindex")), text_at(one, "ifname")
        if index is None or not name:
            continue
        kind = text_at(one, "linkinfo", "info_kind") or ("loopback" if one.get("link_type") == "loopback" else "")
        links.append(
            Link(
                index=index,
                name=name,
                mac=text_at(one, "address").lower() if one.get("link_type") == "ether" else "",
                mtu=number(one.get("mtu")) or 0,
                kind=kind,
                state=text_at(one, "operstate"),
                addresses=tuple(found for info in list_at(one, "addr_info") if (found := address(at(info, "local")))),
            )
        )
    return Facts(nodes=[Node(name=node, links=tuple(links), cilium_host=_cilium_host(links))])


def _cilium_host(links: list[Link]) -> str:
    """Return the address of the device cilium_host, IPv4 first, never a link-local one."""
    found = [one for link in links if link.name == "cilium_host" for one in link.addresses]
    usable = [one for one in found if not one.startswith(("fe80:", "169.254."))]
    return next((one for one in usable if ":" not in one), usable[0] if usable else "")


_SELECTORS = (
    "ipproto",
    "sport",
    "dport",
    "tos",
    "dsfield",
    "l3mdev",
    "uid_start",
    "sport_start",
    "dport_start",
    "tun_id",
)


def read_rules(text: str, node: str) -> Facts:
    """Read ``ip -j rule``; the IPv4 and the IPv6 list may stand in one array."""
    rules: list[Rule] = []
    for one in _objects(text):
        priority = number(one.get("priority"))
        if priority is None:
            continue
        mark, mask = clean(one.get("fwmark")), clean(one.get("fwmask"))
        rules.append(
            Rule(
                priority=priority,
                table=clean(str(one.get("table", ""))),
                source=_selector(one, "src", "srclen"),
                destination=_selector(one, "dst", "dstlen"),
                inverted="not" in one,
                fwmark=f"{mark}/{mask}" if mark and mask else mark,
                iif=text_at(one, "iif"),
                oif=text_at(one, "oif"),
                other=" ".join(f"{key} {clean(str(one[key]))}" for key in _SELECTORS if key in one),
                action=text_at(one, "action") if text_at(one, "action") not in ("to_tbl", "lookup") else "",
                suppress_prefixlen=number(one.get("suppress_prefixlen")),
            )
        )
    return Facts(nodes=[Node(name=node, rules=tuple(dict.fromkeys(rules)))])


def _selector(rule: dict[str, Any], key: str, length: str) -> str:
    """Return the prefix of a rule's selector; ``all`` where it has none. iproute2 prints no length for a host."""
    text = text_at(rule, key)
    if text in ("", "all", "any"):
        return "all"
    bits = number(rule.get(length))
    return prefix(text if bits is None else f"{text}/{bits}") or "none"


def read_neighbours(text: str, node: str) -> Facts:
    """Read ``ip -j neigh``; an entry without a hardware address (FAILED, INCOMPLETE) keeps its state."""
    neighbours = []
    for one in _objects(text):
        ip = address(one.get("dst"))
        if ip:
            state = one.get("state")
            words = state if isinstance(state, list) else [state]
            neighbours.append(
                Neighbour(
                    address=ip,
                    mac=text_at(one, "lladdr").lower(),
                    dev=text_at(one, "dev"),
                    state=",".join(filter(None, map(clean, words))),
                )
            )
    return Facts(nodes=[Node(name=node, neighbours=tuple(neighbours))])


def read_routes_json(text: str, node: str) -> Facts:
    """Read ``ip -j route show table all``; several lists (IPv4, IPv6) may stand in one array.

    One Route per next hop. An encapsulated route has ``dst`` twice: the prefix, then the tunnel's peer.
    """
    document = parse_json_pairs(text)
    if not isinstance(document, list):
        raise NotAsClaimed("no JSON array, which is what ip -j prints")
    objects = [one for one in document if isinstance(one, list) and all(isinstance(pair, tuple) for pair in one)]
    v6 = any(":" in clean(value) for one in objects for key, value in one if key == "dst")
    found: list[Route] = []
    for one in objects:
        # "default" names no family. IPv6 routes always carry "pref", IPv4 ones never do.
        family6 = v6 and (any(key == "pref" for key, _ in one) or _has_v6(one))
        found.extend(_routes_of(one, family6))
    return Facts(nodes=[Node(name=node, routes=tuple(dict.fromkeys(found)))])


def _has_v6(pairs: Pairs) -> bool:
    return any(key in ("gateway", "prefsrc", "src") and ":" in clean(value) for key, value in pairs)


def _routes_of(pairs: Pairs, family6: bool) -> Iterator[Route]:
    first, peer = _split_encap(pairs)
    target = clean(first.get("dst"))
    where = ("::/0" if family6 else "0.0.0.0/0") if target == "default" else prefix(target)
    if not where:
        return
    hops = first.get("nexthops")
    each = [_split_encap(hop) for hop in hops if isinstance(hop, list)] if isinstance(hops, list) else []
    for hop, hop_peer in each or [(first, peer)]:
        flags = hop.get("flags")
        yield Route(
            prefix=where,
            via=address(hop.get("gateway")) or address(_via_other_family(hop.get("via"))),
            dev=clean(hop.get("dev")),
            src=address(first.get("prefsrc")),
            table=clean(str(first.get("table", "main"))) or "main",
            metric=number(first.get("metric")) or 0,
            kind=clean(first.get("type")) or "unicast",
            encap_id=number(hop_peer.get("id")),
            encap_dst=address(hop_peer.get("dst")),
            dead=isinstance(flags, list) and "dead" in flags,
        )


def _via_other_family(value: object) -> object:
    """Return the host of ``via``: an IPv4 route may go through an IPv6 neighbour."""
    return dict(value).get("host") if isinstance(value, list) and all(isinstance(v, tuple) for v in value) else None


def _split_encap(pairs: Pairs) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the route's own keys and those of its ``encap ip`` block: a key's second occurrence is the block's."""
    own: dict[str, Any] = {}
    block: dict[str, Any] = {}
    inside = False
    for pair in pairs:
        if not isinstance(pair, tuple):
            continue
        key, value = pair
        inside = inside or key == "encap"
        if inside and key in ("id", "src", "dst", "ttl", "hoplimit", "tos"):
            block.setdefault(key, value)
        else:
            own.setdefault(key, value)
    return own, block


def read_routes_text(text: str, node: str) -> Facts:
    """Read plain ``ip route``, with or without ``show table all``; several hops stand on indented lines below."""
    found: list[Route] = []
    pending: list[str] = []
    skipped = 0
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "nexthop" and pending:
            found.extend(_text_route(pending, words[1:]))
        elif _target(words)[1]:
            pending = words
            # A line with neither is the head of a route whose hops stand below it.
            if "via" in words or "dev" in words or words[0] in ROUTE_KINDS:
                found.extend(_text_route(words, words))
        else:
            skipped += 1
    warnings = [f"{skipped} lines are no route and were left out"] if skipped else []
    if not found:
        raise NotAsClaimed("no line could be read as a route")
    return Facts(nodes=[Node(name=node, routes=tuple(dict.fromkeys(found)))], warnings=warnings)


def _target(words: list[str]) -> tuple[str, str]:
    """Return kind and target of a route line; the target is "" where the line is no route."""
    kind, rest = (words[0], words[1:]) if words[0] in ROUTE_KINDS else ("unicast", words)
    target = rest[0] if rest else ""
    return kind, target if target == "default" or prefix(target) else ""


def _text_route(words: list[str], hop: list[str]) -> Iterator[Route]:
    """Yield the route of one line; ``hop`` are the words of its (or one of its) next hops."""
    kind, target = _target(words)
    if not target:
        return
    via = _after(hop, "via")
    via = _after(hop, via) if via in ("inet", "inet6") else via
    sources = address(_after(_without_encap(words), "src"))
    family6 = ":" in via or ":" in sources or "pref" in words
    block = _encap(hop)
    yield Route(
        prefix=("::/0" if family6 else "0.0.0.0/0") if target == "default" else prefix(target),
        via=address(via),
        dev=clean(_after(hop, "dev")),
        src=sources,
        table=clean(_after(words, "table")) or "main",
        metric=number(_after(words, "metric")) or 0,
        kind=kind,
        encap_id=number(_after(block, "id")),
        encap_dst=host_of(_after(block, "dst")),
        dead="dead" in hop,
    )


def _encap(words: list[str]) -> list[str]:
    """Return the words of ``encap ip …``: they end where ``via`` or ``dev`` goes on with the route."""
    if "encap" not in words:
        return []
    rest = words[words.index("encap") + 1 :]
    ends = [rest.index(word) for word in ("via", "dev") if word in rest]
    return rest[: min(ends)] if ends else rest


def _without_encap(words: list[str]) -> list[str]:
    if "encap" not in words:
        return words
    start = words.index("encap")
    return words[:start] + words[start + 1 + len(_encap(words)) :]


def _after(words: list[str], key: str) -> str:
    """Return the word that follows ``key``; "" where there is none."""
    return words[words.index(key) + 1] if key in words[:-1] else ""
