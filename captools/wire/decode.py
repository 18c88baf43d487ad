"""Decode: bytes and their index in, packet table out. No record is ever left out, none can raise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.packets import PACKETS, DecodeStop, EtherType, Proto, Tunnel
from captools.wire.arp import arp
from captools.wire.bytesview import BytesView, Ints
from captools.wire.columns import Columns
from captools.wire.frame import Batch
from captools.wire.icmp import icmp
from captools.wire.ip import ipv4, ipv6
from captools.wire.ipsec import esp, esp_in_udp
from captools.wire.linktypes import NO_NETWORK, link_layer
from captools.wire.payloads import hash_payloads
from captools.wire.records import Records
from captools.wire.settle import MESSAGE, decide, split
from captools.wire.shims import shims
from captools.wire.transport import payload, sctp, tcp, udp
from captools.wire.tunnels import VXLAN_PORTS, gre, ip_in_ip, udp_tunnels
from captools.wire.wireguard import COLUMNS as WIREGUARD
from captools.wire.wireguard import DATA, wireguard

MAX_DEPTH = 8  # tunnels in tunnels
BATCH_ROWS = 65_536
_PORTED = {Proto.TCP: tcp, Proto.UDP: udp, Proto.UDPLITE: udp, Proto.SCTP: sctp}


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What the rows of one file are called: its source name, and the point of each interface of the file."""

    source: str
    points: tuple[str, ...]  # one per Records.interfaces
    by_ifindex: dict[int, str] | None = None  # for cooked captures: interface index to point

    def of_ifindex(self, index: int) -> str:
        """Return the point of an interface index of a capture of ``any``; the index, where its name is unknown."""
        node = next(iter(self.points), "").partition("/")[0]
        return (self.by_ifindex or {}).get(index, f"{node}/#{index}")


def decode(
    view: BytesView, records: Records, naming: Naming, *, vxlan_ports: tuple[int, ...] = VXLAN_PORTS
) -> pa.Table:
    """Return the packet table (schema PACKETS) of ``records``, one row per record in file order.

    ``frame`` is the 1-based record number. UDP to one of ``vxlan_ports`` is read as VXLAN.
    """
    parts, told = [], []
    for first in range(0, len(records), BATCH_ROWS):
        batch = _decode_batch(view, records, slice(first, first + BATCH_ROWS), naming, vxlan_ports)
        parts.append(batch.columns.to_table())
        told.append(_messages(batch, first))
    if not parts:
        return PACKETS.empty_table()
    messages = split(np.concatenate(told))
    wrong = np.setdiff1d(messages.undecided["row"], decide(messages.undecided, messages.ports)["row"])
    return _without_wireguard(pa.concat_tables(parts).unify_dictionaries(), wrong)


def _decode_batch(
    view: BytesView, records: Records, part: slice, naming: Naming, vxlan_ports: tuple[int, ...]
) -> Batch:
    base = records.offset[part]
    count = len(base)
    cap_len, wire_len = records.cap_len[part], records.wire_len[part]
    columns = Columns(count)
    every = np.arange(count, dtype=np.int64)
    columns.put("frame", every, np.arange(part.start + 1, part.start + 1 + count))
    columns.put("ts_ns", every, records.ts_ns[part])
    columns.put("cap_len", every, cap_len)
    columns.put("wire_len", every, wire_len)
    columns.put("depth", every, 0)
    columns.word("source", every, naming.source)
    columns.word("tunnel", every, Tunnel.NONE)
    batch = Batch(
        view=view,
        columns=columns,
        base=base,
        at=base.copy(),
        end=base + cap_len,
        wire_end=base + np.maximum(wire_len, cap_len),
    )
    kinds = np.zeros(count, np.int64)
    interface = records.interface[part]
    for index, one in enumerate(records.interfaces):
        rows = every[interface == index]
        columns.put("linktype", rows, one.linktype & 0xFFFF)
        columns.word("point", rows, naming.points[index])
        kinds[rows] = link_layer(batch, rows, one.linktype)[rows]
    _name_cooked(columns, naming)
    _layers(batch, kinds, vxlan_ports)
    hash_payloads(batch)
    return batch


def _messages(batch: Batch, first: int) -> npt.NDArray[Any]:
    """Return the WireGuard messages of a batch that prove ports or need a proof; rows count from ``first``."""
    values, valid = batch.columns.values, batch.columns.valid
    unknown = np.concatenate([np.empty(0, np.int64), *batch.undecided])
    shaken = np.flatnonzero(valid["wg_type"] & (values["wg_type"] != DATA))
    rows = np.concatenate([shaken, unknown])
    found = np.zeros(len(rows), MESSAGE)
    for name in ("wg_type", "sport", "dport", "depth"):
        found[name] = values[name][rows]
    found["row"] = rows + first
    found["known"][: len(shaken)] = 1
    return found


def _without_wireguard(table: pa.Table, rows: Ints) -> pa.Table:
    """Make the WireGuard columns of ``rows`` null."""
    if not len(rows):
        return table
    mask = np.zeros(len(table), np.bool_)
    mask[rows] = True
    for name in WIREGUARD:
        kept = pc.if_else(pa.array(mask), pa.scalar(None, PACKETS.field(name).type), table[name])
        table = table.set_column(table.schema.get_field_index(name), PACKETS.field(name), kept)
    return table


def _name_cooked(columns: Columns, naming: Naming) -> None:
    """Give the rows of a capture of ``any`` the point of their own interface."""
    if naming.by_ifindex is None:
        return
    for index in np.unique(columns.values["ifindex"][columns.valid["ifindex"]]).tolist():
        rows = np.flatnonzero(columns.valid["ifindex"] & (columns.values["ifindex"] == index))
        columns.word("point", rows, naming.of_ifindex(index))


def _layers(batch: Batch, kinds: Ints, vxlan_ports: tuple[int, ...]) -> None:
    """Follow network, transport and tunnel headers inwards until nothing more is inside."""
    for _ in range(MAX_DEPTH + 1):
        rows = np.flatnonzero(kinds)
        if not len(rows):
            return
        now, kinds = kinds, np.zeros_like(kinds)
        shims(batch, rows, now)
        rows = rows[now[rows] != NO_NETWORK]
        arp(batch, rows[now[rows] == EtherType.ARP])
        known = np.isin(now[rows], (EtherType.ARP, EtherType.IPV4, EtherType.IPV6))
        _unknown(batch, rows[~known])
        protocols = ipv4(batch, rows[now[rows] == EtherType.IPV4])
        rows_6 = rows[now[rows] == EtherType.IPV6]
        protocols[rows_6] = ipv6(batch, rows_6)[rows_6]
        _transport(batch, rows, protocols, kinds, vxlan_ports)
    batch.stop(np.flatnonzero(kinds), DecodeStop.TOO_DEEP)


def _unknown(batch: Batch, rows: Ints) -> None:
    batch.stop(rows, DecodeStop.UNKNOWN_ETHERTYPE)


def _transport(batch: Batch, rows: Ints, protocols: Ints, kinds: Ints, vxlan_ports: tuple[int, ...]) -> None:
    """Read the transport headers of ``rows``; ``kinds`` gets the EtherType of what tunnels carry."""
    rows = rows[protocols[rows] >= 0]
    for protocol, reader in _PORTED.items():
        hit = rows[protocols[rows] == protocol]
        if len(hit):
            reader(batch, hit)
    for protocol, v6 in ((Proto.ICMP, False), (Proto.ICMPV6, True)):
        hit = rows[protocols[rows] == protocol]
        if len(hit):
            icmp(batch, hit, vxlan_ports, v6=v6)
    datagrams = rows[(protocols[rows] == Proto.UDP) & batch.columns.valid["payload_off"][rows]]
    # A fragmented datagram holds only the head of what it carries: its inner lengths would lie.
    whole = datagrams[~batch.columns.values["more_fragments"][datagrams]]
    udp_tunnels(batch, whole, kinds, vxlan_ports)
    plain = whole[kinds[whole] == NO_NETWORK]
    wireguard(batch, plain)
    esp_in_udp(batch, plain[~batch.columns.valid["wg_type"][plain]])
    nested = rows[np.isin(protocols[rows], (Proto.IPIP, Proto.IPV6))]
    if len(nested):
        ip_in_ip(batch, nested, protocols, kinds)
    carried = rows[protocols[rows] == Proto.GRE]
    if len(carried):
        gre(batch, carried, kinds)
    sealed = rows[protocols[rows] == Proto.ESP]
    if len(sealed):
        esp(batch, sealed)
    spoken = (*_PORTED, Proto.ICMP, Proto.ICMPV6, Proto.IPIP, Proto.IPV6, Proto.GRE, Proto.ESP)
    payload(batch, rows[~np.isin(protocols[rows], spoken)])
