"""When compression is used on the way home. Other people's programs undo it."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib

import pytest

from captools.agent import frames, squeeze
from captools.agent.squeeze import Squeeze

TEXT = b"GET /index.html HTTP/1.1\r\nHost: example\r\n\r\n" * 5000
NOISE = os.urandom(200_000)


def undone(codec: int, data: bytes) -> bytes:
    if codec == frames.ZSTD:
        return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return zlib.decompress(data) if codec == frames.ZLIB else data


def slow(mode: str = "auto") -> Squeeze:
    """One whose way home takes 100 kB a second."""
    made = Squeeze(mode)
    for now in (10.0, 10.1, 10.2, 10.4):
        made.sent(10_000, now, True)
    return made


def test_always_and_never_are_what_they_say():
    codec, packed = Squeeze("always").pack(TEXT, False)
    assert codec != frames.RAW and len(packed) < len(TEXT) and undone(codec, packed) == TEXT
    assert slow("never").pack(TEXT, True) == (frames.RAW, TEXT)
    assert Squeeze("always").pack(NOISE, True)[0] == frames.RAW, "what does not shrink goes as it is"


def test_it_is_tried_only_where_bytes_pile_up_on_a_way_whose_speed_is_known():
    assert Squeeze("auto").pack(TEXT, True) == (frames.RAW, TEXT)
    one = slow()
    assert one.rate == pytest.approx(30_000 / 0.4)
    assert one.pack(TEXT, False) == (frames.RAW, TEXT)
    assert one.pack(TEXT, True)[0] != frames.RAW and one.active


def test_what_does_not_shrink_is_not_compressed_after_the_trial():
    one = slow()
    one.pack(NOISE, True)
    assert not one.active and one.pack(TEXT, True) == (frames.RAW, TEXT)


def test_a_way_home_that_is_fast_needs_none():
    one = Squeeze("auto")
    for now in (10.0, 10.2, 10.4):
        one.sent(1 << 34, now, True)
    assert one.rate > 1e10
    one.pack(TEXT, True)
    assert not one.active


def test_a_way_home_that_idles_tells_no_speed():
    one = Squeeze("auto")
    for now in (10.0, 10.2, 10.4, 10.6):
        one.sent(1000, now, now != 10.2)
    assert one.rate == 0


def test_without_zstd_it_is_zlib(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(squeeze, "environment", lambda: {"PATH": "/nowhere"})
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    codec, packed = Squeeze("always").pack(TEXT, True)
    assert codec == frames.ZLIB and zlib.decompress(packed) == TEXT


def test_a_program_that_fails_is_given_up(monkeypatch):
    one = Squeeze("always")
    monkeypatch.setattr(squeeze, "compressor", lambda: (frames.ZSTD, lambda data: squeeze._through(["false"], data)))
    assert one.pack(TEXT, True) == (frames.RAW, TEXT)
    codec, packed = one.pack(TEXT, True)
    assert codec == frames.ZLIB and zlib.decompress(packed) == TEXT
