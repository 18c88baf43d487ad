"""Byte ranges decoded at the same time: the same tables as in one pass, also where a guess was wrong."""

from __future__ import annotations

import io
import struct

import pyarrow as pa
import pytest

from captools.model.narrow import MESSAGE_TABLES, SIDE_TABLES
from captools.wire.index import read_records
from captures import build
from captures.generate import generate
from tests.wire import ngblocks
from tests.wire.equality import compiled, mutated

pytestmark = pytest.mark.slow


def reader(data: bytes):
    def read_at(space: memoryview, at: int) -> int:
        return io.BytesIO(data[at : at + len(space)]).readinto(space)

    return read_at


def assert_ranges_equal_one_pass(data: bytes, threads: int, monkeypatch) -> int:
    """Return how many ranges were decoded for it."""
    from captools.wire import parallel

    monkeypatch.setattr(parallel, "_SMALLEST", 1 << 16)
    found, whole = parallel.decode_ranges(reader(data), len(data), "t", threads=threads), compiled(data)
    assert found.packets.combine_chunks().equals(whole.packets.combine_chunks())
    assert found.lanes.equals(whole.lanes)
    assert all(found.sides[name].equals(whole.sides[name]) for name in SIDE_TABLES if name not in MESSAGE_TABLES)
    # A lane that a range met in the middle of a message may be odd; what is not odd is as in one pass.
    odd = found.flows["odd"].to_numpy()
    assert (odd >= whole.flows["odd"].to_numpy()).all() and odd.sum() - sum(whole.flows["odd"].to_pylist()) < 40
    sure = [
        table.sides["heads"].filter(pa.array(~odd[table.sides["heads"]["lane"].to_numpy()])) for table in (found, whole)
    ]
    assert sure[0].equals(sure[1])
    assert found.sides["hellos"].equals(whole.sides["hellos"])
    assert all(
        found.flows[name].equals(whole.flows[name]) for name in ("packets", "wire_bytes", "first_ns", "tcp_flags")
    )
    assert found.damage_note == whole.damage_note
    runs = decoded(data, threads)
    assert parallel.interfaces_of(runs) == read_records(data, "t").interfaces
    return len(runs)


def decoded(data: bytes, threads: int):
    from captools.wire import parallel

    ranges = parallel.plan(reader(data), len(data), "t", threads=threads)

    def work(number, run, end):
        list(parallel.feed(run, reader(data), end))

    return parallel.decode_planned(ranges, work, threads=threads)


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_ranges_give_the_tables_of_one_pass(threads, form, monkeypatch):
    data = b"".join(generate(packets=8_000, seed=3, form=form))
    assert assert_ranges_equal_one_pass(data, threads, monkeypatch) == threads
    assert_ranges_equal_one_pass(mutated(data, 1)[:-5], threads, monkeypatch)


def test_a_capture_inside_the_payload_misleads_nobody(monkeypatch):
    inner = build.pcap([(at, b"x" * 60) for at in range(20)])[24:]
    data = build.pcap([(at, build.ethernet(inner)) for at in range(400)])
    assert_ranges_equal_one_pass(data, 2, monkeypatch)


def test_a_break_in_the_middle_ends_the_tables_there_as_in_one_pass(monkeypatch):
    data = bytearray(b"".join(generate(packets=4_000, seed=3)))
    from captools.wire.pcap import read_pcap

    at = int(read_pcap(bytes(data), "t").offset[1_000]) - 16
    data[at + 8 : at + 12] = struct.pack("<I", 0x7FFFFFFF)
    assert_ranges_equal_one_pass(bytes(data), 2, monkeypatch)


def halves(count: int = 4_000) -> tuple[bytes, list[bytes]]:
    """Return a pcapng's opening and its packet blocks, one by one."""
    data = b"".join(generate(packets=count, seed=3, form="pcapng"))
    records = read_records(data, "t")
    starts = [*(records.offset - 28).tolist(), len(data)]
    return data[: starts[0]], [data[one:two] for one, two in zip(starts, starts[1:], strict=False)]


@pytest.mark.parametrize("place", [0.1, 0.7, 1.0])
@pytest.mark.parametrize("news", ["interface", "section", "damage", "statistics", "names"])
def test_what_a_pcapng_says_in_the_middle_holds_for_the_ranges_behind_it(place, news, monkeypatch):
    opening, packets = halves()
    block = {
        "interface": ngblocks.interface(101, name="late") + ngblocks.enhanced(b"\x45" * 30, index=4),
        "section": ngblocks.section(">") + b"".join(ngblocks.interface(101, order=">", resolution=3) for _ in range(9))
        + ngblocks.enhanced(b"\x45" * 30, index=7, order=">") + ngblocks.section() + opening[28:],
        "damage": ngblocks.block(6, bytes(20), again=12), "statistics": ngblocks.statistics(5, index=1),
        "names": ngblocks.block(4, bytes(9_000)),
    }[news]  # fmt: skip
    at = int(len(packets) * place)
    data = opening + ngblocks.statistics(1, index=1) + b"".join(packets[:at]) + block + b"".join(packets[at:])
    fits = news in ("statistics", "names")
    assert assert_ranges_equal_one_pass(data, 4, monkeypatch) >= (4 if fits else 1)


def test_blocks_inside_the_payload_mislead_nobody(monkeypatch):
    inner = b"".join(ngblocks.enhanced(b"x" * 60) for _ in range(40))
    block = ngblocks.enhanced(build.ethernet(b"ab" + inner))
    data = ngblocks.section() + ngblocks.interface() + block * 401
    assert_ranges_equal_one_pass(data, 2, monkeypatch)
    from captools.wire import parallel

    begins = parallel.plan(reader(data), len(data), "t", threads=2).begins
    assert (begins[1] - begins[0]) % len(block) != 0  # the trap works


def test_a_pcapng_whose_opening_is_longer_than_the_search_is_walked(monkeypatch):
    from captools.wire import parallel

    monkeypatch.setattr(parallel, "_WINDOW", 1 << 12)
    opening, packets = halves()
    data = opening + ngblocks.block(10, bytes(1 << 13)) + b"".join(packets)
    assert assert_ranges_equal_one_pass(data, 3, monkeypatch) == 1


@pytest.mark.parametrize(("size", "threads", "lanes"), [(0, 1, 1 << 12), (1 << 20, 2, 1 << 12), (100 << 20, 1, 1 << 15),
                                                       (100 << 20, 4, 1 << 13), (1 << 40, 2, 1 << 20)])  # fmt: skip
def test_a_range_has_room_for_the_lanes_that_its_bytes_may_hold(size, threads, lanes):
    from captools.wire import parallel

    assert parallel._first_lanes(size // threads) == lanes


def test_a_plan_makes_that_room():
    from captools.wire import parallel

    data = b"".join(generate(packets=500, seed=4))
    made = parallel.plan(reader(data), 100 << 20, "t", threads=1)
    assert len(made.run(0).common.lanes.records) == 1 << 15
