"""Blocks of a pcapng, packed by hand (draft-ietf-opsawg-pcapng, section 4)."""

from __future__ import annotations

import struct


def block(kind: int, body: bytes, order: str = "<", *, again: int | None = None) -> bytes:
    body += bytes(-len(body) % 4)
    length = len(body) + 12
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length if again is None else again)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(
    linktype: int = 1, *, order: str = "<", snaplen: int = 0, name: str = "", resolution: int | None = None,
    offset_s: int | None = None,
) -> bytes:  # fmt: skip
    options = option(2, name.encode(), order) if name else b""
    options += option(9, bytes((resolution,)), order) if resolution is not None else b""
    options += option(14, struct.pack(order + "q", offset_s), order) if offset_s is not None else b""
    return block(1, struct.pack(order + "HHI", linktype, 0, snaplen) + options, order)


def enhanced(
    frame: bytes, *, index: int = 0, ticks: int = 0, order: str = "<", cap_len: int | None = None, wire_len: int = 0
) -> bytes:
    cap_len = len(frame) if cap_len is None else cap_len
    head = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, cap_len, wire_len or cap_len)
    return block(6, head + frame, order)


def obsolete(frame: bytes, *, index: int = 0, ticks: int = 0, order: str = "<") -> bytes:
    head = struct.pack(order + "HHIIII", index, 3, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
    return block(2, head + frame, order)


def simple(frame: bytes, *, wire_len: int | None = None, order: str = "<") -> bytes:
    return block(3, struct.pack(order + "I", len(frame) if wire_len is None else wire_len) + frame, order)


def statistics(dropped: int, *, index: int = 0, order: str = "<") -> bytes:
    return block(
        5, struct.pack(order + "III", index, 0, 0) + option(5, struct.pack(order + "Q", dropped), order), order
    )


def everything(order: str = "<") -> bytes:
    """A section with all kinds of blocks and clocks."""
    frame = bytes(range(60))
    return b"".join(
        (
            section(order),
            interface(1, order=order, name="eth0", resolution=9),
            interface(101, order=order, name="wg0", snaplen=40, resolution=0x8A, offset_s=-100),
            block(10, b"TLSKsecrets of somebody", order),
            enhanced(frame, order=order, ticks=1_700_000_000_123_456_789),
            simple(frame, order=order),
            statistics(7, order=order),
            enhanced(b"\x45" + frame, index=1, order=order, ticks=1 << 41, wire_len=2_000),
            interface(113, order=order, offset_s=3_600),
            obsolete(frame, index=2, order=order, ticks=1_700_000_000_123_456),
            block(4, b"\1\0\x08\0\x0a\0\0\1abc\0\0\0\0\0", order),
            block(0x80000BAD, b"custom" * 9, order),
            enhanced(frame, index=2, order=order, ticks=(1 << 64) - 1),
            statistics(9, index=0, order=order),
        )
    )
