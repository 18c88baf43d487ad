"""One node out of what several files say of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from captools.inventory.ledger import Ledger
from captools.inventory.values import host_of
from captools.model.addresses import contains, network
from captools.model.cluster import IpcacheEntry, Link, Node, Route
from captools.model.identities import taken_at_the_end

REMOTE_NODE, HOST, WORLD, INGRESS = 6, 1, 2, 8  # reserved identities (FACTS: numericidentity.go)


def join(name: str, said: Iterable[tuple[str, Node]], ledger: Ledger) -> Node:
    """Return one node; ``said`` are (file, what it says) in the order the files were given."""
    node = Node(name=name)
    for file, part in said:
        links = _join_links(node.links, part.links, name, file, ledger)
        node = replace(
            node,
            internal_ip=ledger.settle(name, "InternalIP", part.internal_ip, file) or node.internal_ip,
            cilium_host=ledger.settle(name, "cilium_host address", part.cilium_host, file) or node.cilium_host,
            ingress=ledger.settle(name, "ingress address", part.ingress, file) or node.ingress,
            in_cluster=node.in_cluster or part.in_cluster,
            pod_cidrs=_union(node.pod_cidrs, part.pod_cidrs),
            links=links,
            **_tables(node, part, late=taken_at_the_end(file)),
            neighbours=_union(node.neighbours, part.neighbours),
            wireguard=node.wireguard or part.wireguard,
            datapath=node.datapath or part.datapath,
        )
    return node


def _tables(node: Node, part: Node, *, late: bool) -> dict[str, Any]:
    """Return the routing tables: those of the end stand apart where they differ from those of the start.

    Files of the start come first (read.py), so what is known here is theirs.
    """
    found: dict[str, Any] = {}
    for name, at_end in (("routes", "routes_at_end"), ("rules", "rules_at_end")):
        known, new = getattr(node, name), getattr(part, name)
        if not late or not known:
            found[name] = _union(known, new)
        elif new and set(new) != set(known):
            found[at_end] = new
    return found


def _union(known: tuple[object, ...], new: tuple[object, ...]) -> tuple:  # type: ignore[type-arg]
    return tuple(dict.fromkeys((*known, *new))) if known else new


def _join_links(
    known: tuple[Link, ...], new: tuple[Link, ...], node: str, file: str, ledger: Ledger
) -> tuple[Link, ...]:
    """``ip link`` and ``ip addr`` list the same interfaces; an index that changed its name stays two links."""
    links = {(link.index, link.name): link for link in known}
    by_index = {link.index: link.name for link in known}
    for link in new:
        old = links.get((link.index, link.name))
        other = by_index.get(link.index, link.name)
        if other != link.name:
            ledger.warn(f"{node}: interface {link.index} is {other} in one file but {link.name} in {file}")
        subject = f"{node}/{link.name}"
        mac = ledger.settle(subject, "MAC address", link.mac, file)
        if old is None:
            links[(link.index, link.name)] = link
            continue
        links[(link.index, link.name)] = replace(
            old,
            mac=old.mac or mac,
            mtu=old.mtu or link.mtu,
            kind=old.kind or link.kind,
            state=old.state or link.state,
            addresses=_union(old.addresses, link.addresses),
        )
    return tuple(links.values())


def with_own_routes(node: Node) -> Node:
    """Fill cilium_host's address and the pod CIDR from the node's own tables, where nothing else told them.

    Cilium routes the node's pod CIDR through cilium_host with cilium_host's own address as source; that source
    lies in the prefix. (In tunnel mode the other nodes' CIDRs use the same device, but do not hold it.)
    """
    own = [route for route in node.routes if route.dev == "cilium_host" and route.src and route.kind == "unicast"]
    if not own:
        return node
    cidrs = [route.prefix for route in own if _is_wide(route.prefix) and contains(route.prefix, route.src)]
    narrowest = max(cidrs, key=lambda prefix: network(prefix).prefixlen, default="")
    return replace(
        node,
        cilium_host=node.cilium_host or own[0].src,
        pod_cidrs=node.pod_cidrs or ((narrowest,) if narrowest else ()),
    )


def _is_wide(prefix: str) -> bool:
    return not host_of(prefix) and network(prefix).prefixlen > 0


def with_ipcache(node: Node, entries: Iterable[IpcacheEntry]) -> Node:
    """Fill pod CIDRs, cilium_host and ingress address from the ipcache, where nothing else told them."""
    entries = list(entries)
    if not node.pod_cidrs and node.internal_ip:
        behind = [one.prefix for one in entries if one.tunnel_endpoint == node.internal_ip and one.identity == WORLD]
        node = replace(node, pod_cidrs=tuple(prefix for prefix in dict.fromkeys(behind) if _is_wide(prefix)))
    for one in entries:
        host = host_of(one.prefix)
        mine = host and any(contains(cidr, host) for cidr in node.pod_cidrs)
        if mine and one.identity == INGRESS and not node.ingress:
            node = replace(node, ingress=host)
        if mine and one.identity in (REMOTE_NODE, HOST) and not node.cilium_host:
            node = replace(node, cilium_host=host)
    return node


def pod_device(route: Route) -> tuple[str, str] | None:
    """Return (pod address, lxc device) of an endpoint route; None for any other route."""
    host = host_of(route.prefix)
    return (host, route.dev) if host and route.dev.startswith("lxc") and not route.via else None
