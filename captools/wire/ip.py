"""IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200); AH (RFC 4302) is one in both."""

from __future__ import annotations

import numpy as np

from captools.model.addresses import V4_PREFIX
from captools.model.packets import DecodeStop
from captools.wire.bytesview import Bools, Ints
from captools.wire.frame import Batch
from captools.wire.ipsec import authentication

NO_TRANSPORT = -1
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION, _AUTH = 0, 43, 44, 60, 51
_EXTENSIONS = (_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION, _AUTH)
MAX_EXTENSIONS = 16
JUMBO_OPTION = 0xC204  # type and length


def ipv4(batch: Batch, rows: Ints) -> Ints:
    """Read the IPv4 header of ``rows``; return per row its protocol, NO_TRANSPORT where none follows."""
    protocols = np.full(len(batch.base), NO_TRANSPORT, np.int64)
    rows = batch.need(rows, 20)
    view, at = batch.view, batch.at[rows]
    first = view.u8(at)
    header = (first & 0x0F) * 4
    bad = (first >> 4 != 4) | (header < 20)
    batch.stop(rows[bad], DecodeStop.MALFORMED)
    rows, at, header = rows[~bad], at[~bad], header[~bad]
    put = batch.columns.put
    total = view.u16(at + 2)
    put("ip_version", rows, 4)
    put("dscp", rows, view.u8(at + 1) >> 2)
    put("ecn", rows, view.u8(at + 1) & 3)
    put("ip_id", rows, view.u16(at + 4))
    fragment = view.u16(at + 6)
    put("dont_fragment", rows, fragment & 0x4000 != 0)
    put("more_fragments", rows, fragment & 0x2000 != 0)
    put("frag_offset", rows, (fragment & 0x1FFF) * 8 & 0xFFFF)
    put("ttl", rows, view.u8(at + 8))
    put("proto", rows, view.u8(at + 9))
    for name, where in (("src", 12), ("dst", 16)):
        address = np.empty((len(rows), 16), np.uint8)
        address[:, :12] = np.frombuffer(V4_PREFIX, np.uint8)
        address[:, 12:] = view.strings(at + where, 4)
        put(name, rows, address)
    # Total length 0 is a super-frame above 64 KB, or one the card has yet to cut (TSO): the frame's own end counts.
    length = np.where(total == 0, batch.wire_end[rows] - at, total)
    put("ip_len", rows, length)
    bad = length < header
    batch.stop(rows[bad], DecodeStop.MALFORMED)
    rows, at, header, length, fragment = rows[~bad], at[~bad], header[~bad], length[~bad], fragment[~bad]
    batch.limit(rows, at + length)
    # A length beyond the frame's end is damage, yet the transport header is usually there: go on.
    batch.wire_end[rows] = at + length
    protocol = view.u8(at + 9)
    whole = _options(batch, rows, header)
    batch.at[rows] = at + header
    later = (fragment & 0x1FFF) != 0
    batch.stop(rows[later & whole], DecodeStop.FRAGMENT)
    go = ~later & whole
    protocols[rows[go]] = protocol[go]
    _extensions(batch, rows[go], protocols, (_AUTH,))
    return protocols


def _options(batch: Batch, rows: Ints, header: Ints) -> Bools:
    """Tell which rows hold their whole header; the others stop."""
    whole: Bools = batch.at[rows] + header <= batch.end[rows]
    batch.stop(rows[~whole], DecodeStop.TRUNCATED)
    return whole


def ipv6(batch: Batch, rows: Ints) -> Ints:
    """Read the IPv6 header and extension headers of ``rows``; return per row its upper protocol."""
    protocols = np.full(len(batch.base), NO_TRANSPORT, np.int64)
    rows = batch.need(rows, 40)
    view, at = batch.view, batch.at[rows]
    bad = view.u8(at) >> 4 != 6
    batch.stop(rows[bad], DecodeStop.MALFORMED)
    rows, at = rows[~bad], at[~bad]
    put = batch.columns.put
    traffic = view.u16(at) >> 4 & 0xFF
    put("ip_version", rows, 6)
    put("dscp", rows, traffic >> 2)
    put("ecn", rows, traffic & 3)
    put("ttl", rows, view.u8(at + 7))
    put("src", rows, view.strings(at + 8, 16))
    put("dst", rows, view.strings(at + 24, 16))
    payload = view.u16(at + 4)
    length = np.where(payload == 0, _jumbo(batch, rows, at), payload + 40)
    put("ip_len", rows, length)
    batch.wire_end[rows] = at + length
    batch.end[rows] = np.minimum(batch.end[rows], at + length)
    following = view.u8(at + 6)
    batch.at[rows] = at + 40
    protocols[rows] = following
    put("proto", rows, following)
    _extensions(batch, rows, protocols, _EXTENSIONS)
    return protocols


def _jumbo(batch: Batch, rows: Ints, at: Ints) -> Ints:
    """Return the lengths of packets whose payload length is 0.

    A jumbogram says it in its first hop-by-hop option (RFC 2675; Linux' BIG TCP). Of any other super-frame the frame's
    own end counts.
    """
    view = batch.view
    length = batch.wire_end[rows] - at
    told = (at + 48 <= batch.end[rows]) & (view.u8(at + 6) == _HOP_BY_HOP)
    told[told] = view.u16(at[told] + 42) == JUMBO_OPTION
    told[told] = view.u32(at[told] + 44) > 0xFFFF
    length[told] = view.u32(at[told] + 44) + 40
    return length


def _extensions(batch: Batch, rows: Ints, protocols: Ints, kinds: tuple[int, ...]) -> None:
    """Walk extension headers of ``kinds`` until another protocol stands in ``protocols``."""
    view, put = batch.view, batch.columns.put
    for _ in range(MAX_EXTENSIONS):
        rows = rows[np.isin(protocols[rows], kinds)]
        short = rows[~batch.has(rows, 8)]
        protocols[short] = NO_TRANSPORT
        rows = batch.need(rows, 8)
        if not len(rows):
            return
        at, kind = batch.at[rows], protocols[rows]
        following, units = view.u8(at), view.u8(at + 1)
        # RFC 4302: the authentication header counts 4-byte words minus 2, the others 8-byte words minus 1.
        size = np.where(kind == _AUTH, (units + 2) * 4, np.where(kind == _FRAGMENT, 8, (units + 1) * 8))
        authentication(batch, rows[kind == _AUTH])
        is_fragment = kind == _FRAGMENT
        word = view.u16(at + 2)
        put("frag_offset", rows[is_fragment], word[is_fragment] & 0xFFF8)
        put("more_fragments", rows[is_fragment], word[is_fragment] & 1 != 0)
        put("ip_id", rows[is_fragment], view.u32(at[is_fragment] + 4))
        batch.at[rows] = at + size
        protocols[rows] = following
        put("proto", rows, following)
        beyond = batch.at[rows] > batch.end[rows]
        batch.stop(rows[beyond], DecodeStop.TRUNCATED)
        protocols[rows[beyond]] = NO_TRANSPORT
        later = is_fragment & (word & 0xFFF8 != 0) & ~beyond
        batch.stop(rows[later], DecodeStop.FRAGMENT)
        protocols[rows[later]] = NO_TRANSPORT
    rest = rows[np.isin(protocols[rows], kinds)]
    batch.stop(rest, DecodeStop.TOO_DEEP)
    protocols[rest] = NO_TRANSPORT
