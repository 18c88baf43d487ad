"""Geneve as Cilium uses it: RFC 8926 with the sender's security identity in the VNI, and the DSR option.

Port: UDP 6081; any other one by ``bind(ports)``, Cilium's ``tunnel-port``.

The DSR option (class 0x014B, type 0x81) tells the backend which address and port the client called, so that the
answer can go straight back (V/bpf/lib/nodeport.h; Documentation/network/kubernetes/kubeproxy-free.rst).

scapy's own Geneve layer is not used: it builds some option lengths wrong and reads an option list past its end.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from scapy.fields import (
    BitField,
    BitFieldLenField,
    ByteField,
    PacketListField,
    StrLenField,
    ThreeBytesField,
    XByteField,
    XShortField,
)
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, bind_bottom_up, bind_top_down, split_layers

from captools.model.identities import RESERVED_IDENTITIES

PORTS = (6081,)
HEADER_SIZE = 8
DSR_CLASS, DSR_TYPE = 0x014B, 0x81
_INNER = {0x6558: Ether, 0x0800: IP, 0x86DD: IPv6, 0x0806: ARP}
_V4_BODY, _V6_BODY = 8, 20  # address, port, two bytes of padding


class GeneveOption(Packet):
    """One option: class, type (the top bit: critical), length in 4-byte words (RFC 8926, section 3.5)."""

    name = "Geneve option"
    fields_desc = [
        XShortField("option_class", 0),
        XByteField("type", 0),
        BitField("reserved", 0, 3),
        BitFieldLenField("length", None, 5, length_of="data", adjust=lambda _, size: size // 4),
        StrLenField("data", b"", length_from=lambda option: option.length * 4),
    ]

    @property
    def dsr(self) -> tuple[str, int] | None:
        """The (address, port) that the client called, where this is Cilium's DSR option."""
        body = bytes(self.data)
        if (self.option_class, self.type) != (DSR_CLASS, DSR_TYPE):
            return None
        if len(body) >= _V6_BODY:
            return str(IPv6Address(body[:16])), int.from_bytes(body[16:18], "big")
        if len(body) >= _V4_BODY:
            return str(IPv4Address(body[:4])), int.from_bytes(body[4:6], "big")
        return None

    def extract_padding(self, rest: bytes) -> tuple[bytes, bytes]:
        """What follows is the next option."""
        return b"", rest


class CiliumGeneve(Packet):
    """The eight bytes of RFC 8926, section 3.4, and the options behind them."""

    name = "Geneve (Cilium)"
    fields_desc = [
        BitField("version", 0, 2),
        BitFieldLenField("options_len", None, 6, length_of="options", adjust=lambda _, size: size // 4),
        BitField("control", 0, 1),
        BitField("critical", 0, 1),
        BitField("reserved", 0, 6),
        XShortField("proto", 0x6558),
        ThreeBytesField("vni", 0),
        ByteField("reserved2", 0),
        PacketListField("options", [], GeneveOption, length_from=lambda header: header.options_len * 4),
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
    def dsr(self) -> tuple[str, int] | None:
        """The (address, port) that the client called, if an option of this header tells it."""
        return next((option.dsr for option in self.options if option.dsr is not None), None)

    def guess_payload_class(self, payload: bytes) -> Any:
        """Return what the protocol type names; only version 0 is known."""
        return (
            _INNER.get(self.proto, self.default_payload_class(payload))
            if self.version == 0
            else (self.default_payload_class(payload))
        )

    def mysummary(self) -> str:
        """Return the identity and, with DSR, the address the client called."""
        name = f" ({self.identity_name})" if self.identity_name else ""
        called = f", DSR {self.dsr[0]} port {self.dsr[1]}" if self.dsr else ""
        return f"Geneve vni {self.vni} = source identity{name}{called}"


def bind(ports: Iterable[int] = PORTS) -> None:
    """Read UDP datagrams to ``ports`` as Cilium's Geneve, in place of scapy's layer; may be repeated."""
    # Importing scapy's layer binds it to this port, and the first binding wins.
    from scapy.contrib.geneve import GENEVE

    for port in ports:
        split_layers(UDP, GENEVE, dport=port)
        if ({"dport": port}, CiliumGeneve) in UDP.payload_guess:
            continue  # once is enough, and again would change the order of all bindings
        bind_bottom_up(UDP, CiliumGeneve, dport=port)
    bind_top_down(UDP, CiliumGeneve, dport=PORTS[0])
