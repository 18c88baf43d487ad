"""Keys of WireGuard peers as the nodes themselves tell them (``wg show``): who expects which key of whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from captools.model.addresses import contains
from captools.model.cluster import Cluster, Node, WireGuardPeer

_SHOWN = 8  # characters of a key: enough to tell two apart, and wg show has the rest


@dataclass(frozen=True, slots=True)
class WrongKey:
    """``owner`` has one public key, and ``peer`` expects ``expected`` of it; the empty string: it knows none at all."""

    owner: str
    own: str
    peer: str
    expected: str


def wrong_keys(cluster: Cluster, pairs: Iterable[tuple[str, str]]) -> list[WrongKey]:
    """Return what does not fit among pairs of nodes, where both ends told their keys."""
    found = []
    for a, b in pairs:
        for owner, peer in ((cluster.node(a), cluster.node(b)), (cluster.node(b), cluster.node(a))):
            own = owner.wireguard.public_key if owner and owner.wireguard else ""
            if owner is None or peer is None or peer.wireguard is None or not own or not owner.internal_ip:
                continue
            expected = [one.public_key for one in peer.wireguard.peers if _stands_for(one, owner)]
            if own not in expected:
                found.append(WrongKey(owner.name, own, peer.name, expected[0] if expected else ""))
    return found


def _stands_for(peer: WireGuardPeer, node: Node) -> bool:
    """Tell whether a peer is meant to be ``node``: by where it is reached, or by the addresses that it may send from."""
    host = peer.endpoint.rpartition(":")[0].strip("[]")
    return host == node.internal_ip or any(contains(prefix, node.internal_ip) for prefix in peer.allowed_ips)


def short(key: str) -> str:
    """Return the beginning of a key, as a person compares two."""
    return f"{key[:_SHOWN]}…"
