"""A pcapng block by block: whatever the buffer, the pieces, the sections and the damage, the reference's tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.model.errors import MalformedCapture
from captools.model.narrow import SIDE_TABLES
from captools.wire.blocks import MAGIC
from captools.wire.index import read_records
from captures import build
from captures.generate import generate
from tests.wire import ngblocks
from tests.wire.equality import assert_same, compiled, in_pieces

pytestmark = pytest.mark.slow
TWO_SECTIONS = ngblocks.everything("<") + ngblocks.everything(">")


def interfaces_of(data: bytes):
    from captools.wire.runs import open_run

    run = open_run(data[:24], "t")
    for at in range(24, len(data), 100):
        piece = data[at : at + 100]
        run.space()[: len(piece)] = piece
        list(run.filled(len(piece)))
    run.finish()
    return run.interfaces


def test_all_kinds_of_blocks_clocks_and_sections_give_the_references_table():
    table = assert_same(TWO_SECTIONS)
    assert len(table) == 10 and set(table["linktype"].to_pylist()) == {1, 101, 113}
    found = interfaces_of(TWO_SECTIONS)
    assert found == read_records(TWO_SECTIONS, "t").interfaces
    assert [one.dropped for one in found] == [9, None, None] * 2


def test_a_file_cut_at_any_byte_keeps_its_whole_blocks_and_says_where_it_ends():
    for cut in range(len(TWO_SECTIONS)):
        data = TWO_SECTIONS[:cut]
        try:
            read_records(data, "test")
        except MalformedCapture as refused:
            with pytest.raises(MalformedCapture) as again:
                compiled(data)
            assert str(again.value) == str(refused)
        else:
            assert_same(data)


@pytest.mark.parametrize(("buffer", "part_rows"), [(1, 1), (16, 3), (600, 100), (4096, 65_536), (1 << 18, 1032)])
def test_any_buffer_and_any_part_give_the_same_tables(buffer, part_rows):
    data = b"".join(generate(packets=3_000, seed=2, form="pcapng"))
    whole, pieces = compiled(data), in_pieces(data, [1 << 20], buffer=buffer, part_rows=part_rows)
    assert pieces.packets.combine_chunks().equals(whole.packets.combine_chunks())
    assert pieces.lanes.equals(whole.lanes)
    assert all(pieces.sides[name].equals(whole.sides[name]) for name in SIDE_TABLES)


def test_bytes_that_come_one_by_one_or_in_odd_lots_give_the_same_tables():
    whole = compiled(TWO_SECTIONS)
    for sizes in ([1], [7, 1, 300], [15, 17]):
        found = in_pieces(TWO_SECTIONS, sizes)
        assert found.packets.combine_chunks().equals(whole.packets.combine_chunks())
        assert found.lanes.equals(whole.lanes) and found.damage_note == whole.damage_note == ""


def test_a_block_larger_than_the_buffer_is_held_whole():
    frame = build.ethernet(bytes(200_000))
    data = build.pcapng([(0, 1, b"small"), (0, 2, frame), (0, 3, b"small")]) + ngblocks.block(10, bytes(300_000))
    found = in_pieces(data + ngblocks.enhanced(b"last"), [10_000], buffer=64)
    assert found.packets["cap_len"].to_pylist() == [5, len(frame), 5, 4]


def test_more_interfaces_than_there_is_room_for_make_room():
    data = ngblocks.section() + b"".join(ngblocks.interface(101, name=f"lxc{number}") for number in range(100))
    data += b"".join(ngblocks.enhanced(b"\x45", index=number) for number in (99, 0, 50))
    assert assert_same(data)["point"].to_pylist() == ["n/99", "n/0", "n/50"]


def test_a_guess_gives_up_at_what_the_next_range_could_not_know():
    from captools.wire.blocks import Sections
    from captools.wire.kernels.pcapng import PcapngRun

    packets = ngblocks.enhanced(b"a") + ngblocks.enhanced(b"b")
    for news in (ngblocks.interface(), ngblocks.section()):
        opening = Sections()
        opening.step(memoryview(ngblocks.interface()), 0, 1 << 10)
        run = PcapngRun(b"", "t", sections=opening, begin=1_000, guess=True)
        data = packets + news + packets
        run.space()[: len(data)] = data
        list(run.filled(len(data)))
        assert (run.rows, run.before, run.gave_up, run.damage()) == (2, 1_000 + len(packets), True, "")
        assert len(run.interfaces) == 1


_ORDER = st.shared(st.sampled_from("<>"), key="order")
_BYTES = st.binary(max_size=70)
_TICKS = st.integers(0, (1 << 64) - 1) | st.integers(0, 1 << 61)
_INDEX = st.integers(0, 2) | st.integers(0, 0xFFFF)


@st.composite
def blocks(draw: st.DrawFn) -> bytes:
    order = draw(_ORDER)
    kind = draw(
        st.sampled_from(("enhanced", "enhanced", "enhanced", "simple", "obsolete", "interface", "section", "odd"))
    )
    if kind == "enhanced":
        return ngblocks.enhanced(
            draw(_BYTES), index=draw(_INDEX), ticks=draw(_TICKS), order=order,
            cap_len=draw(st.none() | st.none() | st.integers(0, 100)), wire_len=draw(st.integers(0, 0xFFFFFFFF)),
        )  # fmt: skip
    if kind == "simple":
        return ngblocks.simple(draw(_BYTES), wire_len=draw(st.none() | st.integers(0, 300)), order=order)
    if kind == "obsolete":
        return ngblocks.obsolete(draw(_BYTES), index=draw(_INDEX), ticks=draw(_TICKS), order=order)
    if kind == "interface":
        return ngblocks.interface(
            draw(st.sampled_from((1, 101, 113, 276, 0))), order=order, snaplen=draw(st.integers(0, 80)),
            resolution=draw(st.none() | st.integers(0, 255)), offset_s=draw(st.none() | st.integers(-(1 << 63), (1 << 63) - 1)),
        )  # fmt: skip
    if kind == "section":
        return ngblocks.section(draw(st.sampled_from("<>")))
    return ngblocks.block(draw(st.integers(0, 12)), draw(_BYTES), order, again=draw(st.none() | st.integers(12, 99)))


@given(st.lists(blocks(), max_size=12), _ORDER, st.binary(max_size=30))
def test_any_blocks_good_or_damaged_are_read_alike(some, order, tail):
    data = ngblocks.section(order) + ngblocks.interface(order=order) + ngblocks.interface(101, order=order)
    data += b"".join(some) + tail
    assert_same(data)
    assert interfaces_of(data) == read_records(data, "t").interfaces


def test_every_real_pcapng_tells_the_same_interfaces_and_drops_whole_and_cut(shared):
    done = counted = 0
    for path in sorted((shared / "captures-real").rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        if data[:4] != MAGIC:
            continue
        for some in (data, data[: len(data) * 2 // 3]):
            records = read_records(some, "test")
            assert interfaces_of(some) == records.interfaces, path.name
            assert compiled(some).damage_note == records.damage
        done += 1
        counted += any(one.dropped is not None for one in interfaces_of(data))
    assert done >= 30 and counted >= 3
