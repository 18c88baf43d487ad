"""WireGuard between the nodes: keys, peers, and wireguard-go as cilium_wg0 (the kernel here has none of its own)."""

from __future__ import annotations

from captools.lab.netns import Machine, finish
from captools.lab.topology import NODES, WIREGUARD_PORT, LabNode

INTERFACE = "cilium_wg0"
CONTROL_SOCKET = f"/run/wireguard/{INTERFACE}.sock"


def new_key() -> tuple[str, str]:
    """Return a new private key and its public key."""
    private = finish(["wg", "genkey"], "wg genkey").strip()
    return private, finish(["wg", "pubkey"], "wg pubkey", text=private + "\n").strip()


def make_keys() -> dict[str, tuple[str, str]]:
    """Return (private key, public key) of every node."""
    return {node.name: new_key() for node in NODES}


def peers(here: LabNode, keys: dict[str, tuple[str, str]]) -> str:
    """Return one node's configuration for ``wg setconf``.

    As in Cilium a peer's allowed addresses are its node address and its pods. They stay complete in the leak
    mode too: the leak is in what a node steers into the tunnel, not in what it accepts from it.
    """
    text = f"[Interface]\nPrivateKey = {keys[here.name][0]}\nListenPort = {WIREGUARD_PORT}\n"
    for other in NODES:
        if other is not here:
            text += (
                f"[Peer]\nPublicKey = {keys[other.name][1]}\nEndpoint = {other.address}:{WIREGUARD_PORT}\n"
                f"AllowedIPs = {other.address}/32, {other.pod_cidr}\n"
            )
    return text


def configure(machine: Machine, text: str) -> None:
    """Give a node's configuration to its wireguard-go; the private key never touches a file."""
    machine.run(["wg", "setconf", INTERFACE, "/dev/stdin"], text=text)
