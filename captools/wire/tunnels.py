"""Tunnels: VXLAN (RFC 7348), Geneve (RFC 8926), IP in IP (RFC 2003, 4213, 2473) and GRE (RFC 2784, 2890).

Each opener takes rows whose outer transport header was read, turns that into the outer header, and returns
the EtherType of the inner packet with the cursor on it (0 where nothing follows).
"""

from __future__ import annotations

import numpy as np

from captools.model.packets import DecodeStop, EtherType, Proto, Tunnel
from captools.wire.bytesview import Ints
from captools.wire.frame import Batch
from captools.wire.linktypes import ethernet

VXLAN_PORTS = (8472, 4789)  # 8472: Linux and Cilium; tcpdump up to 4.99.5 calls it OTV. 4789: IANA
GENEVE_PORT = 6081
VXLAN_HEADER, VXLAN_VNI_VALID = 8, 0x08
_DSR_CLASS, _DSR_TYPE = 0x014B, 0x81  # Cilium's DSR option (FACTS, section 4)


def udp_tunnels(batch: Batch, rows: Ints, kinds: Ints, vxlan_ports: tuple[int, ...]) -> None:
    """Open VXLAN and Geneve in the UDP packets ``rows``, setting ``kinds`` of those that hold a frame."""
    dport = batch.columns.values["dport"][rows]
    rows_v = _whole(batch, rows[np.isin(dport, vxlan_ports)], VXLAN_HEADER)
    flags = batch.view.u8(batch.at[rows_v])
    _vxlan(batch, rows_v[flags & VXLAN_VNI_VALID != 0], kinds)
    rows_g = _whole(batch, rows[dport == GENEVE_PORT], 8)
    version = batch.view.u8(batch.at[rows_g]) >> 6
    _geneve(batch, rows_g[version == 0], kinds)


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
    vni = batch.view.u32(at + 4) >> 8
    batch.columns.open_tunnel(rows, Tunnel.VXLAN)
    _put_vni(batch, rows, vni)
    batch.at[rows] = at + VXLAN_HEADER
    ethernet(batch, rows, kinds)


def _geneve(batch: Batch, rows: Ints, kinds: Ints) -> None:
    if not len(rows):
        return
    at = batch.at[rows]
    options = (batch.view.u8(at) & 0x3F) * 4
    inner = batch.view.u16(at + 2)
    fits = at + 8 + options <= batch.end[rows]
    rows, at, options, inner = rows[fits], at[fits], options[fits], inner[fits]
    vni = batch.view.u32(at + 4) >> 8
    batch.columns.open_tunnel(rows, Tunnel.GENEVE)
    _put_vni(batch, rows, vni)
    for row, start, length in zip(rows.tolist(), (at + 8).tolist(), options.tolist(), strict=True):
        if length:
            _geneve_options(batch, row, start, start + length)
    batch.at[rows] = at + 8 + options
    ethernet(batch, rows[inner == EtherType.TEB], kinds)
    other = np.isin(inner, (EtherType.IPV4, EtherType.IPV6, EtherType.ARP))
    kinds[rows[other]] = inner[other]


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
    good = (word & 0x0007 == 0) & (at + size <= batch.end[rows])
    rows, at, inner, checksum, key, size = rows[good], at[good], inner[good], checksum[good], key[good], size[good]
    keyed = key > 0
    batch.columns.open_tunnel(rows, Tunnel.GRE)
    _put_vni(batch, rows[keyed], batch.view.u32((at + 4 + checksum)[keyed]))
    batch.at[rows] = at + size
    ethernet(batch, rows[inner == EtherType.TEB], kinds)
    other = np.isin(inner, (EtherType.IPV4, EtherType.IPV6))
    kinds[rows[other]] = inner[other]


def _put_vni(batch: Batch, rows: Ints, vni: Ints) -> None:
    """Note the VNI of the first tunnel; deeper ones are the business of the inner packet's own row."""
    first = batch.columns.values["depth"][rows] == 1
    batch.columns.put("vni", rows[first], vni[first])
