"""The fused kernel: walk the records of a pcap, decode each packet, write its rows."""

from __future__ import annotations

from typing import Any

from captools.wire.decode import MAX_DEPTH
from captools.wire.kernels.batch import finish_batch, has_room
from captools.wire.kernels.buffers import (
    AT,
    AT_ONCE,
    IMPOSSIBLE_LENGTH,
    NEED_MORE,
    PART_FULL,
    ROWS,
    RUNNING,
    STATUS,
)
from captools.wire.kernels.compiler import inlined, kernel
from captools.wire.kernels.emit import emit_packet, emit_sides
from captools.wire.kernels.hashing import hash_payload
from captools.wire.kernels.ipsec import esp, esp_in_udp
from captools.wire.kernels.lanes import lane_key
from captools.wire.kernels.link import link_layer
from captools.wire.kernels.loads import u32, u32le
from captools.wire.kernels.marks import IPIP, NO_KIND, TOO_DEEP, UNKNOWN_ETHERTYPE, WIREGUARD
from captools.wire.kernels.network import arp, ipv4, ipv6
from captools.wire.kernels.shims import shims
from captools.wire.kernels.state import begin, payload, stop
from captools.wire.kernels.transport import icmp, sctp, tcp, udp
from captools.wire.kernels.tunnels import gre, open_tunnel, udp_tunnel
from captools.wire.kernels.wireguard import wireguard

_HAS_PAYLOAD = 0x20
_IPV4, _IPV6, _ARP = 0x0800, 0x86DD, 0x0806


@kernel
def dissect(f: Any, s: Any, linktype: Any, port_tunnels: Any) -> None:
    """Follow the headers of one frame inwards until nothing more is inside."""
    kind = link_layer(f, s, linktype)
    for _ in range(MAX_DEPTH + 1):
        if kind != _IPV4 and kind != _IPV6 and kind != _ARP:
            kind = shims(f, s, kind)
        if kind == NO_KIND:
            return
        if kind == _IPV4:
            proto = ipv4(f, s)
        elif kind == _IPV6:
            proto = ipv6(f, s)
        elif kind == _ARP:
            arp(f, s)
            return
        else:
            stop(s, UNKNOWN_ETHERTYPE)
            return
        if proto < 0:
            return
        kind = _transport(f, s, proto, port_tunnels)
    if kind != NO_KIND:
        stop(s, TOO_DEEP)


@kernel
def _transport(f: Any, s: Any, proto: Any, port_tunnels: Any) -> Any:
    """Read what IP carries; return the EtherType of what a tunnel carries."""
    kind = NO_KIND
    if proto == 6:
        tcp(f, s)
    elif proto == 17:
        udp(f, s)
        # A fragmented datagram holds only the head of what it carries: its inner lengths would lie.
        if s.has & _HAS_PAYLOAD and not s.more_fragments:
            kind = udp_tunnel(f, s, port_tunnels)
            if kind == NO_KIND:
                wireguard(f, s)
                if not s.rare & WIREGUARD:
                    esp_in_udp(f, s)
    elif proto == 1:
        icmp(f, s, False, port_tunnels)
    elif proto == 58:
        icmp(f, s, True, port_tunnels)
    elif proto == 4:
        open_tunnel(s, IPIP)
        kind = _IPV4
    elif proto == 41:
        open_tunnel(s, IPIP)
        kind = _IPV6
    elif proto == 47:
        kind = gre(f, s)
    elif proto == 50:
        esp(f, s)
    elif proto == 132:
        sctp(f, s)
    elif proto == 136:
        udp(f, s)
    else:
        payload(s)
    return kind


@inlined
def decode_one(
    f: Any, s: Any, base: Any, cap_len: Any, wire_len: Any, ts_ns: Any, file_offset: Any, interface: Any,
    linktype: Any, port_tunnels: Any, keys: Any, packets: Any, sides: Any, pending: Any, place: Any, c: Any,
) -> None:  # fmt: skip
    """Decode the frame at ``base`` into the next row; its lane's key goes to ``place`` of ``pending``."""
    row = c[ROWS]
    begin(s, base, cap_len, wire_len, interface)
    dissect(f, s, linktype, port_tunnels)
    lane_key(s, pending.keys[place])
    if s.has & _HAS_PAYLOAD:
        hash_payload(f, s, keys)
    emit_packet(s, packets, row)
    packets.ts_ns[row] = ts_ns
    packets.offset[row] = file_offset
    packets.cap_len[row] = cap_len
    packets.wire_len[row] = wire_len
    if s.rare or s.why:
        emit_sides(f, s, sides, row, c)
    c[ROWS] = row + 1
    if c[ROWS] >= packets.lane.shape[0]:
        c[STATUS] = PART_FULL


@kernel
def decode_pcap(
    f: Any, have: Any, before: Any, little: Any, tick_ns: Any, header: Any, largest: Any, scratch: Any,
    linktype: Any, port_tunnels: Any, keys: Any, packets: Any, sides: Any, lanes: Any, pending: Any, c: Any,
) -> None:  # fmt: skip
    """Walk and decode the pcap records in ``f[c[AT]:have]`` until STATUS says why it ends.

    ``before`` is the file offset of ``f[0]``. ``f`` is at least 16 bytes longer than ``have``. The part has room for
    a packet.
    """
    s = scratch[0]
    c[STATUS] = RUNNING
    while c[STATUS] == RUNNING:
        if not has_room(lanes, pending, c):
            return
        count = 0
        first_row = c[ROWS]
        at = c[AT]
        while count < AT_ONCE and c[STATUS] == RUNNING:
            base = at + header
            if base > have:
                c[STATUS] = NEED_MORE
                break
            cap_len = u32le(f, at + 8) if little else u32(f, at + 8)
            if cap_len > largest:
                c[STATUS] = IMPOSSIBLE_LENGTH
                break
            if base + cap_len > have:
                c[STATUS] = NEED_MORE
                break
            if little:
                ts_ns = u32le(f, at) * 1_000_000_000 + u32le(f, at + 4) * tick_ns
                wire_len = u32le(f, at + 12)
            else:
                ts_ns = u32(f, at) * 1_000_000_000 + u32(f, at + 4) * tick_ns
                wire_len = u32(f, at + 12)
            decode_one(
                f, s, base, cap_len, wire_len, ts_ns, before + base, 0, linktype, port_tunnels, keys, packets, sides,
                pending, count, c,
            )  # fmt: skip
            count += 1
            at = base + cap_len
        c[AT] = at
        finish_batch(f, before, packets, lanes, pending, count, first_row, c)
