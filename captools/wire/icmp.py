"""ICMP (RFC 792, RFC 4884) and ICMPv6 (RFC 4443), with neighbour discovery and the packet that an error quotes."""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.model.packets import EtherType
from captools.wire.bytesview import Ints
from captools.wire.frame import Batch
from captools.wire.neighbours import neighbours
from captools.wire.quoted import quoted
from captools.wire.transport import payload

_ECHO_4 = (0, 8, 13, 14, 15, 16, 17, 18)
_ECHO_6 = (128, 129)
_ERRORS_4 = (3, 4, 5, 11, 12)
_ERRORS_6 = (1, 2, 3, 4)
UNREACHABLE_4, FRAGMENTATION_NEEDED, PACKET_TOO_BIG_6 = 3, 4, 2
# Errors that may say how long their quote is, for extensions follow it (RFC 4884, section 4).
_MEASURED_4, _MEASURED_6 = (3, 11, 12), (1, 3)


def icmp(batch: Batch, rows: Ints, vxlan_ports: tuple[int, ...], *, v6: bool) -> None:
    """Read the ICMP header of ``rows`` and the headers that errors quote, those inside a quoted tunnel included."""
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
    if v6:
        neighbours(batch, rows, at, kind)
    batch.at[rows] = at + 8
    payload(batch, rows)
    quoting = np.isin(kind, _ERRORS_6 if v6 else _ERRORS_4)
    length = view.u8(at + 4) * 8 if v6 else view.u8(at + 5) * 4
    measured = np.isin(kind, _MEASURED_6 if v6 else _MEASURED_4) & (length > 0)
    end = np.where(measured, np.minimum(batch.end[rows], at + 8 + length), batch.end[rows])
    _quotes(batch, rows[quoting], end[quoting], EtherType.IPV6 if v6 else EtherType.IPV4, vxlan_ports)


def _quotes(batch: Batch, rows: Ints, end: Ints, kind: int, vxlan_ports: tuple[int, ...]) -> None:
    data = batch.view.bytes.data
    found: dict[str, tuple[list[int], list[Any]]] = {}
    for row, at, until in zip(rows.tolist(), batch.at[rows].tolist(), end.tolist(), strict=True):
        quote = quoted(data, at, until, kind, vxlan_ports)
        if quote is None:
            continue
        for name, value in quote._asdict().items():
            if value is not None:
                where, values = found.setdefault(f"quoted_{name}", ([], []))
                where.append(row)
                values.append(list(value) if isinstance(value, bytes) else value)
    for name, (where, values) in found.items():
        batch.columns.put(name, np.array(where, np.int64), np.array(values))
