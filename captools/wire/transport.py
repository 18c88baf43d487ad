"""Transport headers: TCP with its options (RFC 9293, RFC 7323, RFC 2018), UDP, UDP-Lite and SCTP ports."""

from __future__ import annotations

import numpy as np

from captools.model.packets import DecodeStop, Proto
from captools.wire.bytesview import Ints
from captools.wire.frame import Batch

_END, _NOP, _MSS, _WSCALE, _SACK, _TIMESTAMPS = 0, 1, 2, 3, 5, 8


def tcp(batch: Batch, rows: Ints) -> None:
    """Read the TCP header of ``rows`` and leave the cursor at the payload."""
    view, put = batch.view, batch.columns.put
    _ports(batch, rows)
    rows = batch.need(rows, 20)
    at = batch.at[rows]
    put("seq", rows, view.u32(at + 4))
    put("ack", rows, view.u32(at + 8))
    word = view.u16(at + 12)
    put("tcp_flags", rows, word & 0x1FF)
    put("window", rows, view.u16(at + 14))
    header = (word >> 12) * 4
    bad = header < 20
    batch.stop(rows[bad], DecodeStop.MALFORMED)
    rows, at, header = rows[~bad], at[~bad], header[~bad]
    whole = at + header <= batch.end[rows]
    cut = rows[~whole]
    inside = (at + header)[~whole] <= batch.wire_end[cut]
    batch.stop(cut[inside], DecodeStop.TRUNCATED)
    batch.stop(cut[~inside], DecodeStop.MALFORMED)
    stop_at = np.minimum(at + header, batch.end[rows])
    _options(batch, rows[header > 20], (at + 20)[header > 20], stop_at[header > 20])
    rows, at, header = rows[whole], at[whole], header[whole]
    batch.at[rows] = at + header
    payload(batch, rows)


def _options(batch: Batch, rows: Ints, at: Ints, end: Ints) -> None:
    """Walk the options, one step of all rows at a time; 40 one-byte steps end any list."""
    view, put = batch.view, batch.columns.put
    for _ in range(40):
        more = at < end
        rows, at, end = rows[more], at[more], end[more]
        if not len(rows):
            return
        kind = view.u8(at)
        live = kind != _END
        rows, at, end, kind = rows[live], at[live], end[live], kind[live]
        long = kind != _NOP
        length = np.where(long & (at + 1 < end), view.u8(at + 1), 1)
        good = ~long | ((at + 1 < end) & (length >= 2) & (at + length <= end))
        rows, at, end, kind, length = rows[good], at[good], end[good], kind[good], length[good]
        mss = (kind == _MSS) & (length == 4)
        put("mss", rows[mss], view.u16(at[mss] + 2))
        scale = (kind == _WSCALE) & (length == 3)
        put("wscale", rows[scale], view.u8(at[scale] + 2))
        stamp = (kind == _TIMESTAMPS) & (length == 10)
        put("tsval", rows[stamp], view.u32(at[stamp] + 2))
        put("tsecr", rows[stamp], view.u32(at[stamp] + 6))
        sack = (kind == _SACK) & (length >= 10)
        for row, where, size in zip(rows[sack].tolist(), at[sack].tolist(), length[sack].tolist(), strict=True):
            edges = np.arange(where + 2, where + 2 + (size - 2) // 8 * 8, 4, dtype=np.int64)
            batch.columns.sack[row] = view.u32(edges).tolist()
        at = at + length


def udp(batch: Batch, rows: Ints) -> None:
    """Read the UDP or UDP-Lite header of ``rows`` and leave the cursor at the payload."""
    _ports(batch, rows)
    rows = batch.need(rows, 8)
    at = batch.at[rows]
    length = batch.view.u16(at + 4)
    lite = batch.columns.values["proto"][rows] == Proto.UDPLITE  # there it is the checksum coverage (RFC 3828)
    counted = (length >= 8) & ~lite
    batch.limit(rows[counted], (at + length)[counted])
    batch.at[rows] = at + 8
    batch.stop(rows[(length > 0) & (length < 8) & ~lite], DecodeStop.MALFORMED)
    payload(batch, rows)


def sctp(batch: Batch, rows: Ints) -> None:
    """Read the ports of an SCTP common header (RFC 9260, section 3.1)."""
    _ports(batch, rows)
    rows = batch.need(rows, 12)
    batch.at[rows] += 12
    payload(batch, rows)


def payload(batch: Batch, rows: Ints) -> None:
    """Note where the payload begins, and its length by the headers (not by what was captured)."""
    batch.columns.put("payload_off", rows, batch.at[rows] - batch.base[rows])
    batch.columns.put("payload_len", rows, np.maximum(batch.wire_end[rows] - batch.at[rows], 0))


def _ports(batch: Batch, rows: Ints) -> None:
    """Read the two ports where they are there, even if the rest of the header is cut."""
    rows = rows[batch.has(rows, 4)]
    batch.columns.put("sport", rows, batch.view.u16(batch.at[rows]))
    batch.columns.put("dport", rows, batch.view.u16(batch.at[rows] + 2))
