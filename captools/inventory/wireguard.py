"""``wg show``: a node's WireGuard interface and its peers. A private key, should one be printed, is never read."""

from __future__ import annotations

from captools.inventory.facts import Facts
from captools.inventory.values import NotAsClaimed, clean, number, prefix
from captools.model.cluster import Node, WireGuard, WireGuardPeer

CILIUM_DEVICE = "cilium_wg0"


def read_wg_show(text: str, node: str) -> Facts:
    """Read ``wg show``; of several interfaces Cilium's own counts, else the first."""
    blocks = _blocks(text)
    devices = [_device(block) for block in blocks]
    if not devices:
        raise NotAsClaimed("no line 'interface: NAME', which is how wg show begins")
    chosen = next((device for device in devices if device.interface == CILIUM_DEVICE), devices[0])
    return Facts(nodes=[Node(name=node, wireguard=chosen)])


def _blocks(text: str) -> list[list[tuple[str, str]]]:
    """Return one list of (key, value) per interface."""
    blocks: list[list[tuple[str, str]]] = []
    for line in text.splitlines():
        key, colon, value = line.strip().partition(": ")
        if not colon:
            continue
        if key == "interface":
            blocks.append([])
        if blocks:
            blocks[-1].append((key, clean(value)))
    return blocks


def _device(block: list[tuple[str, str]]) -> WireGuard:
    starts = [n for n, (key, _) in enumerate(block) if key == "peer"]
    own = dict(block[: starts[0]] if starts else block)
    ends = [*starts[1:], len(block)]
    peers = [block[start:end] for start, end in zip(starts, ends, strict=False)]  # no peers: no starts, one end
    return WireGuard(
        interface=own["interface"],
        public_key=own.get("public key", ""),
        listen_port=number(own.get("listening port")),
        peers=tuple(_peer(dict(peer)) for peer in peers),
    )


def _peer(values: dict[str, str]) -> WireGuardPeer:
    allowed = (prefix(part) for part in values.get("allowed ips", "").split(","))
    return WireGuardPeer(
        public_key=values["peer"],
        endpoint=values.get("endpoint", ""),
        allowed_ips=tuple(filter(None, allowed)),
        latest_handshake=values.get("latest handshake", ""),
    )
