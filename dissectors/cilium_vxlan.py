"""VXLAN as Cilium uses it: RFC 7348 with the sender's security identity in the VNI.

Ports: UDP 8472 (Linux and Cilium) and 4789 (IANA); any other one by ``bind(ports)``, Cilium's ``tunnel-port``.

Cilium writes the 24-bit identity of the SOURCE into the VNI (cilium/cilium bpf/lib/tunnel.h), so the two
directions of one connection carry two VNIs. tcpdump up to 4.99.5 takes port 8472 for OTV and prints the same
bytes as ``OTV, flags [I] (0x08), overlay 0, instance VNI``.

scapy's own VXLAN layer is not used: it also follows its next-protocol bit, which belongs to VXLAN-GPE on another
port, and reads the reserved bytes differently whenever that bit happens to be set.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scapy.fields import ByteField, FlagsField, ThreeBytesField, XShortField
from scapy.layers.inet import UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, bind_bottom_up, bind_top_down, split_bottom_up, split_layers

from captools.model.identities import RESERVED_IDENTITIES

PORTS = (8472, 4789)
CILIUM_PORT = 8472
HEADER_SIZE = 8

# Bits of the first two bytes, least significant first. Group policy (G, D, A): draft-smith-vxlan-group-policy.
_FLAGS = ["R0", "R1", "R2", "A", "R4", "R5", "D", "R7", "R8", "R9", "R10", "I", "R12", "R13", "R14", "G"]
_UNKNOWN = 0x7000  # no extension sets them: what has them is no VXLAN


class CiliumVXLAN(Packet):
    """The eight bytes of RFC 7348, section 5: flags and group policy id, VNI, one reserved byte."""

    name = "VXLAN (Cilium)"
    fields_desc = [
        FlagsField("flags", 0x0800, 16, _FLAGS),
        XShortField("gbp", 0),
        ThreeBytesField("vni", 0),
        ByteField("reserved", 0),
    ]

    @property
    def identity(self) -> int:
        """The security identity of the sender."""
        return int(self.vni)

    @property
    def identity_name(self) -> str:
        """The reserved identity's name; "" for an identity of the cluster, which only an inventory can name."""
        return RESERVED_IDENTITIES.get(self.identity, "")

    @property
    def group(self) -> int | None:
        """The group policy id of the sender (Linux calls it GBP); None without its flag, as in all of Cilium's."""
        return int(self.gbp) if self.flags.G else None

    @property
    def otv_overlay(self) -> int:
        """What tcpdump up to 4.99.5 calls the overlay: the three bytes after the first flags byte."""
        return (int(self.flags) & 0xFF) << 16 | int(self.gbp)

    @property
    def otv_instance(self) -> int:
        """What tcpdump up to 4.99.5 calls the instance: the VNI."""
        return int(self.vni)

    def guess_payload_class(self, payload: bytes) -> Any:
        """Ethernet follows; without the I flag, or with one that nobody defined, nothing is read further."""
        known = self.flags.I and not int(self.flags) & _UNKNOWN
        return Ether if known else self.default_payload_class(payload)

    def mysummary(self) -> str:
        """Return both names of the one number."""
        name = f" ({self.identity_name})" if self.identity_name else ""
        return f"VXLAN vni {self.vni} = source identity{name} (tcpdump: OTV, instance {self.otv_instance})"


def bind(ports: Iterable[int] = PORTS) -> None:
    """Read UDP datagrams to ``ports`` as Cilium's VXLAN, in place of scapy's VXLAN layer; may be repeated."""
    # Importing scapy's layer binds it to some of these ports, and the first binding wins.
    from scapy.layers.vxlan import VXLAN

    for port in ports:
        split_layers(UDP, VXLAN, dport=port)
        split_layers(UDP, VXLAN, sport=port)
        split_bottom_up(UDP, CiliumVXLAN, dport=port)
        bind_bottom_up(UDP, CiliumVXLAN, dport=port)
    bind_top_down(UDP, CiliumVXLAN, dport=CILIUM_PORT)
    bind_top_down(CiliumVXLAN, Ether)
