"""Frames of every kind captools decodes, packed with struct alone, and a reader of pcap files that is nobody's."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from captures import build

POD, PEER, NODE, OTHER = "172.20.0.88", "172.20.2.33", "192.168.10.100", "192.168.20.100"


def syn() -> bytes:
    options = (
        struct.pack("!BBH", 2, 4, 1410) + struct.pack("!BB", 4, 2) + build.timestamps(77, 88)[2:] + b"\x01\x03\x03\x07"
    )
    return build.tcp(sport=51000, dport=80, seq=0xFEDCBA98, flags=0xC2, options=options)


def v4(inner: bytes, proto: int, **more: int) -> bytes:
    return build.ipv4(inner, src=POD, dst=PEER, proto=proto, **more)  # type: ignore[arg-type]


def frames() -> dict[str, tuple[int, bytes]]:
    """Return what each frame shows -> link type and bytes."""
    echo = v4(build.icmp_echo(b"x" * 56, ident=0x0C0D, seq=3), 1)
    sack = struct.pack("!BBBBIIII", 1, 1, 5, 18, 100, 200, 300, 400)
    udp = build.udp(b"payload", sport=53000, dport=9999)
    data = build.wireguard_data(receiver=0xBD8D3B24, counter=2**63 + 5, sealed=96)

    def vxlan(port: int) -> bytes:
        inner = build.vxlan(build.ethernet(v4(syn(), 6)), vni=45966)
        return build.ethernet(build.ipv4(build.udp(inner, sport=33451, dport=port), src=NODE, dst=OTHER, proto=17))

    return {
        "syn": (build.EN10MB, build.ethernet(v4(syn(), 6, tos=0xB9))),
        "sack": (build.EN10MB, build.ethernet(v4(build.tcp(sport=1, dport=2, ack=9, flags=0x10, options=sack), 6))),
        "vlan": (build.EN10MB, build.ethernet(echo, vlans=(100,))),
        "vxlan 8472": (build.EN10MB, vxlan(8472)),
        "vxlan 4789": (build.EN10MB, vxlan(4789)),
        "vxlan group": (
            build.EN10MB,
            build.ethernet(
                v4(
                    build.udp(
                        build.vxlan(build.ethernet(v4(syn(), 6)), vni=7, flags=0x88, group=4660), sport=1, dport=8472
                    ),
                    17,
                )
            ),
        ),
        "wireguard messages": (
            build.EN10MB,
            build.ethernet(
                v4(
                    build.udp(
                        b"".join(build.wireguard_data(receiver=7, counter=5 + at, sealed=96) for at in range(3)),
                        sport=51871,
                        dport=51871,
                    ),
                    17,
                )
            ),
        ),
        "arp": (build.EN10MB, build.ethernet(build.arp(op=1, sender=NODE, target=OTHER), kind=0x0806)),
        "icmp error": (build.EN10MB, build.ethernet(v4(build.icmp_error(v4(syn(), 6)[:28], mtu=1450), 1))),
        "quoted ping": (build.EN10MB, build.ethernet(v4(build.icmp_error(echo[:36], kind=11, code=0), 1))),
        "fragment": (build.EN10MB, build.ethernet(v4(b"y" * 64, 17, flags=1, fragment=185))),
        "ipv6 udp": (
            build.EN10MB,
            build.ethernet(build.ipv6(udp, src="fd00::58", dst="fd00::21", proto=17), kind=0x86DD),
        ),
        "wireguard data": (build.EN10MB, build.ethernet(v4(build.udp(data, sport=51871, dport=51871), 17))),
        "wireguard hello": (
            build.EN10MB,
            build.ethernet(v4(build.udp(struct.pack("<II", 1, 7) + bytes(range(140)), sport=40_000, dport=51871), 17)),
        ),
        "raw": (build.RAW, echo),
        "raw ipv6": (build.RAW, build.ipv6(udp, src="fd00::58", dst="fd00::21", proto=17)),
        "sll": (build.LINUX_SLL, build.sll(echo, packet_type=4)),
        "sll2": (build.LINUX_SLL2, build.sll2(v4(udp, 17), ifindex=7, packet_type=4)),
    }


def records(path: Path) -> list[tuple[int, bytes]]:
    """Return (link type, bytes) of every whole frame of a little-endian pcap file; a damaged end is left out."""
    data = path.read_bytes()
    assert data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"), "a big-endian or pcapng file"
    linktype, at, found = struct.unpack_from("<I", data, 20)[0], 24, []
    while at + 16 <= len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        if at + 16 + size > len(data):
            break
        found.append((linktype, data[at + 16 : at + 16 + size]))
        at += 16 + size
    return found


@pytest.fixture(name="frames")
def all_frames() -> dict[str, tuple[int, bytes]]:
    """The frames above."""
    return frames()


@pytest.fixture(name="records")
def reader():
    """The reader above."""
    return records


@pytest.fixture
def capture_file(tmp_path: Path):
    """Give a function that writes one frame as a pcap file and returns its path."""

    def write(linktype: int, *frames: bytes) -> Path:
        path = tmp_path / "frames.pcap"
        stamp = 1_700_000_000_000_000_000
        path.write_bytes(build.pcap([(stamp, frame) for frame in frames], linktype=linktype))
        return path

    return write
