"""Conversations by hand for the tests of payload heads: segments in, decoded capture out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.index import read_records
from captools.wire.records import Records
from captools.wire.streams import Stream
from captures import build

ISN = 0xFFFF_FF00  # near its end, so that sequence numbers wrap in every longer stream
SYN, FIN, ACK = 0x02, 0x01, 0x10
Decoded = tuple[BytesView, Records, pa.Table]


@dataclass(frozen=True)
class Seg:
    """One segment; ``at`` counts from the byte behind the SYN."""

    data: bytes
    at: int = 0
    flags: int = ACK
    answer: bool = False
    isn: int = ISN
    port: int = 80
    client_port: int = 40_000


def opening(answer: bool = False, **more: Any) -> Seg:
    return Seg(b"", -1, SYN | (ACK if answer else 0), answer, **more)


def frame(one: Seg) -> bytes:
    ends = ("10.0.0.2", "10.0.0.1") if one.answer else ("10.0.0.1", "10.0.0.2")
    ports = (one.port, one.client_port) if one.answer else (one.client_port, one.port)
    segment = build.tcp(
        one.data, sport=ports[0], dport=ports[1], seq=(one.isn + 1 + one.at) & 0xFFFF_FFFF, flags=one.flags
    )
    return build.ethernet(build.ipv4(segment, src=ends[0], dst=ends[1], proto=6))


def decoded(frames: list[bytes], snaplen: int = 262_144) -> Decoded:
    data = build.pcap([(number, each) for number, each in enumerate(frames)], snaplen=snaplen)
    records, view = read_records(data, "t"), BytesView(data)
    return view, records, decode(view, records, Naming(source="t", points=("n/e",)))


def captured(*segments: Seg, snaplen: int = 262_144) -> Decoded:
    return decoded([frame(one) for one in segments], snaplen)


def stream(data: bytes, *, marks: tuple[int, ...] = (0,), opened: bool = True, fin: int | None = None) -> Stream:
    """One direction whose bytes came in one segment (row 0)."""
    some = bool(data)
    return Stream(memoryview(data), [0] * some, [len(data)] * some, [0] * some, [0] * some, [0] * some,
                  list(marks), opened, fin)  # fmt: skip


@st.composite
def shuffled(draw: st.DrawFn, data: bytes, *, answer: bool = False) -> list[Seg]:
    """Cut ``data`` anywhere; send every byte at least once, some twice, pieces overlapping, in any order."""
    cuts = sorted({0, len(data), *draw(st.lists(st.integers(0, len(data)), max_size=12))})
    pieces = list(zip(cuts, cuts[1:], strict=False))
    pieces += [
        (begin, min(begin + size, len(data)))
        for begin, size in draw(
            st.lists(st.tuples(st.integers(0, max(len(data) - 1, 0)), st.integers(1, 60)), max_size=6)
        )
    ]
    segments = [opening(answer), *(Seg(data[a:b], a, answer=answer) for a, b in pieces if b > a)]
    return draw(st.permutations(segments))
