"""Record boundaries are found from any byte of a file."""

from __future__ import annotations

import numpy as np
import pytest

import tests.wire.equality  # noqa: F401  the kernels' cache folder
from captools.wire.index import read_records
from captools.wire.pcap import read_pcap
from captures import build
from captures.generate import generate
from tests.wire import ngblocks

pytestmark = pytest.mark.slow


def find(data: bytes, *, little: bool, ticks: int, second: int) -> int:
    from captools.wire.kernels.resync import find_record

    buffer = np.zeros(len(data) + 64, np.uint8)
    buffer[: len(data)] = np.frombuffer(data, np.uint8)
    return int(find_record(buffer, len(data), little, ticks, 16, 262_144, second))


@pytest.mark.parametrize(
    ("form", "little", "ticks"), [("pcap", True, 10**6), ("pcapns", True, 10**9), ("pcapbe", False, 10**6)]
)
def test_the_next_boundary_is_found_from_200_places(form, little, ticks):
    data = b"".join(generate(packets=3_000, seed=4, form=form))
    records = read_pcap(data, "t")
    boundaries = records.offset - 16
    second = int(records.ts_ns[0]) // 10**9
    for at in np.random.default_rng(1).integers(24, len(data) - 30_000, 200).tolist():
        found = find(data[at : at + 30_000], little=little, ticks=ticks, second=second)
        assert at + found == int(boundaries[np.searchsorted(boundaries, at)])


def test_bytes_without_records_have_no_boundary():
    assert find(bytes(5_000), little=True, ticks=10**6, second=1) == -1
    short = build.pcap([(10**9, b"x" * 20)] * 7)[24:]
    assert find(short, little=True, ticks=10**9, second=1) == -1


def find_ng(data: bytes, *, little: bool = True, known: int = 4) -> int:
    from captools.wire.kernels.resync import find_block

    buffer = np.zeros(len(data) + 64, np.uint8)
    buffer[: len(data)] = np.frombuffer(data, np.uint8)
    return int(find_block(buffer, len(data), little, known))


def test_the_next_block_is_found_from_200_places():
    data = b"".join(generate(packets=3_000, seed=4, form="pcapng"))
    boundaries = read_records(data, "t").offset - 28
    for at in np.random.default_rng(1).integers(400, len(data) - 30_000, 200).tolist():
        at &= ~3
        found = find_ng(data[at : at + 30_000])
        assert at + found == int(boundaries[np.searchsorted(boundaries, at)])


@pytest.mark.parametrize("order", ["<", ">"])
def test_only_a_chain_of_whole_blocks_of_known_interfaces_is_a_boundary(order):
    chain = ngblocks.enhanced(b"x" * 20, order=order) * 8
    assert find_ng(bytes(40) + chain, little=order == "<") == 40
    assert find_ng(chain[:-1], little=order == "<") == -1
    assert find_ng(chain, little=order == ">") == -1
    assert find_ng(ngblocks.enhanced(b"x" * 20, index=4, order=order) * 8, little=order == "<") == -1
    assert find_ng(ngblocks.interface(order=order) * 9, little=order == "<") == -1
