"""From what the kernels wrote to the normalised tables (captools.model.narrow)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from captools.model.narrow import FLOWS, LANES, MESSAGE_TABLES, NARROW, SIDE_TABLES, Narrow
from captools.model.packets import WORD, DecodeStop, Direction, Tunnel
from captools.wire.bytesview import Bools
from captools.wire.kernels import buffers, marks
from captools.wire.kernels.buffers import Packets, Sides
from captools.wire.scanned import flow_table, head_table, hello_table
from captools.wire.settle import settled, those

_NO_WORD = -1
# Indexes are the codes that kernels write.
_DIRECTIONS = (None, Direction.IN, Direction.BROADCAST, Direction.MULTICAST, Direction.OTHER, Direction.OUT)
_STOPS = (None, DecodeStop.TRUNCATED, DecodeStop.MALFORMED, DecodeStop.UNKNOWN_LINKTYPE, DecodeStop.UNKNOWN_ETHERTYPE,
          DecodeStop.FRAGMENT, DecodeStop.TOO_DEEP)  # fmt: skip
_TUNNELS = (Tunnel.NONE, Tunnel.VXLAN, Tunnel.GENEVE, Tunnel.IPIP, Tunnel.GRE)

# side table: column -> (field of the kernel's rows, bit that says it is there); "" and 0: always there
_PLAIN: dict[str, dict[str, tuple[str, int]]] = {
    "options": {"mss": ("mss", marks.MSS), "wscale": ("wscale", marks.WSCALE)},
    "fragments": {"frag_offset": ("frag_offset", 0), "more_fragments": ("more_fragments", 0)},
    "icmp": {
        "icmp_type": ("icmp_type", 0), "icmp_code": ("icmp_code", 0), "icmp_id": ("icmp_id", marks.ECHO),
        "icmp_seq": ("icmp_seq", marks.ECHO), "icmp_mtu": ("icmp_mtu", marks.MTU),
    },
    "quoted": {
        "quoted_src": ("src", 0), "quoted_dst": ("dst", 0), "quoted_proto": ("quoted_proto", 0),
        "quoted_sport": ("quoted_sport", marks.QUOTED_PORTS), "quoted_dport": ("quoted_dport", marks.QUOTED_PORTS),
        "quoted_seq": ("quoted_seq", marks.QUOTED_SEQ),
    },
    "arp": {
        "arp_op": ("arp_op", 0), "arp_sender_ip": ("sender_ip", 0), "arp_sender_mac": ("sender_mac", 0),
        "arp_target_ip": ("target_ip", 0), "arp_target_mac": ("target_mac", 0),
    },
    "dsr": {"dsr_addr": ("dsr", 0), "dsr_port": ("dsr_port", 0)},
    "damage": {"decode_stop_at": ("decode_stop_at", 0)},
    "ipsec": {
        "ipsec_proto": ("ipsec_proto", 0), "ipsec_spi": ("ipsec_spi", 0), "ipsec_seq": ("ipsec_seq", marks.IPSEC_SEQ),
    },
    "nd": {"nd_target": ("target", marks.ND_TARGET), "nd_mac": ("mac", marks.ND_MAC)},
}  # fmt: skip


def assemble(
    parts: Iterable[tuple[Packets, Sides]],
    lane_records: npt.NDArray[np.uint64],
    linktypes: Sequence[int],
    damage_note: str = "",
    flows: Any = None,
) -> Narrow:
    """Return the tables of one source from its parts in file order.

    ``lane_records`` (lanes, LANE_WORDS) are the lanes of all parts, ``linktypes`` those of the file's interfaces, ``flows`` the
    records (FLOW) of the lanes.
    """
    tables: list[pa.Table] = []
    sides: list[list[Any]] = []
    row = 0
    for packets, side in parts:
        tables.append(packet_table(packets))
        sides.append([counted_from(one, row) for one in side])
        row += len(packets.lane)
    whole = [np.concatenate(one) for one in zip(*sides, strict=True)] if sides else [
        np.empty(0, kind) for kind in buffers.SIDE_ROWS.values()
    ]  # fmt: skip
    sides_of = dict(zip(buffers.SIDE_ROWS, whole, strict=True))
    sides_of["wireguard"] = settled(sides_of["wireguard"])
    return Narrow(
        packets=pa.concat_tables([NARROW.empty_table(), *tables]),
        lanes=lane_table(lane_records, linktypes),
        sides={name: side_table(name, rows) for name, rows in sides_of.items()},
        flows=FLOWS.empty_table() if flows is None else flow_table(flows),
        damage_note=damage_note,
    )


def packet_table(packets: Packets) -> pa.Table:
    """Return the packets table (schema NARROW) of one part."""
    arrays = [
        pa.Array.from_buffers(field.type, len(column), [None, pa.py_buffer(column)])
        for field, column in zip(NARROW, packets, strict=True)
    ]
    return pa.table(arrays, schema=NARROW)


def counted_from(side: Any, first: int) -> Any:
    """Return a copy of a side table's rows that count from ``first``."""
    rows = np.array(side)
    rows["row"] += first
    return rows


def lane_table(records: npt.NDArray[np.uint64], linktypes: Sequence[int]) -> pa.Table:
    """Return the lanes table from the kernels' records."""
    words_of = (buffers.LANE_MASK, buffers.LANE_PORTS, buffers.LANE_LABELS)
    mask, ports, labels = (records[:, at].astype(np.int64) for at in words_of)
    vni = records[:, buffers.LANE_VNI].astype(np.int64)
    interface = vni & 0xFFFFFFFF
    words = {at: records[:, at] for at in range(buffers.LANE_WORDS)}
    network, tunnelled = mask & marks.NETWORK != 0, mask >> 24 & 0xFF > 0

    def high(at: int) -> npt.NDArray[np.uint64]:
        return words[at] >> np.uint64(48)

    def has(bit: int) -> Bools:
        found: Bools = (mask & bit) != 0
        return found

    columns: dict[str, tuple[Any, Bools]] = {
        "ifindex": (ports >> 32 & 0xFFFFFFFF, has(marks.IFINDEX)),
        "vlan": (high(buffers.LANE_ETH_SRC), has(marks.VLAN)),
        "ethertype": (high(buffers.LANE_ETH_DST), has(marks.ETHERTYPE)),
        "ip_version": (mask >> 32 & 0xFF, network),
        "proto": (mask >> 40 & 0xFF, network),
        "sport": (ports & 0xFFFF, has(marks.PORTS)),
        "dport": (ports >> 16 & 0xFFFF, has(marks.PORTS)),
        "vni": (vni >> 32 & 0xFFFFFFFF, has(marks.VNI)),
        "vxlan_flags": (labels & 0xFFFF, (mask >> 20 & 0x7) == marks.VXLAN),
        "vxlan_gbp": (labels >> 16 & 0xFFFF, has(marks.GBP)),
        "mpls_label": (labels >> 32, has(marks.MPLS)),
        "outer_sport": (high(buffers.LANE_OUTER_ETH_SRC), has(marks.OUTER_PORTS)),
        "outer_dport": (high(buffers.LANE_OUTER_ETH_DST), has(marks.OUTER_PORTS)),
        "depth": (mask >> 24 & 0xFF, np.ones(len(records), np.bool_)),
        "linktype": (np.array(linktypes, np.int64)[interface] & 0xFFFF, np.ones(len(records), np.bool_)),
        "interface": (interface, np.ones(len(records), np.bool_)),
    }
    for name, at, bit in (
        ("eth_src", buffers.LANE_ETH_SRC, marks.ETH_SRC), ("eth_dst", buffers.LANE_ETH_DST, marks.ETH_DST),
        ("outer_eth_src", buffers.LANE_OUTER_ETH_SRC, marks.OUTER_ETH_SRC),
        ("outer_eth_dst", buffers.LANE_OUTER_ETH_DST, marks.OUTER_ETH_DST),
    ):  # fmt: skip
        columns[name] = (_macs(words[at]), has(bit))
    for name, at, there in (
        ("src", buffers.LANE_SRC, network), ("dst", buffers.LANE_DST, network),
        ("outer_src", buffers.LANE_OUTER_SRC, tunnelled), ("outer_dst", buffers.LANE_OUTER_DST, tunnelled),
    ):  # fmt: skip
        columns[name] = (_addresses(words[at], words[at + 1]), there)
    arrays = {name: _column(LANES.field(name).type, values, valid) for name, (values, valid) in columns.items()}
    arrays["direction"] = _words(_DIRECTIONS, mask >> 16 & 0x7)
    arrays["tunnel"] = _words(_TUNNELS, mask >> 20 & 0x7)
    return pa.table([arrays[field.name] for field in LANES], schema=LANES)


def side_table(name: str, rows: Any) -> pa.Table:
    """Return one side table (schemas SIDE_TABLES) from the kernels' rows, which it copies: they may be used again.

    WireGuard's are those that are settled: captools.wire.settle decides the others once the whole file was read.
    """
    schema = SIDE_TABLES[name]
    if name in MESSAGE_TABLES:
        return head_table(rows) if name == "heads" else hello_table(rows)
    if name == "wireguard":
        return _wireguard_table(those(rows, rows["known"] == 1))
    arrays: dict[str, pa.Array] = {"row": pa.array(np.array(rows["row"]))}
    for column, (source, bit) in _PLAIN[name].items():
        valid = (rows["has"] & bit != 0) if bit else np.ones(len(rows), np.bool_)
        kind = schema.field(column).type
        arrays[column] = _column(kind, _values(rows, source, kind), valid)
    if name == "options":
        arrays["sack"] = _edges(rows)
    if name == "damage":
        arrays["decode_stop"] = _words(_STOPS, rows["why"])
    return pa.table([arrays[field.name] for field in schema], schema=schema)


def _values(rows: Any, source: str, kind: pa.DataType) -> Any:
    """Return the values of a column as its Arrow type stores them."""
    if kind == pa.binary(6):
        return _macs(rows[source])
    if kind == pa.binary(16):
        if f"{source}_hi" in rows.dtype.names:
            return _addresses(rows[f"{source}_hi"], rows[f"{source}_lo"])
        return _addresses(np.zeros(len(rows), np.uint64), rows[source].astype(np.uint64) | np.uint64(0xFFFF << 32))
    return rows[source]


def _wireguard_table(rows: Any) -> pa.Table:
    kind = rows["wg_type"]
    schema = SIDE_TABLES["wireguard"]
    valid = {
        "wg_sender": kind <= 2, "wg_receiver": kind >= 2, "wg_counter": kind == 4, "wg_type": kind > 0,
        "wg_messages": (rows["has"] & marks.WG_COUNTED) != 0,
    }  # fmt: skip
    columns = [_column(schema.field(name).type, rows[name], there) for name, there in valid.items()]
    return (
        pa.table([pa.array(np.array(rows["row"])), *columns], names=["row", *valid]).select(schema.names).cast(schema)
    )


def _edges(rows: Any) -> pa.Array:
    """Return the SACK edges as lists, null where a packet has none."""
    count = rows["sack_count"]
    some = np.flatnonzero(count)  # few: most options are those of a SYN
    edges = np.stack([rows[f"sack_{place}"][some] for place in range(8)], axis=1).astype(np.uint32)
    flat = edges[np.arange(8) < count[some][:, None]]
    offsets = np.zeros(len(rows) + 1, np.int32)
    np.cumsum(count, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat), mask=pa.array(count == 0))


def _column(kind: pa.DataType, values: Any, valid: Bools) -> pa.Array:
    if pa.types.is_fixed_size_binary(kind):
        bits = np.packbits(valid, bitorder="little")
        buffer = np.ascontiguousarray(values).tobytes()
        return pa.Array.from_buffers(kind, len(values), [pa.py_buffer(bits.tobytes()), pa.py_buffer(buffer)])
    if kind == pa.bool_():
        return pa.array(np.asarray(values) != 0, mask=~valid)
    return pa.array(np.asarray(values).astype(kind.to_pandas_dtype()), mask=~valid)


def _words(words: Sequence[str | None], codes: Any) -> pa.Array:
    known = [word.value if isinstance(word, (Direction, DecodeStop, Tunnel)) else word for word in words]
    indices = pa.array(codes.astype(np.int32), mask=np.array([word is None for word in words])[codes])
    return pa.DictionaryArray.from_arrays(indices, pa.array([word or "" for word in known])).cast(WORD)


def _addresses(high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    both = np.stack((high, low), axis=1).astype(">u8")
    return both.view(np.uint8).reshape(len(high), 16)


def _macs(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(words).astype(">u8").view(np.uint8).reshape(len(words), 8)[:, 2:]
