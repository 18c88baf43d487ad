"""``cilium-dbg status --verbose``: how one node's agent forwards, as text."""

from __future__ import annotations

import re

from captools.inventory.facts import Facts
from captools.inventory.values import NotAsClaimed, clean
from captools.model.cluster import Node
from captools.model.datapath import Datapath

_LINE = re.compile(r"^\s*(?P<key>[A-Z][A-Za-z0-9 /-]*?):\s+(?P<value>\S.*)$", re.MULTILINE)
_KNOWN = ("Routing", "Host Routing", "Encryption", "KubeProxyReplacement")


def read_status(text: str, node: str) -> Facts:
    """Read the lines on routing, devices, acceleration, socket load balancing and encryption; others are passed over.

    Up to 1.11 the routing mode of the host stood on a line of its own (``Host Routing:  BPF``).
    """
    lines: dict[str, str] = {}
    for found in _LINE.finditer(text):
        lines.setdefault(found["key"], clean(found["value"]))
    if not any(key in lines for key in _KNOWN):
        raise NotAsClaimed("no line on routing, encryption or kube-proxy")
    network, _, host = lines.get("Routing", "").partition("Host:")
    host = (host or lines.get("Host Routing", "")).strip().lower()
    mode = re.search(r"Network:\s*(Tunnel|Native)(?:\s*\[(\w+)\])?", network, re.IGNORECASE)
    return Facts(
        nodes=[
            Node(
                name=node,
                in_cluster=True,
                datapath=Datapath(
                    routing=mode[1].lower() if mode else "",
                    tunnel=(mode[2] or "").lower() if mode else "",
                    host_routing={"bpf": "bpf", "legacy": "legacy"}.get(host.partition(" ")[0], ""),
                    device=_first_word(lines, "Device Mode").partition("-")[0],
                    xdp=_first_word(lines, "XDP Acceleration"),
                    socket_lb={"enabled": "on", "disabled": "off"}.get(_first_word(lines, "Socket LB"), ""),
                    encryption=_encryption(_first_word(lines, "Encryption")),
                ),
            )
        ]
    )


def _first_word(lines: dict[str, str], key: str) -> str:
    return lines.get(key, "").partition(" ")[0].strip(",").lower()


def _encryption(word: str) -> str:
    return {"wireguard": "wireguard", "ipsec": "ipsec", "disabled": "disabled"}.get(word, "")
