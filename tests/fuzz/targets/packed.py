"""Any gzip or zstd stream unpacks to what its own library says, or to what came before its damage; nothing else.

All ways in (whole, as a stream, head only) agree, and a cut file is never taken for a whole one.
"""

from __future__ import annotations

import gzip
import io
import random
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import atheris
import pyarrow as pa

from captools.model.errors import MalformedCapture
from captools.store.files import read_file
from captools.store.stream import open_stream, read_exactly
from captools.store.unpack import packing
from captures import build
from tests.fuzz.frames import stamped, stock

MAX_LEN = 2_048  # zstd can say 128 KiB in four bytes
_FILE = Path(tempfile.mkdtemp()) / "packed.pcap"
_HEAD = 1 << 16


def seeds() -> Iterator[bytes]:
    """Yield packed captures: one and several members or frames, cut, with rubbish behind, and packed twice."""
    plain = build.pcap(stamped(stock()[:4]))
    for packed in (gzip.compress(plain, mtime=0), zstd(plain)):
        yield packed
        yield packed + packed
        yield packed[:-5]
        yield packed + b"rubbish"
    yield gzip.compress(zstd(plain), mtime=0)
    yield gzip.compress(b"", mtime=0)
    yield zstd(bytes(300_000))
    yield gzip.compress(bytes(300_000), mtime=0)


def zstd(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


def mutate(data: bytes, size: int, rng: random.Random) -> bytes:
    """Change the packed bytes, or pack changed bytes: checksums let few changes of the former go far."""
    if rng.random() < 0.6:
        return atheris.Mutate(data, size)
    plain = atheris.Mutate(_plain(data)[:4_096], 4_096)
    packed = gzip.compress(plain, mtime=0) if rng.random() < 0.5 else zstd(plain)
    return (packed if rng.random() < 0.5 else data + packed)[:size]


def check(data: bytes) -> None:
    """Unpack a file."""
    _FILE.write_bytes(data)
    try:
        found, damage = read_file(_FILE)
    except MalformedCapture as error:
        assert packing(data[:4]), error
        found, damage = b"", str(error)
    try:
        with open_stream(_FILE) as stream:
            head = read_exactly(stream, _HEAD)
        assert head == found[:_HEAD] or damage, "the head is not the beginning of the whole"
    except MalformedCapture:
        assert damage
    kind = packing(data[:4])
    if kind == "gzip":
        wanted, whole = _gunzip(data)
        assert wanted.startswith(found), "gzip: other bytes than zlib's"
        assert found == wanted or damage, f"gzip: {len(wanted) - len(found)} bytes are missing without a word"
        assert not whole or not damage, f"gzip: whole, but called damaged ({damage})"
    elif not kind:
        assert found == data and not damage


def _gunzip(data: bytes) -> tuple[bytes, bool]:
    """Return what zlib unpacks, member by member, and whether that was all of the file."""
    out = b""
    while data:
        one = zlib.decompressobj(wbits=31)
        try:
            for at in range(len(data)):  # byte by byte: zlib keeps nothing of a call that fails
                out += one.decompress(data[at : at + 1])
                if one.eof:
                    break
        except zlib.error:
            return out, False
        if not one.eof:
            return out, False
        data = data[at + 1 :].lstrip(b"\0")  # padding
    return out, True


def _plain(data: bytes) -> bytes:
    try:
        with pa.CompressedInputStream(io.BytesIO(data), packing(data[:4]) or "zstd") as stream:
            return stream.read(4_096)
    except (OSError, ValueError):
        return b""
