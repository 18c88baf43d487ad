"""Frames: the bytes of many packets at once, header field by header field (numpy scatters).

Checksums of IP are right; those of TCP, UDP and ICMP are what a capture before the network card's offload shows.
"""

from __future__ import annotations

import numpy as np

from captures.traffic.canvas import Canvas
from captures.traffic.payload import Filler
from captures.traffic.scripts import ACK, ARP, ICMP, SYN, TCP, UDP, WG_DATA, WG_INITIATION, WG_RESPONSE
from captures.traffic.sessions import CLASSES, GENEVE, GRE, IPIP, NONE, VXLAN, Bits, Ints, Packets, Script, Sessions

LINKS = {"en10mb": (1, 14), "sll": (113, 16), "sll2": (276, 20), "raw": (101, 0), "null": (0, 4)}
WITHOUT_ARP = ("raw", "null")  # these carry IP only
_ENCAP_SIZE = np.array([0, 50, 50, 20, 24])
_NODE_NET = 192 << 24 | 168 << 16 | 1 << 8 | 10
_WG_HEAD = {WG_DATA: 16, WG_INITIATION: 8, WG_RESPONSE: 12}


class Frames:
    """Lays out and writes the frames of a block. ``behind`` is the pod side (point "b")."""

    def __init__(self, script: Script, filler: Filler, link: str, *, behind: bool) -> None:
        self.script, self.filler, self.link, self.behind = script, filler, link, behind

    def sizes(self, packets: Packets) -> Ints:
        """Return the length of each frame in bytes."""
        size: Ints = self._link_size(packets) + _ENCAP_SIZE[packets.encap] + self._ip_size(packets)
        return size

    def _link_size(self, packets: Packets) -> Ints:
        return LINKS[self.link][1] + 4 * packets.vlan

    def _ip_head(self, packets: Packets) -> Ints:
        return np.where(packets.kind == ARP, 0, np.where(packets.v6 == 1, 40, 20))

    def _l4_head(self, packets: Packets) -> Ints:
        size = np.where(packets.kind == TCP, np.where(packets.flags & SYN, 40, 32), 8)
        for kind, head in _WG_HEAD.items():
            size = size + np.where(packets.kind == kind, head, 0)
        return np.where(packets.kind == ARP, 28, size)

    def _ip_size(self, packets: Packets) -> Ints:
        return self._ip_head(packets) + self._l4_head(packets) + self.filler.sizes[packets.template]

    def write(self, canvas: Canvas, at: Ints, sessions: Sessions, packets: Packets) -> None:
        """Write the frames whose first bytes are ``at``."""
        to = 1 - packets.side
        src = sessions.address[packets.side, packets.session]
        dst = sessions.address[to, packets.session]
        sport = sessions.port[packets.side, packets.session]
        dport = sessions.port[to, packets.session]
        client = packets.side == 0
        if self.behind:
            translated = (_encap_of(sessions, packets) == NONE) & (packets.kind == TCP)
            dport = np.where(translated & client & (dport == 80), 8080, dport)
            sport = np.where(translated & ~client & (sport == 80), 8080, sport)
        else:  # what is not in a tunnel still talks to the service's address
            plain = (packets.encap == NONE) & (packets.kind < ARP)
            service = sessions.service[packets.session]
            src, dst = np.where(plain & ~client, service, src), np.where(plain & client, service, dst)
        nodes = (sessions.node[packets.side, packets.session], sessions.node[to, packets.session])
        self._link(canvas, at, packets, src, dst, nodes)
        at = at + self._link_size(packets)
        self._encapsulation(canvas, at, sessions, packets, src, dst, nodes)
        at = at + _ENCAP_SIZE[packets.encap]
        _arp(canvas, at, packets, src, dst)
        self._ip(canvas, at, packets, src, dst, nodes)
        at = at + self._ip_head(packets)
        self._tcp(canvas, at, sessions, packets, sport, dport)
        self._udp(canvas, at, packets, sport, dport)
        self._wireguard(canvas, at + 8, sessions, packets)
        rows = np.flatnonzero(packets.kind == ICMP)
        canvas.u8(at[rows], packets.flags[rows])
        canvas.u16(at[rows] + 4, sessions.port[0, packets.session[rows]])
        canvas.u16(at[rows] + 6, self.script.seq[packets.step[rows]] + 1)
        self.filler.fill(canvas, at + self._l4_head(packets), sessions, packets)

    def _link(self, canvas: Canvas, at: Ints, packets: Packets, src: Ints, dst: Ints, nodes: tuple[Ints, Ints]) -> None:
        kind, tagged = _ethertype(packets), np.flatnonzero(packets.vlan)
        first = np.where(packets.vlan == 1, 0x8100, kind)
        tag = at + LINKS[self.link][1]
        canvas.u16(tag[tagged], 100 + packets.session[tagged] % 8)
        canvas.u16(tag[tagged] + 2, kind[tagged])
        direction = np.where(packets.side == 0, 0, 4)
        if self.link == "en10mb":
            tunnelled = packets.encap != NONE
            canvas.mac(at, 0x43 if self.behind else 0x42, np.where(tunnelled, nodes[1], dst))
            canvas.mac(at + 6, 0x43 if self.behind else 0x42, np.where(tunnelled, nodes[0], src))
            asking = at[(packets.kind == ARP) & (packets.side == 0)]
            canvas.u32(asking, 0xFFFFFFFF)
            canvas.u16(asking + 4, 0xFFFF)
            canvas.u16(at + 12, first)
        elif self.link == "sll":
            for where, value in ((0, direction), (2, 1), (4, 6), (14, first)):
                canvas.u16(at + where, value)
            canvas.mac(at + 6, 0x42, src)
        elif self.link == "sll2":
            canvas.u16(at, first)
            canvas.u32(at + 4, 2 + packets.session % 6)
            canvas.u16(at + 8, 1)
            canvas.u8(at + 10, direction)
            canvas.u8(at + 11, 6)
            canvas.mac(at + 12, 0x42, src)
        elif self.link == "null":
            canvas.u8(at, np.where(kind == 0x86DD, 30, 2))

    def _encapsulation(
        self, canvas: Canvas, at: Ints, sessions: Sessions, packets: Packets, src: Ints, dst: Ints,
        nodes: tuple[Ints, Ints],
    ) -> None:  # fmt: skip
        total = _ENCAP_SIZE[packets.encap] + self._ip_size(packets)
        ident = _bits(packets.random, 33)
        for encap, proto in ((VXLAN, 17), (GENEVE, 17), (IPIP, 4), (GRE, 47)):
            rows = np.flatnonzero(packets.encap == encap)
            where = at[rows]
            canvas.ipv4(
                where, total[rows], ident[rows], 64, proto, _NODE_NET + nodes[0][rows], _NODE_NET + nodes[1][rows]
            )
            if encap == GRE:
                canvas.u16(where + 22, 0x0800)
            elif encap in (VXLAN, GENEVE):
                canvas.u16(where + 20, 49_152 + _bits(sessions.hash[packets.session[rows]], 0) % 16_384)
                canvas.u16(where + 22, 8472 if encap == VXLAN else 6081)
                canvas.u16(where + 24, total[rows] - 20)
                if encap == VXLAN:
                    canvas.u8(where + 28, 8)
                else:
                    canvas.u16(where + 30, 0x6558)
                canvas.u32(where + 32, 2 + packets.session[rows] % 5 * 100 << 8)  # the VNI is the identity
                canvas.mac(where + 36, 0x66, dst[rows])
                canvas.mac(where + 42, 0x66, src[rows])
                canvas.u16(where + 48, 0x0800)

    def _ip(self, canvas: Canvas, at: Ints, packets: Packets, src: Ints, dst: Ints, nodes: tuple[Ints, Ints]) -> None:
        proto = np.array([6, 17, 1, 0, 17, 17, 17])[packets.kind]
        size, ident, ttl = self._ip_size(packets), _bits(packets.random, 16), 63 if self.behind else 64
        between = packets.kind >= WG_DATA
        src = np.where(between, _NODE_NET + nodes[0], src)
        dst = np.where(between, _NODE_NET + nodes[1], dst)
        rows = np.flatnonzero((packets.kind != ARP) & (packets.v6 == 0))
        canvas.ipv4(at[rows], size[rows], ident[rows], ttl, proto[rows], src[rows], dst[rows])
        rows = np.flatnonzero((packets.kind != ARP) & (packets.v6 == 1))
        where = at[rows]
        canvas.u8(where, 0x60)
        canvas.u16(where + 4, size[rows] - 40)
        canvas.u8(where + 6, proto[rows])
        canvas.u8(where + 7, ttl)
        for offset, address in ((8, src[rows]), (24, dst[rows])):
            canvas.u32(where + offset, 0xFD00_0010)
            canvas.u32(where + offset + 12, address)

    def _tcp(
        self, canvas: Canvas, at: Ints, sessions: Sessions, packets: Packets, sport: Ints, dport: Ints
    ) -> None:  # fmt: skip
        rows = np.flatnonzero(packets.kind == TCP)
        where, session, step, side = at[rows], packets.session[rows], packets.step[rows], packets.side[rows]
        flags, to = packets.flags[rows], 1 - packets.side[rows]
        canvas.u16(where, sport[rows])
        canvas.u16(where + 2, dport[rows])
        canvas.u32(where + 4, sessions.first_seq[side, session] + self.script.seq[step] & 0xFFFFFFFF)
        acked = sessions.first_seq[to, session] + self.script.ack[step] & 0xFFFFFFFF
        canvas.u32(where + 8, np.where(flags & ACK, acked, 0))
        canvas.u8(where + 12, np.where(flags & SYN, 0xA0, 0x80))
        canvas.u8(where + 13, flags)
        canvas.u16(where + 14, np.where(flags & SYN, 64_240, 501))
        canvas.u16(where + 16, _bits(packets.random[rows], 7))
        # Timestamps are the sender's: the same at every point, however late the packet passes it.
        clock = sessions.start_ns[session] // 1_000_000 + self.script.at_us[step] // 1_000
        tsval = sessions.first_stamp[side, session] + clock & 0xFFFFFFFF
        tsecr = np.where(flags & ACK, sessions.first_stamp[to, session] + clock - 1 & 0xFFFFFFFF, 0)
        for syn, options, stamp in (
            (flags & SYN != 0, b"\x02\x04\x05\xa8\x04\x02\x08\x0a" + bytes(8) + b"\x01\x03\x03\x07", 28),
            (flags & SYN == 0, b"\x01\x01\x08\x0a", 24),
        ):
            canvas.block(where[syn] + 20, options)
            canvas.u32(where[syn] + stamp, tsval[syn])
            canvas.u32(where[syn] + stamp + 4, tsecr[syn])

    def _udp(self, canvas: Canvas, at: Ints, packets: Packets, sport: Ints, dport: Ints) -> None:
        rows = np.flatnonzero((packets.kind == UDP) | (packets.kind >= WG_DATA))
        sealed = packets.kind[rows] >= WG_DATA
        canvas.u16(at[rows], np.where(sealed, 51_871, sport[rows]))
        canvas.u16(at[rows] + 2, np.where(sealed, 51_871, dport[rows]))
        canvas.u16(at[rows] + 4, (self._ip_size(packets) - self._ip_head(packets))[rows])

    def _wireguard(self, canvas: Canvas, at: Ints, sessions: Sessions, packets: Packets) -> None:
        for kind, message in ((WG_DATA, 4), (WG_INITIATION, 1), (WG_RESPONSE, 2)):
            rows = np.flatnonzero(packets.kind == kind)
            where, session, side = at[rows], packets.session[rows], packets.side[rows]
            canvas.u8(where, message)
            canvas.u32(where + 4, sessions.first_seq[side, session], little=True)
            if kind == WG_DATA:
                canvas.u32(where + 8, self.script.seq[packets.step[rows]], little=True)
            elif kind == WG_RESPONSE:
                canvas.u32(where + 8, sessions.first_seq[1 - side, session], little=True)


def _encap_of(sessions: Sessions, packets: Packets) -> Ints:
    """Return the encapsulation each packet had at point "a"."""
    kinds: Ints = np.array([one[1] for one in CLASSES])
    return kinds[sessions.klass[packets.session]]


def _ethertype(packets: Packets) -> Ints:
    inner = np.where(packets.v6 == 1, 0x86DD, 0x0800)
    return np.where(packets.kind == ARP, 0x0806, np.where(packets.encap != NONE, 0x0800, inner))


def _bits(value: Bits, shift: int) -> Ints:
    """Return sixteen bits of ``value``."""
    return ((value >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64)


def _arp(canvas: Canvas, at: Ints, packets: Packets, src: Ints, dst: Ints) -> None:
    rows = np.flatnonzero(packets.kind == ARP)
    where = at[rows]
    canvas.block(where, bytes.fromhex("0001080006040000"))
    canvas.u16(where + 6, packets.flags[rows])
    canvas.mac(where + 8, 0x42, src[rows])
    canvas.u32(where + 14, src[rows])
    known = packets.flags[rows] == 2
    canvas.mac(where[known] + 18, 0x42, dst[rows][known])
    canvas.u32(where + 24, dst[rows])
