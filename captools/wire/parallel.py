"""Decode a capture file in byte ranges at the same time, and prove that the ranges fit together.

Each range is decoded from a guessed boundary. The range before it ends exactly there, or the guess was wrong; then
what lies behind is walked from where the last good range ended. In a pcapng, a range that meets a further section or
interface ends there too: the ranges behind it could not know of that.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from captools.model.narrow import Narrow
from captools.wire.assemble import assemble
from captools.wire.blocks import Sections
from captools.wire.joined import columns_of, join
from captools.wire.kernels.native import Native
from captools.wire.kernels.pcap import PcapRun
from captools.wire.kernels.pcapng import PcapngRun
from captools.wire.kernels.session import DEFAULTS, FIRST_LANES, Options, Part
from captools.wire.kernels.window import NOT_FOUND, PAD
from captools.wire.pcap import FILE_HEADER
from captools.wire.records import Interface
from captools.wire.runs import HEAD, Run, open_run, parts_of

ReadAt = Callable[[memoryview, int], int]  # fills the space with bytes from an offset; returns how many
Work = Callable[[int, Run, int], None]  # feeds a range's run with the bytes from ``run.before`` to an end
Search = Callable[[npt.NDArray[np.uint8], int], int]  # finds a boundary in as many bytes; NOT_FOUND without one
_WINDOW = 1 << 20  # bytes searched for a boundary
_SMALLEST = 1 << 22  # bytes worth a thread of their own
_BYTES_A_LANE = 1 << 12  # of a capture with many flows; memory that no lane comes to use is never touched
_MOST_FIRST_LANES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where the byte ranges of a file begin. ``opening``: what a pcapng says before its first packet."""

    where: str
    head: bytes
    size: int
    options: Options
    begins: tuple[int, ...]
    opening: Sections | None = None

    def run(self, number: int) -> Run:
        """Return the run of a range."""
        begin = self.begins[number]
        if self.opening is None:
            return open_run(self.head, self.where, self.options) if begin == HEAD else self._pcap(begin)
        sections = self.opening.copy() if number == 0 else _without_counts(self.opening)
        return PcapngRun(b"", self.where, sections=sections, begin=begin, guess=True, options=self.options)

    def onward(self, last: Run) -> Run:
        """Return a run that goes on where ``last`` ended, with what that knew."""
        if isinstance(last, PcapngRun):
            sections = _without_counts(last.sections)
            return PcapngRun(b"", self.where, sections=sections, begin=last.before, options=self.options)
        return self._pcap(last.before)

    def _pcap(self, begin: int) -> Run:
        return PcapRun(self.head, self.where, begin=begin, options=self.options)


def _without_counts(sections: Sections) -> Sections:
    """Return a copy without drop counts: those of this range alone are to be told apart."""
    copy = sections.copy()
    copy.interfaces = [replace(one, dropped=None) for one in copy.interfaces]
    return copy


def plan(read_at: ReadAt, size: int, where: str, *, threads: int, options: Options = DEFAULTS) -> Plan:
    """Plan up to ``threads`` ranges of a file of ``size`` bytes; MalformedCapture where it cannot be read at all."""
    start = memoryview(bytearray(_WINDOW))
    start = start[: read_at(start, 0)]
    head = bytes(start[:HEAD])
    options = replace(options, lanes=_first_lanes(size // max(threads, 1)))
    run = open_run(head, where, options)
    if isinstance(run, PcapRun):
        search = _record_search(run, start)
        begins = (HEAD, *_guesses(read_at, size, threads, search)) if search else (HEAD,)
        return Plan(where=where, head=head, size=size, options=options, begins=begins)
    opening, at = _opening(start)
    guesses = _guesses(read_at, size, threads, _block_search(opening)) if at else []
    if not guesses:
        return Plan(where=where, head=head, size=size, options=options, begins=(HEAD,))
    return Plan(where=where, head=head, size=size, options=options, begins=(at, *guesses), opening=opening)


def _first_lanes(size: int) -> int:
    """Return how many lanes to expect in so many bytes."""
    expected = 1 << (size // _BYTES_A_LANE).bit_length()
    return min(max(expected, FIRST_LANES), _MOST_FIRST_LANES)


def _opening(start: memoryview) -> tuple[Sections, int]:
    """Return what a pcapng's blocks before its first packet say, and where that is (0: not in ``start``)."""
    sections, at = Sections(), 0
    while True:
        step = sections.step(start, at, len(start))
        if step.packet is not None or step.problem:
            return sections, 0 if step.problem else at
        at += step.length


def _record_search(run: PcapRun, start: memoryview) -> Search | None:
    if len(start) < FILE_HEADER + 16:
        return None
    header = run.header
    (second,) = struct.unpack_from(header.order + "I", start, FILE_HEADER)
    ticks = 1_000_000_000 // header.tick_ns
    find = Native("resync.find_record")
    return lambda window, have: find(window, have, header.order == "<", ticks, header.record, header.largest, second)


def _block_search(opening: Sections) -> Search:
    known = len(opening.interfaces) - opening.base
    find = Native("resync.find_block")
    return lambda window, have: find(window, have, opening.order == "<", known)


def _guesses(read_at: ReadAt, size: int, threads: int, search: Search) -> list[int]:
    """Return what looks like a boundary near each equal share of the file."""
    begins: list[int] = []
    window = np.zeros(_WINDOW + PAD, np.uint8)
    for share in range(1, min(threads, size // _SMALLEST)):
        offset = size * share // threads & ~3  # blocks lie at multiples of four
        found = search(window, read_at(window.data[:_WINDOW], offset))
        if found != NOT_FOUND and offset + found > (begins[-1] if begins else HEAD):
            begins.append(offset + found)
    return begins


def decode_planned(
    ranges: Plan, work: Work, *, threads: int, wrong: Callable[[int], None] = lambda number: None
) -> list[Run]:
    """Do ``work`` for all ranges, ``threads`` at a time; return the runs that hold the whole file, in file order.

    ``wrong`` is told each range whose begin was no boundary after all, from the last range on; the first of these
    numbers is then worked on again, from the right place to the end of the file.
    """
    runs = [ranges.run(number) for number in range(len(ranges.begins))]
    ends = [*ranges.begins[1:], ranges.size]
    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="decode") as pool:
        list(pool.map(work, range(len(runs)), runs, ends))
    # Every range but the last must land on the next one's begin; the last may end where the file does or break off.
    landed = [run.before == end for run, end in zip(runs, ends, strict=True)]
    missed = landed.index(False) if False in landed else len(runs)
    if missed >= len(runs) - 1 and not (isinstance(runs[-1], PcapngRun) and runs[-1].gave_up):
        return runs
    for number in range(len(runs) - 1, missed, -1):
        wrong(number)
    good = runs[: missed + 1]
    good.append(ranges.onward(good[-1]))
    work(missed + 1, good[-1], ranges.size)
    return good


def interfaces_of(runs: Iterable[Run]) -> tuple[Interface, ...]:
    """Return the file's interfaces as its ranges in file order know them: the last count of dropped packets holds."""
    found: list[Interface] = []
    for run in runs:
        for index, one in enumerate(run.interfaces):
            if index == len(found):
                found.append(one)
            elif one.dropped is not None:
                found[index] = one
    return tuple(found)


def damage_of(runs: Sequence[Run]) -> str:
    """Say where and how the file ends early, from its ranges in file order; the empty string where it does not."""
    last = runs[-1]
    last.rows = sum(run.rows for run in runs)  # a damaged record is named by its number in the file
    return last.damage()


def decode_ranges(read_at: ReadAt, size: int, where: str, *, threads: int = 2, options: Options = DEFAULTS) -> Narrow:
    """Decode a capture file of ``size`` bytes in up to ``threads`` ranges; the same tables as in one pass."""
    ranges = plan(read_at, size, where, threads=threads, options=options)
    parts: dict[int, list[Part]] = {}

    def work(number: int, run: Run, end: int) -> None:
        parts[number] = list(feed(run, read_at, end))

    runs = decode_planned(ranges, work, threads=threads)
    return _join(runs, [parts[number] for number in range(len(runs))])


def feed(run: Run, read_at: ReadAt, end: int) -> Iterable[Part]:
    """Decode the bytes from where ``run`` begins to ``end``; yield the parts, the last one too."""
    at = run.before + run.have

    def read_into(space: memoryview) -> int:
        nonlocal at
        count = read_at(space[: end - at], at) if at < end and not run.ended else 0
        at += count
        return count

    return parts_of(run, read_into)


def _join(runs: list[Run], parts: list[list[Part]]) -> Narrow:
    """Return one set of tables of all ranges, their lanes numbered anew in order of first sight."""
    lanes = runs[0].common
    flows = [(np.arange(len(lanes.lane_records())), columns_of(lanes.flow_records()))]
    for run, some in zip(runs[1:], parts[1:], strict=True):
        numbers = lanes.add_lanes(run.common.lane_records())
        flows.append((numbers.astype(np.int64), columns_of(run.common.flow_records())))
        for part in some:
            for rows in (part.packets, part.sides.heads, part.sides.hellos):
                rows.lane[:] = numbers[rows.lane]
    pairs = [(part.packets, part.sides) for some in parts for part in some]
    linktypes = [one.linktype for one in interfaces_of(runs)]
    joined = join(flows, len(lanes.lane_records()))
    return assemble(pairs, lanes.lane_records(), linktypes, damage_of(runs), joined)
