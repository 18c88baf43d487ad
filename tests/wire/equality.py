"""The numpy reference and the compiled kernels side by side, for the tests of both."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from captools.model.narrow import Narrow
from captools.model.packets import PACKETS
from captools.store import kernels
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.index import read_records
from captools.wire.tunnels import VXLAN_PORTS
from captools.wire.widen import widen
from captures import build

kernels.prepare(lambda words: None)  # before any kernel is imported


def naming_of(interfaces: int) -> Naming:
    return Naming(source="test", points=tuple(f"n/{at}" for at in range(max(interfaces, 1))))


def plain(table: pa.Table) -> pa.Table:
    """Return the table with words as text: dictionaries may list the same words in another order."""
    columns = [one.cast(pa.string()) if pa.types.is_dictionary(one.type) else one for one in table.columns]
    return pa.table(columns, names=table.column_names).combine_chunks()


def reference(data: bytes, ports: tuple[int, ...] = VXLAN_PORTS) -> pa.Table:
    records = read_records(data, "test")
    return plain(decode(BytesView(data), records, naming_of(len(records.interfaces)), vxlan_ports=ports))


def compiled(data: bytes, ports: tuple[int, ...] = VXLAN_PORTS) -> Narrow:
    """Decode with the kernels."""
    from captools.wire.fast import decode_bytes
    from captools.wire.kernels.session import Options

    return decode_bytes(data, "test", Options(vxlan_ports=ports))


def in_pieces(data: bytes, sizes: list[int], **options: Any) -> Narrow:
    """Decode with the kernels from pieces of ``sizes``, again and again; ``options`` as of the runs."""
    from captools.wire.fast import decode_stream
    from captools.wire.kernels.session import Options

    rest, turn = memoryview(data)[24:], iter(range(1 << 30))
    at = 0

    def read_into(space: memoryview) -> int:
        nonlocal at
        count = min(len(space), sizes[next(turn) % len(sizes)], len(rest) - at)
        space[:count] = rest[at : at + count]
        at += count
        return count

    return decode_stream(data[:24], read_into, "t", Options(**options))


def assert_same(data: bytes, ports: tuple[int, ...] = VXLAN_PORTS) -> pa.Table:
    """Assert that kernels and reference agree in every column of every row; return the table."""
    records = read_records(data, "test")
    narrow = compiled(data, ports)
    found = widen(narrow, naming_of(len(records.interfaces)))
    assert found.schema == PACKETS
    assert narrow.damage_note == records.damage
    return assert_equal(plain(found), reference(data, ports))


def assert_equal(found: pa.Table, wanted: pa.Table) -> pa.Table:
    assert len(found) == len(wanted)
    for name in wanted.column_names:
        if not found[name].equals(wanted[name]):
            pairs = zip(found[name].to_pylist(), wanted[name].to_pylist(), strict=True)
            row, pair = next((row, pair) for row, pair in enumerate(pairs) if pair[0] != pair[1])
            raise AssertionError(f"{name}, row {row}: kernel {pair[0]!r}, reference {pair[1]!r}")
    return wanted


# Bytes that mean something to a header: versions, protocols, option kinds, flags.
_TELLING = (0, 1, 4, 5, 6, 8, 0x11, 0x29, 0x2B, 0x2C, 0x2F, 0x33, 0x3A, 0x3C, 0x45, 0x4F, 0x60, 0x81, 0x84, 0x88, 0xFF)


def mutated(data: bytes, seed: int, times: int = 3) -> bytes:
    """Return a capture whose every frame has up to ``times`` of its first 96 bytes changed; lengths stay."""
    records = read_records(data, "test")
    rng = np.random.default_rng(seed)
    out: npt.NDArray[np.uint8] = np.frombuffer(data, np.uint8).copy()
    held = np.flatnonzero(records.cap_len > 0)
    for _ in range(times):
        at = records.offset[held] + rng.integers(0, 96, len(held)) % records.cap_len[held]
        telling = rng.choice(np.array(_TELLING), len(held))
        out[at] = np.where(rng.random(len(held)) < 0.5, rng.integers(0, 256, len(held)), telling)
    return out.tobytes()


def cut_frames(frames: list[bytes], seed: int) -> list[bytes]:
    """Return each frame cut somewhere."""
    choose = random.Random(seed)
    return [frame[: choose.randint(0, len(frame))] for frame in frames]


def assert_cut_alike(frame: bytes) -> None:
    """Assert that both readers agree on a frame cut at every byte, and captured with smaller snap lengths."""
    assert_same(build.pcap([(at, frame[:at]) for at in range(len(frame) + 1)]))
    for snaplen in range(14, len(frame), 7):
        assert_same(build.pcap([(1, frame)], snaplen=snaplen))


def assert_damaged_alike(frames: Iterable[bytes]) -> None:
    """Assert that both readers agree on many copies of ``frames`` with changed bytes."""
    data = build.pcap([(at, frame) for at, frame in enumerate(list(frames) * 40)])
    for seed in range(5):
        assert_same(mutated(data, seed))
