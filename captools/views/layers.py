"""One frame as nested layers, outside in, with their sizes: what a tunnel adds, against the MTU.

Sizes: Ethernet 14 (IEEE 802.3), IPv4 20 (RFC 791), IPv6 40 (RFC 8200), UDP 8 (RFC 768), VXLAN 8 (RFC 7348),
Geneve 8 plus options (RFC 8926), WireGuard data 16 before and 16 after the ciphertext (whitepaper, 5.4.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.addresses import to_text
from captools.model.analysis import Analysis
from captools.model.flows import proto_name
from captools.views.ladder import split_point

ETHERNET, UDP, VXLAN, GENEVE, GRE, VLAN_TAG, WG_HEADER, WG_TAG = 14, 8, 8, 8, 4, 4, 16, 16
WG_DATA = 4  # message type of transport data (whitepaper, 5.4.6)
IP_SIZE = {4: 20, 6: 40}
LINUX_VXLAN_PORT = 8472
SINGLE_SEGMENT = 1_600  # larger frames are super-frames: the kernel has yet to cut them (GSO, GRO)
_LINK_SIZE = {1: ETHERNET, 113: 16, 276: 20}  # EN10MB, LINUX_SLL, LINUX_SLL2; the raw link types have none
_LINK_NAME = {1: "Ethernet", 113: "Linux cooked header", 276: "Linux cooked header (SLL2)"}
_NEEDED = (
    "source", "point", "frame", "wire_len", "linktype", "vlan", "ip_version", "src", "dst", "proto", "ip_len", "sport",
    "dport", "payload_len", "tunnel", "vni", "outer_src", "outer_dst", "outer_sport", "outer_dport", "wg_type",
    "wg_counter", "eth_src", "eth_dst", "outer_eth_src", "outer_eth_dst",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One header or payload. ``kind`` colours it: link, ip, udp, tunnel, inner, payload, secret."""

    name: str
    size: int
    detail: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One real frame. The sizes of its layers add up to ``wire_len``; ``overhead`` is what the tunnel adds."""

    title: str
    source: str
    point: str
    frame: int
    wire_len: int
    layers: tuple[Layer, ...]
    overhead: int
    mtu: int | None

    @property
    def ip_bytes(self) -> int:
        """Bytes that count against the MTU: the frame without its link header."""
        return sum(layer.size for layer in self.layers if layer.kind != "link")


def stacks(analysis: Analysis) -> tuple[Stack, ...]:
    """Return one stack per kind of encapsulation seen: its largest frame that is not a super-frame."""
    found: list[Stack] = []
    table = analysis.packets
    if not table.num_rows:
        return ()
    for kind in ("vxlan", "geneve", "ipip", "gre"):
        row = _largest(table.filter(pc.field("tunnel").cast(pa.string()).isin([kind])))
        if row is not None:
            found.append(_tunnelled(row, kind, analysis))
    row = _largest(table.filter(pc.field("wg_type").isin([WG_DATA])))
    if row is not None:
        found.append(_wireguard(row, analysis))
    return tuple(found)


def _largest(rows: pa.Table) -> dict[str, Any] | None:
    """Return the largest whole row of at most SINGLE_SEGMENT bytes, else the largest of any."""
    # Rows of a text log have no captured bytes: their sizes are what somebody's options let tcpdump print.
    rows = rows.filter(pc.and_(rows["ip_len"].is_valid(), rows["cap_len"].is_valid()))
    if not rows.num_rows:
        return None
    sizes = rows["wire_len"].to_numpy()
    single = np.where(sizes <= SINGLE_SEGMENT, sizes, 0)
    best = int((single if single.any() else sizes).argmax())
    chosen: dict[str, Any] = rows.select(list(_NEEDED)).slice(best, 1).to_pylist()[0]
    return chosen


def _version(address: bytes | None) -> int:
    return 6 if address is not None and ":" in to_text(address) else 4


def _link(row: dict[str, Any]) -> list[Layer]:
    size = _LINK_SIZE.get(row["linktype"], 0)
    layers = [Layer(name=_LINK_NAME[row["linktype"]], size=size, detail="outer", kind="link")] if size else []
    if row["vlan"] is not None and size:
        layers.append(Layer(name="VLAN tag", size=VLAN_TAG, detail=f"id {row['vlan'] & 0xFFF}", kind="link"))
    return layers


def _ip(version: int, src: bytes | None, dst: bytes | None, kind: str) -> Layer:
    return Layer(name=f"IPv{version}", size=IP_SIZE[version], detail=f"{to_text(src)} → {to_text(dst)}", kind=kind)


def _tunnelled(row: dict[str, Any], kind: str, analysis: Analysis) -> Stack:
    outer: list[Layer] = [_ip(_version(row["outer_src"]), row["outer_src"], row["outer_dst"], "ip")]
    if kind in ("vxlan", "geneve"):
        outer.append(
            Layer(name="UDP", size=UDP, detail=f"{row['outer_sport']} → {row['outer_dport']}", kind="udp")
        )  # fmt: skip
        outer.append(_header(row, kind, analysis))
        if not _ip_right_inside(row, outer):
            outer.append(Layer(name="Ethernet", size=ETHERNET, detail="inner", kind="inner"))
    elif kind == "gre":
        outer.append(Layer(name="GRE", size=GRE, detail="", kind="tunnel"))
    inner = _inner(row)
    link = _link(row)
    rest = row["wire_len"] - sum(layer.size for layer in (*link, *outer, *inner))
    if rest > 0:
        name = "Geneve options" if kind == "geneve" else "tags, options or padding"
        outer.insert(len(outer) - (kind == "geneve"), Layer(name=name, size=rest, detail="", kind="tunnel"))
    added = sum(layer.size for layer in outer)
    return _stack(row, f"{kind.upper()} at {row['point']}", (*link, *outer, *inner), added, analysis)


def _ip_right_inside(row: dict[str, Any], outer: list[Layer]) -> bool:
    """Tell whether the tunnel carries IP without an Ethernet header.

    Then the innermost Ethernet addresses are the frame's own, and its size leaves no room for others.
    """
    same = (row["eth_src"], row["eth_dst"]) == (row["outer_eth_src"], row["outer_eth_dst"])
    return same and row["wire_len"] - sum(layer.size for layer in (*_link(row), *outer, *_inner(row))) < ETHERNET


def _header(row: dict[str, Any], kind: str, analysis: Analysis) -> Layer:
    if kind == "geneve":
        return Layer(name="Geneve", size=GENEVE, detail=f"VNI {row['vni']}", kind="tunnel")
    # tcpdump before 4.99.6 takes port 8472 for OTV and calls the VNI an instance.
    name = "VXLAN (tcpdump: OTV)" if row["outer_dport"] == LINUX_VXLAN_PORT else "VXLAN"
    word = "instance" if row["outer_dport"] == LINUX_VXLAN_PORT else "VNI"
    labels = analysis.cluster.identity_name(row["vni"])
    known = f" = {labels}" if labels and labels != str(row["vni"]) else ""
    return Layer(name=name, size=VXLAN, detail=f"{word} {row['vni']}{known}", kind="tunnel")


def _inner(row: dict[str, Any]) -> list[Layer]:
    version = row["ip_version"] if row["ip_version"] in IP_SIZE else 4
    layers = [_ip(version, row["src"], row["dst"], "inner")]
    payload = row["payload_len"] or 0
    transport = max(row["ip_len"] - IP_SIZE[version] - payload, 0)
    ports = f"{row['sport']} → {row['dport']}" if row["sport"] is not None else ""
    if transport:
        layers.append(Layer(name=proto_name(row["proto"]).upper(), size=transport, detail=ports, kind="inner"))
    if payload:
        layers.append(Layer(name="payload", size=payload, detail="", kind="payload"))
    return layers


def _wireguard(row: dict[str, Any], analysis: Analysis) -> Stack:
    version = row["ip_version"] if row["ip_version"] in IP_SIZE else 4
    secret = max(row["ip_len"] - IP_SIZE[version] - UDP - WG_HEADER - WG_TAG, 0)
    counter = f", counter {row['wg_counter']}" if row["wg_counter"] is not None else ""
    layers = (
        *_link(row),
        _ip(version, row["src"], row["dst"], "ip"),
        Layer(name="UDP", size=UDP, detail=f"{row['sport']} → {row['dport']}", kind="udp"),
        Layer(name="WireGuard data", size=WG_HEADER + WG_TAG, detail=f"header 16, tag 16{counter}", kind="tunnel"),
        Layer(name="encrypted", size=secret, detail="the pod's packet, padded to 16", kind="secret"),
    )
    link = sum(layer.size for layer in layers if layer.kind == "link")
    rest = row["wire_len"] - link - row["ip_len"]
    if rest > 0:
        layers = (*layers, Layer(name="padding of the link", size=rest, detail="", kind="link"))
    overhead = IP_SIZE[version] + UDP + WG_HEADER + WG_TAG
    return _stack(row, f"WireGuard at {row['point']}", layers, overhead, analysis)


def _stack(row: dict[str, Any], title: str, layers: tuple[Layer, ...], added: int, analysis: Analysis) -> Stack:
    node, interface = split_point(row["point"] or "")
    here = analysis.cluster.node(node)
    link = here.link(interface) if here else None
    return Stack(
        title=title, source=row["source"] or "", point=row["point"] or "", frame=row["frame"] or 0,
        wire_len=row["wire_len"], layers=layers, overhead=added, mtu=link.mtu or None if link else None,
    )  # fmt: skip
