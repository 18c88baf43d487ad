"""ICMP (RFC 792, RFC 4884) and ICMPv6 (RFC 4443), with the packet that an error quotes."""

from __future__ import annotations

import numpy as np

from captools.model.addresses import V4_PREFIX
from captools.model.packets import Proto
from captools.wire.bytesview import Bools, Ints
from captools.wire.frame import Batch
from captools.wire.transport import payload

_ECHO_4 = (0, 8, 13, 14, 15, 16, 17, 18)
_ECHO_6 = (128, 129)
_ERRORS_4 = (3, 4, 5, 11, 12)
_ERRORS_6 = (1, 2, 3, 4)
UNREACHABLE_4, FRAGMENTATION_NEEDED, PACKET_TOO_BIG_6 = 3, 4, 2


def icmp(batch: Batch, rows: Ints, *, v6: bool) -> None:
    """Read the ICMP header of ``rows`` and the headers that errors quote."""
    view, put = batch.view, batch.columns.put
    rows = batch.need(rows, 4)
    put("icmp_type", rows, view.u8(batch.at[rows]))
    put("icmp_code", rows, view.u8(batch.at[rows] + 1))
    rows = batch.need(rows, 8)
    at = batch.at[rows]
    kind, code = view.u8(at), view.u8(at + 1)
    echo = np.isin(kind, _ECHO_6 if v6 else _ECHO_4)
    put("icmp_id", rows[echo], view.u16(at[echo] + 4))
    put("icmp_seq", rows[echo], view.u16(at[echo] + 6))
    big = kind == PACKET_TOO_BIG_6 if v6 else (kind == UNREACHABLE_4) & (code == FRAGMENTATION_NEEDED)
    put("icmp_mtu", rows[big], view.u32(at[big] + 4) if v6 else view.u16(at[big] + 6))
    batch.at[rows] = at + 8
    payload(batch, rows)
    quoting = np.isin(kind, _ERRORS_6 if v6 else _ERRORS_4)
    (_quoted6 if v6 else _quoted4)(batch, rows[quoting])


def _quoted4(batch: Batch, rows: Ints) -> None:
    """Read the quoted IPv4 header and the first eight bytes behind it (RFC 792)."""
    view, put = batch.view, batch.columns.put
    rows = rows[batch.has(rows, 20)]
    at = batch.at[rows]
    header = (view.u8(at) & 0x0F) * 4
    good = (view.u8(at) >> 4 == 4) & (header >= 20)
    rows, at, header = rows[good], at[good], header[good]
    for name, where in (("quoted_src", 12), ("quoted_dst", 16)):
        address = np.empty((len(rows), 16), np.uint8)
        address[:, :12] = np.frombuffer(V4_PREFIX, np.uint8)
        address[:, 12:] = view.strings(at + where, 4)
        put(name, rows, address)
    protocol = view.u8(at + 9)
    put("quoted_proto", rows, protocol)
    first = (view.u16(at + 6) & 0x1FFF) == 0
    _quoted_ports(batch, rows, at + header, protocol, first)


def _quoted6(batch: Batch, rows: Ints) -> None:
    """Read the quoted IPv6 header; extension headers in a quote are rare and end the reading."""
    view, put = batch.view, batch.columns.put
    rows = rows[batch.has(rows, 40)]
    at = batch.at[rows]
    good = view.u8(at) >> 4 == 6
    rows, at = rows[good], at[good]
    put("quoted_src", rows, view.strings(at + 8, 16))
    put("quoted_dst", rows, view.strings(at + 24, 16))
    protocol = view.u8(at + 6)
    put("quoted_proto", rows, protocol)
    _quoted_ports(batch, rows, at + 40, protocol, np.ones(len(rows), np.bool_))


def _quoted_ports(batch: Batch, rows: Ints, at: Ints, protocol: Ints, first: Bools) -> None:
    view, put = batch.view, batch.columns.put
    ported = first & np.isin(protocol, (Proto.TCP, Proto.UDP, Proto.SCTP)) & (at + 4 <= batch.end[rows])
    put("quoted_sport", rows[ported], view.u16(at[ported]))
    put("quoted_dport", rows[ported], view.u16(at[ported] + 2))
    numbered = ported & (protocol == Proto.TCP) & (at + 8 <= batch.end[rows])
    put("quoted_seq", rows[numbered], view.u32(at[numbered] + 4))
