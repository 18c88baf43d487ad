"""Read a large capture file once, with the compiled decoder, into a new entry. Memory does not grow with the file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captools.store.cache.files import remove_shard
from captools.store.cache.meta import Meta
from captools.store.cache.place import META, begin, land
from captools.store.cache.shards import ShardWriter
from captools.store.files import GZIP, ZSTD, sha256_of
from captools.store.stream import open_stream, read_exactly
from captools.wire.kernels.session import PcapRun
from captools.wire.parallel import boundaries
from captools.wire.pcap import FILE_HEADER

Tick = Callable[[int], None]  # told how many further (unpacked) bytes were read; from any thread
_MOST_THREADS = 8


def ingest(
    path: Path,
    places: list[Path],
    key: str,
    *,
    vxlan_ports: tuple[int, ...],
    threads: int | None = None,
    tick: Tick = lambda count: None,
) -> Path:
    """Decode ``path`` into a new entry ``key``; return its folder.

    Call captools.store.kernels.prepare before this module is imported. Raises MalformedCapture for what is no capture,
    OSError where the entry cannot be written (the disk is full).
    """
    folder = begin(places)
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="sha256") as beside:
            digest = beside.submit(sha256_of, path)
            shards = _decode(path, folder, vxlan_ports, threads or _threads(), tick)
        (folder / META).write_text(_meta(path, shards, digest.result()).to_text(), "utf-8")
        return land(folder, key)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class _Range:
    """One decoded byte range; ``run.before`` is where it ended."""

    begin: int
    run: PcapRun
    writer: ShardWriter


def _threads() -> int:
    return min(len(os.sched_getaffinity(0)), _MOST_THREADS)


def _decode(path: Path, folder: Path, ports: tuple[int, ...], threads: int, tick: Tick) -> list[_Range]:
    with path.open("rb", buffering=0) as file:
        head = file.read(FILE_HEADER)
        if head[:2] == GZIP or head[:4] == ZSTD:
            return [_stream(path, folder, ports, tick)]
        return _ranges(file.fileno(), head, folder, ports, threads, tick)


def _stream(path: Path, folder: Path, ports: tuple[int, ...], tick: Tick) -> _Range:
    with open_stream(path) as stream:
        run = PcapRun(read_exactly(stream, FILE_HEADER), vxlan_ports=ports, fresh=False)
        return _walk(_Range(FILE_HEADER, run, ShardWriter(folder, 0)), stream.readinto, tick)


def _ranges(
    descriptor: int, head: bytes, folder: Path, ports: tuple[int, ...], threads: int, tick: Tick
) -> list[_Range]:
    """Decode byte ranges at the same time; each begins at a guess that the one before it proves or disproves."""
    size = os.fstat(descriptor).st_size

    def work(number: int, begins: int, end: int) -> _Range:
        at = begins

        def read_into(space: memoryview) -> int:
            nonlocal at
            count = os.preadv(descriptor, [space[: end - at]], at) if at < end else 0
            at += count
            return count

        run = PcapRun(head, vxlan_ports=ports, begin=begins, fresh=False)
        return _walk(_Range(begins, run, ShardWriter(folder, number)), read_into, tick)

    begins = boundaries(lambda space, at: os.preadv(descriptor, [space], at), size, head, threads)
    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="decode") as pool:
        ranges = list(pool.map(work, range(len(begins)), begins, [*begins[1:], size]))
    good = ranges[:1]
    for number, one in enumerate(ranges[1:], 1):
        if good[-1].run.before != one.begin:  # the guess was wrong: walk on from where the last good one ended
            for wrong in range(number, len(ranges)):
                remove_shard(folder, wrong)
            good.append(work(number, good[-1].run.before, size))
            break
        good.append(one)
    return good


def _walk(one: _Range, read_into: Callable[[memoryview], int], tick: Tick) -> _Range:
    while count := read_into(one.run.space()):
        tick(count)
        for part in one.run.filled(count):
            one.writer.add(part)
    last = one.run.finish()
    if last is not None:
        one.writer.add(last)
    return one


def _meta(path: Path, ranges: list[_Range], sha256: str) -> Meta:
    last = ranges[-1].run
    shards = tuple(one.writer.close(one.run.common, (last.linktype,)) for one in ranges)
    last.rows = sum(shard.rows for shard in shards)  # damage names the record by its number in the file
    firsts: list[Any] = [one.writer.first_ns for one in ranges if one.writer.first_ns is not None]
    lasts: list[Any] = [one.writer.last_ns for one in ranges if one.writer.last_ns is not None]
    return Meta(
        path=str(path.resolve()),
        packets=last.rows,
        first_ns=min(firsts, default=None),
        last_ns=max(lasts, default=None),
        damage=last.damage(),
        sha256=sha256,
        interfaces=last.interfaces,
        shards=shards,
    )
