"""Captures to begin with: every header we read, from `captures.build`, the generator and the reference cases."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from captools.store.files import read_file
from captures import build, cases
from captures.generate import generate

START_NS = 1_700_000_000_000_000_000
_A, _B, _A6, _B6 = "10.0.1.7", "10.0.2.9", "fd00::7", "fd00::9"
_DSR = b"\x01\x4b\x81\x02" + bytes(range(8))
_LINKS = ("en10mb", "sll", "sll2", "raw", "null")
_CUT = 2_000  # bytes of a reference capture, from its beginning


def _v4(inner: bytes, proto: int, **more: int | bytes) -> bytes:
    return build.ipv4(inner, src=_A, dst=_B, proto=proto, **more)  # type: ignore[arg-type]


def _v6(inner: bytes, proto: int) -> bytes:
    return build.ipv6(inner, src=_A6, dst=_B6, proto=proto)


def stock() -> list[bytes]:
    """Return Ethernet frames of many kinds, short ones: a mutation must be likely to hit what matters."""
    mss = b"\x02\x04\x05\xb4\x04\x02\x03\x03\x07"
    syn = _v4(build.tcp(sport=40_000, dport=80, flags=2, options=mss + build.timestamps(1, 0)), 6)
    get = _v4(build.tcp(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", sport=40_000, dport=80, flags=0x18), 6)
    query = bytes.fromhex("1234010000010000000000000377777703636f6d0000010001")
    echo = build.icmp_echo(b"ping", ident=1, seq=2)
    data = build.wireguard_data(receiver=7, counter=3, sealed=32)
    shaken = build.udp(b"\x01\0\0\0" + bytes(144), sport=51_871, dport=51_871)
    plain = [
        syn, get, _v4(build.udp(query, sport=5_000, dport=53), 17), _v4(echo, 1),
        _v4(build.icmp_error(syn, mtu=1_400), 1), _v4(build.udp(data, sport=51_871, dport=51_871), 17), _v4(shaken, 17),
        _v4(build.udp(b"x", sport=1, dport=2), 136), _v4(struct.pack("!HHII", 5, 6, 7, 8) + bytes(16), 132),
        _v4(struct.pack("!II", 9, 1) + bytes(24), 50), _v4(struct.pack("!BBHII", 4, 4, 0, 9, 1) + bytes(12) + syn, 51),
        _v4(build.udp(b"\0\0\0\x07" + bytes(24), sport=4_500, dport=4_500), 17), _v4(syn, 4), _v4(_v6(echo, 58), 41),
        _v4(build.tcp(b"late", sport=1, dport=2), 6, fragment=185), _v4(echo, 1, options=b"\x94\x04\0\0"),
    ]  # fmt: skip
    inner = build.ethernet(get, vlans=(7,))
    carried = [
        _v4(build.udp(build.vxlan(inner, vni=4_711), sport=9, dport=8_472), 17),
        _v4(build.udp(build.geneve(inner, vni=5, options=_DSR), sport=9, dport=6_081), 17),
        _v4(build.gre(syn, key=3), 47), _v4(build.gre(inner, kind=0x6558), 47),
        _v4(build.udp(build.vxlan(build.ethernet(_v4(build.gre(syn), 47)), vni=1), sport=9, dport=4_789), 17),
    ]  # fmt: skip
    solicit = b"\x87\0\0\0\0\0\0\0" + bytes(15) + b"\x09" + b"\x01\x01\x02\0\0\0\0\x01"
    sixes = [
        _v6(build.tcp(sport=443, dport=50_000, flags=0x12), 6), _v6(solicit, 58),
        _v6(bytes((44, 0, 1, 4, 0, 0, 0, 0)) + bytes((17, 0, 0, 0, 0, 0, 0, 9)) + build.udp(b"y", sport=3, dport=4), 0),
    ]  # fmt: skip
    shims = struct.pack("!I", 16 << 12 | 1 << 8 | 64) + syn
    return [
        *(build.ethernet(one) for one in plain + carried), *(build.ethernet(one, kind=0x86DD) for one in sixes),
        build.ethernet(build.arp(op=1, sender=_A, target=_B), kind=0x0806), build.ethernet(shims, kind=0x8847),
        build.ethernet(syn, vlans=(1, 2)), build.ethernet(b"?" * 20, kind=0x1234),
    ]  # fmt: skip


def stamped(frames: list[bytes]) -> list[tuple[int, bytes]]:
    """Give each frame a time, a millisecond apart."""
    return [(START_NS + at * 1_000_000, frame) for at, frame in enumerate(frames)]


def pcaps() -> Iterator[bytes]:
    """Yield small pcap files: of every header, every link type, every byte order, and from the reference cases."""
    frames = stock()
    for first in range(0, len(frames), 6):
        yield build.pcap(stamped(frames[first : first + 6]))
    yield build.pcap(stamped(frames[:3]), nanoseconds=False, order=">", snaplen=60)
    yield build.pcap([])
    yield b"\x34\xcd\xb2\xa1" + build.pcap([])[4:] + struct.pack("<IIIIIHBB", 1, 2, 20, 20, 3, 8, 0, 0) + bytes(20)
    for link in _LINKS:
        yield b"".join(generate(packets=12, seed=3, link=link))
    for case in cases():
        for path in case.captures[:3]:
            yield read_file(path)[0][:_CUT]


def pcapngs() -> Iterator[bytes]:
    """Yield small pcapng files: several sections, interfaces and clocks, and every kind of block we read."""
    frames = stock()
    yield build.pcapng([(0, at, frame) for at, frame in stamped(frames)[:8]])
    for order in "<>":
        two = build.pcapng(
            [(at % 2, START_NS + at, frame) for at, frame in enumerate(frames[8:14])],
            interfaces=((1, "eth0"), (101, "cilium_wg0")), order=order,
        )  # fmt: skip
        yield two + blocks(order)
        yield two + build.pcapng([(0, START_NS, frames[0])])  # a second section
    yield b"".join(generate(packets=10, seed=3, form="pcapng"))


def blocks(order: str) -> bytes:
    """Return the blocks that tools write rarely: obsolete and simple packets, counts, names, comments, secrets."""

    def block(kind: int, body: bytes) -> bytes:
        body += b"\0" * (-len(body) % 4)
        size = struct.pack(order + "I", len(body) + 12)
        return struct.pack(order + "I", kind) + size + body + size

    frame = stock()[0]
    count = struct.pack(order + "IIIHHQ", 0, 0, 0, 5, 8, 17)
    return b"".join((
        block(3, struct.pack(order + "I", len(frame)) + frame),
        block(2, struct.pack(order + "HHIIII", 0, 0, 0, 9, len(frame), len(frame)) + frame),
        block(5, count), block(4, struct.pack(order + "HH", 1, 8) + bytes((10, 0, 0, 1)) + b"pod\0"),
        block(10, struct.pack(order + "II", 0x544C534B, 4) + b"KEYS"), block(0x0BAD, struct.pack(order + "I", 1)),
        block(1, struct.pack(order + "HHI", 276, 0, 96) + struct.pack(order + "HHBxxx", 9, 1, 0x94)
              + struct.pack(order + "HHq", 14, 8, -7)),
    ))  # fmt: skip
