"""Columns that filters know and the packet table does not hold as such: each is worked out from those it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.packets import ADDRESS, EtherType, Proto, Tunnel
from captools.views.filter.layers import mapped

if TYPE_CHECKING:
    from captools.views.filter.rows import Rows

_MIN_TYPE = 1536  # below, the two bytes are a length (IEEE 802.3)
_UDP_HEADER = 8
SOLICITATION, ADVERTISEMENT = 135, 136  # RFC 4861, sections 4.3 and 4.4
_DIRECTIONS = ("in", "broadcast", "multicast", "other", "out")  # packet types 0 to 4 of a cooked header
_CARRIER = {Tunnel.VXLAN: Proto.UDP, Tunnel.GENEVE: Proto.UDP, Tunnel.GRE: Proto.GRE}


def _codes(rows: Rows) -> Any:
    """Return for each row a number that tells its file."""
    column = rows.column("source")
    coded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
    return coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)


def _relative(rows: Rows) -> pa.Array[Any]:
    """Nanoseconds since the first record of the row's file."""
    times = rows.numbers("ts_ns")
    if rows.before is not None:
        return pa.array(times - rows.before[0], pa.int64())
    codes = _codes(rows)
    known, first = np.unique(codes, return_index=True)
    return pa.array(times - times[first][np.searchsorted(known, codes)], pa.int64())


def _delta(rows: Rows) -> pa.Array[Any]:
    """Nanoseconds since the record before in the row's file; 0 for the first."""
    times = rows.numbers("ts_ns")
    if rows.before is not None:
        return pa.array(np.diff(times, prepend=rows.before[1]), pa.int64())
    codes = _codes(rows)
    order = np.argsort(codes, kind="stable")  # the records of each file, in their order
    sorted_times, sorted_codes = times[order], codes[order]
    step = np.zeros(len(times), np.int64)
    step[1:] = np.where(sorted_codes[1:] == sorted_codes[:-1], sorted_times[1:] - sorted_times[:-1], 0)
    found = np.empty_like(step)
    found[order] = step
    return pa.array(found, pa.int64())


def _eth_type(rows: Rows) -> pa.Array[Any]:
    """The EtherType behind the addresses: that of the tag where there is one."""
    kind = np.where(rows.valid("vlan"), int(EtherType.VLAN), rows.numbers("ethertype"))
    return pa.array(kind.astype(np.uint16), mask=kind < _MIN_TYPE)


def _version(column: str) -> Callable[[Rows], pa.Array[Any]]:
    def version(rows: Rows) -> pa.Array[Any]:
        four = mapped(rows, column)
        return pa.array(np.where(four, 4, 6).astype(np.uint8), mask=~rows.valid(column))

    return version


def _outer_eth_type(rows: Rows) -> pa.Array[Any]:
    kind = np.where(mapped(rows, "outer_src"), int(EtherType.IPV4), int(EtherType.IPV6))
    return pa.array(kind.astype(np.uint16), mask=~rows.valid("outer_src"))


def _outer_proto(rows: Rows) -> pa.Array[Any]:
    """The protocol in the outer header, as the tunnel tells it."""
    inner = np.where(rows.equal("ip_version", 6), int(Proto.IPV6), int(Proto.IPIP))
    found = inner
    for tunnel, proto in _CARRIER.items():
        found = np.where(rows.says("tunnel", tunnel), int(proto), found)
    return pa.array(found.astype(np.uint8), mask=rows.says("tunnel", Tunnel.NONE))


def _ip_proto(rows: Rows) -> pa.Array[Any]:
    """The protocol that the innermost IPv4 header names: AH, where we have followed that to what it protects."""
    behind = rows.equal("ip_version", 4) & rows.equal("ipsec_proto", Proto.AH) & rows.says("tunnel", Tunnel.NONE)
    return pc.if_else(pa.array(behind), pa.scalar(int(Proto.AH), pa.uint8()), rows.column("proto"))


def _vxlan_gbp(rows: Rows) -> pa.Array[Any]:
    """The group of a VXLAN header: 0 unless its flag says otherwise, none in VXLAN-GPE, whose flags are one byte."""
    return pa.array(rows.numbers("vxlan_gbp"), mask=rows.numbers("vxlan_flags") <= 0xFF)


def _target(kind: int) -> Callable[[Rows], pa.Array[Any]]:
    """The target in ICMPv6 messages of one type."""

    def target(rows: Rows) -> pa.Array[Any]:
        there = rows.equal("proto", Proto.ICMPV6) & rows.equal("icmp_type", kind)
        return pc.if_else(pa.array(there), rows.column("nd_target"), pa.scalar(None, ADDRESS))

    return target


def _udp_length(rows: Rows) -> pa.Array[Any]:
    return pc.add(rows.column("payload_len").cast(pa.int64()), _UDP_HEADER)


def _pkttype(rows: Rows) -> pa.Array[Any]:
    words = rows.column("direction").cast(pa.string())
    return pc.index_in(words, pa.array(_DIRECTIONS)).cast(pa.uint16())


def _node(rows: Rows) -> pa.Array[Any]:
    """The part of the point before its slash; null where a file names no node."""
    points = rows.column("point")
    coded = points if isinstance(points, pa.DictionaryArray) else points.dictionary_encode()
    names = [str(one or "") for one in coded.dictionary.to_pylist()]
    nodes = pa.array([name.partition("/")[0] if "/" in name else None for name in names], pa.string())
    return nodes.take(coded.indices)


def _sack(rows: Rows) -> pa.Array[Any]:
    edges = rows.column("sack")
    if edges.null_count == len(edges):
        return pa.nulls(len(edges), pa.string())
    return pa.array([" ".join(map(str, one)) if one else None for one in edges.to_pylist()], pa.string())


def _identity(rows: Rows) -> pa.Array[Any]:
    carried = rows.says("tunnel", Tunnel.VXLAN) | rows.says("tunnel", Tunnel.GENEVE)
    return pc.if_else(pa.array(carried), rows.column("vni"), pa.scalar(None, pa.uint32()))


DERIVED: dict[str, Callable[[Rows], Any]] = {
    "+relative": _relative,
    "+delta": _delta,
    "+eth_type": _eth_type,
    "+outer_eth_type": _outer_eth_type,
    "+version": lambda rows: rows.column("ip_version"),
    "+outer_version": _version("outer_src"),
    "+quoted_version": _version("quoted_src"),
    "+outer_proto": _outer_proto,
    "+ip_proto": _ip_proto,
    "+vxlan_gbp": _vxlan_gbp,
    "+nd_solicited": _target(SOLICITATION),
    "+nd_advertised": _target(ADVERTISEMENT),
    "+udp_length": _udp_length,
    "+pkttype": _pkttype,
    "+node": _node,
    "+identity": _identity,
    "+sack": _sack,
}
