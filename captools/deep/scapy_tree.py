"""scapy's opinion on one packet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from captools.deep.scapy_fields import PROTOCOLS, icmpv6
from captools.deep.tree import FieldNode, layer_node
from captools.model.errors import UsageError

EN10MB, RAW, LINUX_SLL, IPV4, IPV6, LINUX_SLL2 = 1, 101, 113, 228, 229, 276
VXLAN_PORTS = (8472, 4789)
ICMP_ERROR_HEADER = 8
_CONTENT = ("Raw", "Padding", "NoPayload")


def tree_by_scapy(data: bytes, linktype: int, *, frame: int = 0, vxlan_ports: Sequence[int] = VXLAN_PORTS) -> FieldNode:
    """Return scapy's field tree of one captured frame.

    ``linktype`` is the capture file's (EN10MB, RAW, LINUX_SLL, LINUX_SLL2); UsageError for any other. What scapy
    cannot dissect ends as a node ``data``: nothing raises, however damaged the bytes are.
    """
    packet = _dissect(data, linktype, vxlan_ports)
    title = f"Frame {frame}" if frame else "Frame"
    layers = tuple(_layers(packet, 0)) if packet is not None else (_content(0, data),) if data else ()
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
    if not data:
        return None  # scapy would build a packet of its own
    try:
        return first(data)
    except Exception:
        # scapy catches a failing inner layer itself, but not a failing first one: too few bytes for its header.
        return None


def _layers(packet: Any, at: int) -> list[FieldNode]:
    """Return the layers from byte ``at`` on; what an ICMP message carries goes inside it, as in Wireshark."""
    found: list[FieldNode] = []
    current = packet
    while type(current).__name__ not in _CONTENT:
        name = type(current).__name__
        size = len(current.raw_packet_cache or b"")
        if name in ("ICMP", "ICMPerror") or (name.startswith("ICMPv6") and "cksum" in current.fields):
            # Errors have eight bytes before the quoted packet; scapy forgets theirs once it looked for extensions.
            return [*found, _node(current, at, tuple(_layers(current.payload, at + (size or ICMP_ERROR_HEADER))))]
        if name == "Wireguard":
            return [*found, _node(current, at)]
        extensions: list[FieldNode] = []
        header, start = current, at
        at, current = at + size, current.payload
        while type(current).__name__.startswith("IPv6ExtHdr"):
            extensions.append(_generic(current, at))
            at, current = at + len(current.raw_packet_cache or b""), current.payload
        found.append(_node(header, start, tuple(extensions)))
    load = bytes(getattr(current, "load", b""))
    return [*found, _content(at, load)] if load else found


def _node(layer: Any, at: int, inner: tuple[FieldNode, ...] = ()) -> FieldNode:
    """Return a layer with Wireshark's field names; with scapy's own where the protocol is not compared."""
    name = type(layer).__name__
    protocol, parts = PROTOCOLS.get(name, ("", None))
    if parts is None and name.startswith("ICMPv6") and "cksum" in layer.fields:
        protocol, parts = "icmpv6", icmpv6
    if parts is None:
        return _generic(layer, at)
    fields = [
        FieldNode(
            name=part.name, label=f"{part.name}: {part.value}", value=part.value, offset=at + part.at, length=part.size
        )
        for part in parts(layer)
    ]
    return layer_node(protocol, fields, inner)


def _generic(layer: Any, at: int) -> FieldNode:
    name = type(layer).__name__.lower()
    children = tuple(
        FieldNode(name=f"{name}.{field}", label=f"{field}: {layer.sprintf(f'%{field}%')}", value=repr(value))
        for field, value in layer.fields.items()
    )
    return FieldNode(
        name=name, label=str(layer.name), offset=at, length=len(layer.raw_packet_cache or b""), children=children
    )


def _content(at: int, data: bytes) -> FieldNode:
    return FieldNode(name="data", label=f"Data ({len(data)} bytes)", value=data.hex(), offset=at, length=len(data))
