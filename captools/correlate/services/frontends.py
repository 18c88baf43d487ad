"""Service addresses as packets show them: who stands behind each, who called, and which node translated."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from captools.model.cluster import Cluster
from captools.model.paths import Path
from captools.model.services import Backing, Frontend, Masquerade, Rewriting

Key = tuple[str, int | None, int]  # address, port, protocol


def frontends(found: Iterable[Rewriting], paths: Sequence[Path], cluster: Cluster) -> tuple[Frontend, ...]:
    """Return the service addresses whose translation was seen, by address and port."""
    groups: dict[Key, list[Rewriting]] = defaultdict(list)
    for one in found:
        if (one.flow.dst, one.flow.dport) != (one.dst, one.dport):
            groups[one.flow.dst, one.flow.dport, one.flow.proto].append(one)
    unseen = _unseen(groups, paths)
    order = sorted(groups, key=lambda key: (key[0], key[1] or 0, key[2]))
    return tuple(_frontend(key, groups[key], unseen[key], cluster) for key in order)


def _frontend(key: Key, connections: list[Rewriting], unseen: int, cluster: Cluster) -> Frontend:
    address, port, proto = key
    behind: dict[tuple[str, int | None], list[Rewriting]] = defaultdict(list)
    for one in connections:
        behind[one.dst, one.dport].append(one)
    service = cluster.service_at(address, port)
    return Frontend(
        address=address,
        port=port,
        proto=proto,
        service=service.full_name if service else "",
        nodes=tuple(sorted({one.node for one in connections if one.node})),
        backings=tuple(_backing(end, members, cluster) for end, members in sorted(behind.items(), key=_by_end)),
        clients=callers(one.flow.src for one in connections),
        unseen=unseen,
    )


def _by_end(item: tuple[tuple[str, int | None], list[Rewriting]]) -> tuple[str, int]:
    (address, port), _ = item
    return address, port or 0


def _backing(end: tuple[str, int | None], connections: list[Rewriting], cluster: Cluster) -> Backing:
    pod, node = cluster.pod_of(end[0]), cluster.node_of_pod_address(end[0])
    return Backing(
        ip=end[0],
        port=end[1],
        pod=pod.full_name if pod else "",
        node=pod.node if pod and pod.node else node.name if node else "",
        connections=tuple(sorted(connections, key=lambda one: one.ts_ns)),
    )


def callers(addresses: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Return each address with how often it is there, most first."""
    return tuple(sorted(Counter(addresses).items(), key=lambda item: (-item[1], item[0])))


def _unseen(groups: dict[Key, list[Rewriting]], paths: Sequence[Path]) -> Counter[Key]:
    """Count per service address the connections that were seen on the client's side only."""
    known = {one.flow for members in groups.values() for one in members}
    return Counter(
        key
        for path in paths
        if (key := (path.flow.dst, path.flow.dport, path.flow.proto)) in groups and path.flow not in known
    )


def masquerades(found: Iterable[Rewriting]) -> tuple[Masquerade, ...]:
    """Return the sources that were rewritten where the destination was not, by node and new address."""
    groups: dict[tuple[str, str], list[Rewriting]] = defaultdict(list)
    for one in found:
        if (one.flow.dst, one.flow.dport) == (one.dst, one.dport) and one.src != one.flow.src:
            groups[one.node, one.src].append(one)
    return tuple(
        Masquerade(
            node=node, address=address, connections=tuple(sorted(groups[node, address], key=lambda one: one.ts_ns))
        )
        for node, address in sorted(groups)
    )
