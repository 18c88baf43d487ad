"""The canvas: every field of many packets lands where it was asked to."""

from __future__ import annotations

import numpy as np

from captures.build import checksum
from captures.traffic.canvas import Canvas


def test_words_are_written_in_either_byte_order():
    canvas = Canvas(12)
    at = np.array([0, 6])
    canvas.u32(at, np.array([0x01020304, 0xFFFFFFFF]))
    canvas.u16(at + 4, 0x0506)
    assert canvas.bytes.tobytes().hex() == "010203040506ffffffff0506"
    canvas.u32(at[:1], 0x01020304, little=True)
    assert canvas.bytes[:4].tobytes().hex() == "04030201"


def test_an_ipv4_header_sums_to_zero():
    canvas = Canvas(40)
    at, value = np.array([0, 20]), np.array([0xFFFFFFFF, 0x0A000001])
    canvas.ipv4(at, np.array([1500, 40]), np.array([0xFFFF, 7]), 64, 6, value, value)
    assert [checksum(canvas.bytes[one : one + 20].tobytes()) for one in at.tolist()] == [0, 0]
