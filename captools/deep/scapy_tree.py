"""scapy's opinion on one packet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from captools.deep.scapy_fields import PROTOCOLS, icmpv6
from captools.deep.tree import FieldNode, layer_node
from captools.model.errors import UsageError

EN10MB, RAW, LINUX_SLL, IPV4, IPV6, LINUX_SLL2 = 1, 101, 113, 228, 229, 276
VXLAN_PORTS = (8472, 4789)
_CONTENT = ("Raw", "Padding", "NoPayload")


def tree_by_scapy(data: bytes, linktype: int, *, frame: int = 0, vxlan_ports: Sequence[int] = VXLAN_PORTS) -> FieldNode:
    """Return scapy's field tree of one captured frame.

    ``linktype`` is the capture file's (EN10MB, RAW, LINUX_SLL, LINUX_SLL2); UsageError for any other. What scapy
    cannot dissect ends as a node ``data``: nothing raises, however damaged the bytes are.
    """
    packet = _dissect(data, linktype, vxlan_ports)
    title = f"Frame {frame}" if frame else "Frame"
    layers = tuple(_layers(packet, data)) if packet is not None else (_content(0, data),) if data else ()
    return FieldNode(name="frame", label=title, offset=0, length=len(data), children=layers)


def _dissect(data: bytes, linktype: int, vxlan_ports: Sequence[int]) -> Any:
    # Here because scapy takes most of a second to import.
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import CookedLinux, CookedLinuxV2, Ether

    import dissectors
    from dissectors import cilium_vxlan

    dissectors.bind_all()
    cilium_vxlan.bind(vxlan_ports)
    by_version = IPv6 if data[:1] and data[0] >> 4 == 6 else IP
    first = {
        EN10MB: Ether, LINUX_SLL: CookedLinux, LINUX_SLL2: CookedLinuxV2, RAW: by_version, IPV4: IP, IPV6: IPv6,
    }.get(linktype)  # fmt: skip
    if first is None:
        raise UsageError(
            f"scapy's view of link type {linktype} is not known here",
            hint="look at the frame with tshark instead, or capture on one interface",
        )
    try:
        return first(data)
    except Exception:
        # scapy catches a failing inner layer itself, but not a failing first one: too few bytes for its header.
        return None


def _layers(packet: Any, data: bytes) -> Iterator[FieldNode]:
    """Yield one node per layer; layers quoted in an ICMP error go inside it."""
    at, current = 0, packet
    while current is not None:
        name = type(current).__name__
        if name in _CONTENT:
            if name != "NoPayload" and bytes(current.load):
                yield _content(at, bytes(current.load))
            return
        size = len(current.raw_packet_cache or b"")
        if name == "Wireguard":
            size += len(current.payload.raw_packet_cache or b"")
            yield _node(current, at)
            return
        if name == "ICMP" or name.startswith("ICMPv6"):
            yield _node(current, at, tuple(_layers(current.payload, data[at + size :])), shift=at + size)
            return
        yield _node(current, at)
        at, current = at + size, current.payload
