"""Any segments in any order give the HTTP, TLS and DNS heads they hold; nothing raises, nothing takes long.

An input is a row of segments: a control byte (side, SYN, FIN, service), a step (how the sequence number moves before
it), a length, and that many bytes.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

import atheris

from captures import build
from tests.fuzz.frames import stamped
from tests.fuzz.growth import check_growth, chosen
from tests.fuzz.readers import check_rows, records_of

MAX_LEN = 4_096
_BACK, _SYN, _FIN, _UDP = 1, 2, 4, 8
_SERVICES = (80, 443, 53, 8_080)
_GROWN = 600
_STARTS = (1_000, 0xFFFFFF00)  # one side's numbers wrap


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; ``step`` is added to the place where the side's bytes go on."""

    control: int
    step: int
    payload: bytes


def pack(segments: list[Segment]) -> bytes:
    """Return an input."""
    return b"".join(
        struct.pack("<BbH", one.control, one.step, len(one.payload)) + one.payload for one in segments
    )  # fmt: skip


def unpack(data: bytes) -> list[Segment]:
    """Return the segments of an input: any bytes are some."""
    found, at = [], 0
    while at + 4 <= len(data):
        control, step, length = struct.unpack_from("<BbH", data, at)
        found.append(Segment(control, step, data[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def seeds() -> Iterator[bytes]:
    """Yield conversations, in one piece and cut into many."""
    get = b"GET /a?b=c HTTP/1.1\r\nHost: shop\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n"
    post = b"POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nT: x\r\n\r\n"
    # RFC 7541, C.3.1: a request for http://www.example.com/
    headers = bytes.fromhex("828684410f7777772e6578616d706c652e636f6d")
    frame = struct.pack("!I", len(headers))[1:] + b"\x01\x04\0\0\0\x01" + headers
    h2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0" + frame
    extensions = b"\0\0\0\x09\0\x07\0\0\x04shop" + b"\0\x10\0\x05\0\x03\x02h2" + b"\0\x2b\0\x03\x02\x03\x04"
    body = (
        b"\x03\x03"
        + bytes(32)
        + b"\0"
        + b"\0\x02\x13\x01"
        + b"\x01\0"
        + struct.pack("!H", len(extensions))
        + extensions
    )
    hello = b"\x01" + struct.pack("!I", len(body))[1:] + body
    hello = b"\x16\x03\x01" + struct.pack("!H", len(hello)) + hello
    query = bytes.fromhex("1234818000010001000000000377777703636f6d0000010001c00c00010001000000050004") + bytes(4)
    both = ((0, get + post + get), (_BACK, answer + chunked + b"HTTP/1.0 304 x\r\n\r\n"))
    talks = (
        both, ((0, h2), (_BACK, b"\0\0\0\x04\0\0\0\0\0" + frame)), ((0x10, hello),),
        ((0x20, struct.pack("!H", len(query)) + query),),
        ((0, b"PROXY TCP4 192.0.2.7 10.0.0.1 5 80\r\n" + get),), ((0x28, query),),
        ((0, b"CONNECT a:443 HTTP/1.1\r\n\r\n"), (_BACK, b"HTTP/1.1 200 x\r\n\r\n")),
        ((0, b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"),
         (_BACK, b"HTTP/1.1 101 x\r\n\r\n\x81\x01a")),
    )  # fmt: skip
    for talk in talks:
        opened = [Segment(control | _SYN, 0, b"") for control, _ in talk]
        whole = [Segment(control, 0, payload) for control, payload in talk]
        yield pack(whole)
        yield pack(opened + whole)
        yield pack(opened + [half for one in whole for half in _halves(one, len(one.payload) // 3)])


def _halves(one: Segment, at: int) -> tuple[Segment, Segment]:
    return replace(one, payload=one.payload[:at]), replace(one, step=0, payload=one.payload[at:])


def mutate(data: bytes, size: int, rng: random.Random) -> bytes:
    """Cut, swap, repeat, drop or change segments; sometimes any byte."""
    segments = unpack(data)
    if not segments or rng.random() < 0.1:
        return atheris.Mutate(data, size)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at, other = rng.randrange(len(segments)), rng.randrange(len(segments))
        one, way = segments[at], rng.randrange(7)
        if way < 2:
            segments[at] = replace(one, payload=atheris.Mutate(one.payload, min(len(one.payload) + 32, 1_400)))
        elif way == 2:
            segments[at : at + 1] = _halves(one, rng.randint(0, len(one.payload)))
        elif way == 3:
            segments[at], segments[other] = segments[other], one
        elif way == 4:
            segments.insert(other, replace(one, step=-min(len(one.payload), 128)))  # sent again
        elif way == 5 and len(segments) > 1:
            del segments[at]
        else:
            segments[at] = replace(one, control=rng.getrandbits(8), step=rng.choice((0, 0, -1, 1, -128, 127)))
    return pack(segments)[:size]


def capture(segments: list[Segment]) -> bytes:
    """Return the segments as a pcap file; each service is a conversation of its own."""
    places: dict[tuple[int, int], int] = {}
    frames = []
    for one in segments:
        back, port = one.control & _BACK, _SERVICES[one.control >> 4 & 3]
        ends = (("10.0.0.1", 40_000), ("10.0.0.2", port))
        (src, sport), (dst, dport) = ends[::-1] if back else ends
        if one.control & _UDP:
            inner, proto = build.udp(one.payload, sport=sport, dport=dport), 17
        else:
            seq = places.get((back, port), _STARTS[back]) + one.step & 0xFFFFFFFF
            flags = 0x10 | (2 if one.control & _SYN else 0) | (1 if one.control & _FIN else 0)
            inner, proto = build.tcp(one.payload, sport=sport, dport=dport, seq=seq, flags=flags), 6
            places[back, port] = seq + len(one.payload) + (flags & 2 > 0) + (flags & 1) & 0xFFFFFFFF
        frames.append(build.ethernet(build.ipv4(inner, src=src, dst=dst, proto=proto)))
    return build.pcap(stamped(frames))


def check(data: bytes) -> None:
    """Read the heads; now and then of a long conversation made of the same segments."""
    segments = unpack(data)
    _check(segments)
    if segments and chosen(data):
        check_growth(lambda count: _check((segments * (count // len(segments) + 1))[:count]), _GROWN)


def _check(segments: list[Segment]) -> None:
    data = capture(segments)
    records = records_of(data)
    assert records is not None
    check_rows(data, records)
