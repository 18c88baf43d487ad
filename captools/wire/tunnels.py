"""Tunnels: VXLAN (RFC 7348) and VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe), Geneve (RFC 8926), IP in IP (RFC 2003, 4213,
2473), and GRE (RFC 2784, 2890) with what mirrors send in it (ERSPAN, draft-foschiano-erspan).

Each opener takes rows whose outer transport header was read, turns that into the outer header, and returns
the EtherType of the inner packet with the cursor on it (0 where nothing follows).
"""

from __future__ import annotations

import numpy as np

from captools.model.packets import DecodeStop, EtherType, Proto, Tunnel
from captools.wire.bytesview import Bools, Ints
from captools.wire.frame import Batch
from captools.wire.linktypes import ethernet
from captools.wire.shims import MPLS_TYPES, follow

VXLAN_PORTS = (8472, 4789)  # 8472: Linux and Cilium; tcpdump up to 4.99.5 calls it OTV. 4789: IANA
GENEVE_PORT = 6081
GPE_PORT = 4790
VXLAN_HEADER = 8
# First byte of the header. I must be set, and what no extension knows must not be: then random UDP is no tunnel.
VNI_VALID, NEXT_PROTOCOL, _UNKNOWN = 0x08, 0x04, 0x70
TELLING = VNI_VALID | _UNKNOWN
GROUP_POLICY = 0x80  # draft-smith-vxlan-group-policy: the next two bytes are the sender's group
ERSPAN_FRAME_TYPE = 0x7C00
ERSPAN_VERSION_2, ERSPAN_VERSION_3 = 1, 2  # version field of types II and III
CARRIED = (EtherType.IPV4, EtherType.IPV6, EtherType.ARP, EtherType.NSH, *MPLS_TYPES)
_DSR_CLASS, _DSR_TYPE = 0x014B, 0x81  # Cilium's DSR option (FACTS, section 4)


def udp_tunnels(batch: Batch, rows: Ints, kinds: Ints, vxlan_ports: tuple[int, ...]) -> None:
    """Open VXLAN and Geneve in the UDP packets ``rows``, setting ``kinds`` of those that hold a frame."""
    dport = batch.columns.values["dport"][rows]
    rows_v = _whole(batch, rows[np.isin(dport, (*vxlan_ports, GPE_PORT))], VXLAN_HEADER)
    flags = batch.view.u8(batch.at[rows_v])
    _vxlan(batch, rows_v[flags & TELLING == VNI_VALID], kinds)
    # A port that was named as one of VXLAN is one, be it Geneve's.
    rows_g = _whole(batch, rows[(dport == GENEVE_PORT) & ~np.isin(dport, vxlan_ports)], 8)
    version = batch.view.u8(batch.at[rows_g]) >> 6
    _geneve(batch, rows_g[version == 0], kinds)


def is_vxlan(flags: int) -> bool:
    """Tell whether the first byte of a header is that of a VXLAN."""
    return flags & TELLING == VNI_VALID


def _whole(batch: Batch, rows: Ints, size: int) -> Ints:
    """Return the rows whose tunnel header is there; one that the capture cut hides the inner packet and says so.

    A datagram that is too short by itself is no tunnel, whatever its port.
    """
    whole = batch.has(rows, size)
    cut = ~whole & (batch.at[rows] + size <= batch.wire_end[rows])
    batch.stop(rows[cut], DecodeStop.TRUNCATED)
    return rows[whole]


def _vxlan(batch: Batch, rows: Ints, kinds: Ints) -> None:
    if not len(rows):
        return
    at = batch.at[rows]
    flags, vni = batch.view.u16(at), batch.view.u32(at + 4) >> 8
    gpe = batch.columns.values["dport"][rows] == GPE_PORT
    batch.columns.open_tunnel(rows, Tunnel.VXLAN)
    _put_first(batch, "vni", rows, vni)
    # Wireshark's vxlan.flags is one byte long on the port of VXLAN-GPE, two on any other.
    _put_first(batch, "vxlan_flags", rows, np.where(gpe, flags >> 8, flags))
    grouped = ~gpe & (flags >> 8 & GROUP_POLICY != 0)
    _put_first(batch, "vxlan_gbp", rows[grouped], batch.view.u16(at[grouped] + 2))
    batch.at[rows] = at + VXLAN_HEADER
    # Without its P flag a VXLAN-GPE header is one of VXLAN.
    named = gpe & (flags >> 8 & NEXT_PROTOCOL != 0)
    follow(batch, rows[named], batch.view.u8(at[named] + 3), kinds)
    ethernet(batch, rows[~named], kinds)


def _geneve(batch: Batch, rows: Ints, kinds: Ints) -> None:
    if not len(rows):
        return
    at = batch.at[rows]
    options = (batch.view.u8(at) & 0x3F) * 4
    inner = batch.view.u16(at + 2)
    fits = _fits(batch, rows, 8 + options)
    rows, at, options, inner = rows[fits], at[fits], options[fits], inner[fits]
    vni = batch.view.u32(at + 4) >> 8
    batch.columns.open_tunnel(rows, Tunnel.GENEVE)
    _put_first(batch, "vni", rows, vni)
    for row, start, length in zip(rows.tolist(), (at + 8).tolist(), options.tolist(), strict=True):
        if length:
            _geneve_options(batch, row, start, start + length)
    batch.at[rows] = at + 8 + options
    _carried(batch, rows, inner, kinds)


def _fits(batch: Batch, rows: Ints, size: Ints) -> Bools:
    """Tell which rows hold their whole tunnel header; a cut one says so, one that is too long for its packet is none."""
    at = batch.at[rows]
    fits: Bools = at + size <= batch.end[rows]
    cut = ~fits & (at + size <= batch.wire_end[rows])
    batch.stop(rows[cut], DecodeStop.TRUNCATED)
    return fits


def _carried(batch: Batch, rows: Ints, inner: Ints, kinds: Ints) -> None:
    """Go on at the cursor with what a tunnel header's EtherType names; an unknown one ends here."""
    ethernet(batch, rows[inner == EtherType.TEB], kinds)
    known = np.isin(inner, CARRIED)
    kinds[rows[known]] = inner[known]
    batch.stop(rows[~known & (inner != EtherType.TEB)], DecodeStop.UNKNOWN_ETHERTYPE)


def _geneve_options(batch: Batch, row: int, at: int, end: int) -> None:
    """Look for Cilium's DSR option; options are rare, so this is plain Python."""
    data = batch.view.bytes
    while at + 4 <= end:
        length = (int(data[at + 3]) & 0x1F) * 4
        if at + 4 + length > end:
            return
        if int(data[at]) << 8 | int(data[at + 1]) == _DSR_CLASS and int(data[at + 2]) == _DSR_TYPE:
            body = bytes(data[at + 4 : at + 4 + length])
            one = np.array([row], np.int64)
            if length >= 20:
                batch.columns.put("dsr_addr", one, np.frombuffer(body[:16], np.uint8))
                batch.columns.put("dsr_port", one, int.from_bytes(body[16:18], "big"))
            elif length >= 8:
                mapped = b"\x00" * 10 + b"\xff\xff" + body[:4]
                batch.columns.put("dsr_addr", one, np.frombuffer(mapped, np.uint8))
                batch.columns.put("dsr_port", one, int.from_bytes(body[4:6], "big"))
        at += 4 + length


def ip_in_ip(batch: Batch, rows: Ints, protocols: Ints, kinds: Ints) -> None:
    """Open IPv4 (protocol 4) and IPv6 (41) carried directly in IP."""
    inner = protocols[rows]
    batch.columns.open_tunnel(rows, Tunnel.IPIP)
    kinds[rows[inner == Proto.IPIP]] = EtherType.IPV4
    kinds[rows[inner == Proto.IPV6]] = EtherType.IPV6


def gre(batch: Batch, rows: Ints, kinds: Ints) -> None:
    """Open GRE version 0; the key stands in ``vni``."""
    rows = batch.need(rows, 4)
    at = batch.at[rows]
    word, inner = batch.view.u16(at), batch.view.u16(at + 2)
    checksum, key, sequence = (np.where(word & bit, 4, 0) for bit in (0x8000, 0x2000, 0x1000))
    size = 4 + checksum + key + sequence
    good = word & 0x0007 == 0
    good[good] = _fits(batch, rows[good], size[good])
    rows, at, inner, checksum, key, size = rows[good], at[good], inner[good], checksum[good], key[good], size[good]
    keyed, numbered = key > 0, word[good] & 0x1000 != 0
    batch.columns.open_tunnel(rows, Tunnel.GRE)
    _put_first(batch, "vni", rows[keyed], batch.view.u32((at + 4 + checksum)[keyed]))
    batch.at[rows] = at + size
    mirrored = np.isin(inner, (EtherType.ERSPAN, EtherType.ERSPAN_3))
    _carried(batch, rows[~mirrored], inner[~mirrored], kinds)
    _mirrored(batch, rows[mirrored], inner[mirrored], numbered[mirrored], kinds)


def _mirrored(batch: Batch, rows: Ints, inner: Ints, numbered: Bools, kinds: Ints) -> None:
    """Step over the header of a mirrored frame: none in type I (no GRE sequence number), 8 bytes in II, 12 or 20 in III."""
    third = inner == EtherType.ERSPAN_3
    headed = third | numbered
    ethernet(batch, rows[~headed], kinds)
    rows, third = rows[headed], third[headed]
    there = np.isin(rows, batch.need(rows, 8)) & (~third | np.isin(rows, batch.need(rows[third], 12)))
    rows, third = rows[there], third[there]
    at = batch.at[rows]
    version = batch.view.u8(at) >> 4
    # The O flag, last bit of the 12 bytes, says that 8 more follow.
    size = np.where(third, np.where(batch.view.u8(at + 11) & 1, 20, 12), 8)
    bad = version != np.where(third, ERSPAN_VERSION_3, ERSPAN_VERSION_2)
    batch.stop(rows[bad], DecodeStop.MALFORMED)
    other = ~bad & third & (batch.view.u16(at + 10) & ERSPAN_FRAME_TYPE != 0)  # 0 is Ethernet
    batch.stop(rows[other], DecodeStop.UNKNOWN_ETHERTYPE)
    good = ~bad & ~other
    batch.at[rows[good]] += size[good]
    ethernet(batch, rows[good], kinds)


def _put_first(batch: Batch, name: str, rows: Ints, values: Ints) -> None:
    """Note a value of the first tunnel; deeper ones are the business of the inner packet's own row."""
    first = batch.columns.values["depth"][rows] == 1
    batch.columns.put(name, rows[first], values[first])
