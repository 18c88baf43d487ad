"""Packed files: every byte before a cut, members and frames behind one another, and no bomb."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import zlib
from pathlib import Path

import pyarrow as pa
import pytest

from captools.model.errors import MalformedCapture
from captools.store import unpack
from captools.store.unpack import Unpacked, packing

# Bytes that pack like a capture: runs of the same among runs that never come again.
_CHANCE = random.Random(1)
DATA = b"".join(_CHANCE.randbytes(60) + bytes(range(200)) for _ in range(2_000))


def zstd(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


PACKERS = {"gzip": gzip.compress, "zstd": zstd}


def unpacked(path: Path, step: int = 10_000) -> tuple[bytes, str]:
    kind = packing(path.read_bytes()[:4])
    stream, space, parts = Unpacked(path, kind), memoryview(bytearray(step)), []
    while count := stream.readinto(space):
        parts.append(bytes(space[:count]))
    assert stream.readinto(space) == 0
    return b"".join(parts), stream.damage


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "x.pcap"


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("step", [1_000, 1 << 20])
def test_members_and_frames_behind_one_another_are_one_stream(path, kind, step):
    pack = PACKERS[kind]
    path.write_bytes(pack(DATA[:300_001]) + pack(b"") + pack(DATA[300_001:]))
    assert unpacked(path, step) == (DATA, "")


def test_what_the_tools_write_is_read(path):
    for argv in (["zstd", "-19", "--long"], ["zstd", "-1", "--check"], ["pzstd", "-p", "4"], ["gzip", "-9"]):
        packed = subprocess.run([*argv, "-c"], input=DATA, capture_output=True, check=True).stdout
        path.write_bytes(packed)
        assert packing(packed[:4]) == ("gzip" if argv[0] == "gzip" else "zstd"), argv
        assert unpacked(path) == (DATA, ""), argv


def test_zeros_behind_gzip_are_padding_and_anything_else_is_said(path):
    path.write_bytes(gzip.compress(DATA) + bytes(100_000))
    assert unpacked(path) == (DATA, "")
    path.write_bytes(gzip.compress(DATA) + bytes(70_000) + b"something else")
    data, damage = unpacked(path)
    assert (
        data == DATA
        and damage == f"its gzip data are damaged (what follows is not gzip) after {len(DATA):,} unpacked bytes"
    )


def bytes_before(packed: bytes) -> bytes:
    """Return what zlib gives of a cut gzip file when it is fed byte by byte: nothing of it can be lost."""
    member = zlib.decompressobj(31)
    return b"".join(member.decompress(packed[at : at + 1]) for at in range(len(packed)))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_a_cut_gzip_gives_every_byte_before_the_cut(path, share):
    packed = gzip.compress(DATA)[: int(len(gzip.compress(DATA)) * share)]
    path.write_bytes(packed)
    data, damage = unpacked(path)
    assert data == bytes_before(packed) == DATA[: len(data)]
    assert damage == f"its gzip data end early after {len(data):,} unpacked bytes"


@pytest.mark.parametrize("share", [0.3, 0.7, 0.999])
def test_a_cut_zstd_gives_every_whole_block_before_the_cut(path, share):
    packed = zstd(DATA)[: int(len(zstd(DATA)) * share)]
    path.write_bytes(packed)
    data, damage = unpacked(path)
    tool = subprocess.run(["zstd", "-dc"], input=packed, capture_output=True).stdout  # gives what it has, then fails
    assert data == DATA[: len(data)] and len(data) >= len(tool) > 0
    assert damage == f"its zstd data end early after {len(data):,} unpacked bytes"


@pytest.mark.parametrize("kind", PACKERS)
def test_damage_in_the_middle_keeps_what_came_before_and_says_what_it_is(path, kind):
    packed = bytearray(PACKERS[kind](DATA))
    middle = len(packed) // 2
    packed[middle : middle + 40] = b"\xff" * 40
    path.write_bytes(packed)
    data, damage = unpacked(path)
    assert len(data) > len(DATA) // 4
    assert damage.startswith(f"its {kind} data are damaged (") and f"after {len(data):,} unpacked bytes" in damage


@pytest.mark.parametrize("head", [unpack.GZIP, unpack.ZSTD])
@pytest.mark.parametrize("rest", [b"", b"no such thing" * 10])
def test_not_one_byte_is_one_sentence(path, head, rest):
    path.write_bytes(head + rest)
    with pytest.raises(MalformedCapture, match=r"x.pcap: damaged (gzip|zstd) data \(.+\); copy it again$"):
        unpacked(path)


@pytest.mark.parametrize("kind", PACKERS)
def test_a_bomb_of_zeros_ends_with_one_sentence_before_it_fills_anything(path, kind, monkeypatch):
    monkeypatch.setattr(unpack, "FREE", 4 << 20)
    path.write_bytes(PACKERS[kind](bytes(64 << 20)))
    stream, space, total = Unpacked(path, kind), memoryview(bytearray(1 << 20)), 0
    with pytest.raises(MalformedCapture, match=r"unpacks to more than .* if you trust it, unpack it by hand"):
        while count := stream.readinto(space):
            total += count
    assert total <= max(4 << 20, unpack.RATIO * path.stat().st_size) + (1 << 20)


def test_a_large_file_may_grow_by_its_ratio(path, monkeypatch):
    monkeypatch.setattr(unpack, "FREE", 1 << 10)
    packed = gzip.compress(DATA)
    path.write_bytes(packed)
    assert len(DATA) > 1 << 10 and unpacked(path) == (DATA, "")


def test_memory_stays_small_whatever_comes_out(path):
    """2 GiB of zeros in members behind one another: 2 MB packed, and 200 times as much may come out."""
    path.write_bytes(gzip.compress(bytes(64 << 20)) * 32 + os.urandom(12 << 20))
    code = f"""
import resource
from pathlib import Path
from captools.store.unpack import Unpacked
stream, space, total = Unpacked(Path({str(path)!r}), "gzip"), memoryview(bytearray(1 << 20)), 0
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
while count := stream.readinto(space):
    total += count
print(total, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""
    import sys

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    total, grown = map(int, done.stdout.split())
    assert total == 2 << 30 and grown < 16, done.stderr
