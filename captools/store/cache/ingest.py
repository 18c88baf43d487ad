"""Read a large capture file once, with the compiled decoder, into a new entry. Memory does not grow with the file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from captools.store.cache.files import remove_shard
from captools.store.cache.meta import Meta
from captools.store.cache.place import META, begin, land
from captools.store.cache.shards import ShardWriter
from captools.store.stream import open_stream, read_exactly
from captools.store.unpack import packing
from captools.wire.kernels.session import Options
from captools.wire.parallel import damage_of, decode_planned, feed, interfaces_of, plan
from captools.wire.runs import HEAD, Run, open_run, parts_of

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
        options = Options(vxlan_ports=vxlan_ports, fresh=False)
        runs, writers, cut = _decode(path, folder, options, threads or _threads(), tick)
        meta = _meta(path, runs, writers, cut)
        (folder / META).write_text(meta.to_text(), "utf-8")
        return land(folder, key)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _threads() -> int:
    return min(len(os.sched_getaffinity(0)), _MOST_THREADS)


def _decode(
    path: Path, folder: Path, options: Options, threads: int, tick: Tick
) -> tuple[list[Run], list[ShardWriter], str]:
    """Return the runs that hold the whole file, in file order, the writers of their shards, and how its packing ends.

    The last is the empty string where the file is not packed, or whole.
    """
    with path.open("rb", buffering=0) as file:
        head = file.read(HEAD)
        if packing(head):
            return _stream(path, folder, options, tick)
        return *_ranges(file.fileno(), path, folder, options, threads, tick), ""


def _stream(path: Path, folder: Path, options: Options, tick: Tick) -> tuple[list[Run], list[ShardWriter], str]:
    writer = ShardWriter(folder, 0)
    with open_stream(path) as stream:
        run = open_run(read_exactly(stream, HEAD), str(path), options)

        def ticking(space: memoryview) -> int:
            count = stream.readinto(space)
            tick(count)
            return count

        for part in parts_of(run, ticking):
            writer.add(part)
    _end(writer, run)
    return [run], [writer], stream.damage


def _ranges(
    descriptor: int, path: Path, folder: Path, options: Options, threads: int, tick: Tick
) -> tuple[list[Run], list[ShardWriter]]:
    """Decode byte ranges at the same time; each begins at a guess that the one before it proves or disproves."""
    writers: dict[int, ShardWriter] = {}

    def read_at(space: memoryview, at: int) -> int:
        return os.preadv(descriptor, [space], at)

    def ticking(space: memoryview, at: int) -> int:
        count = read_at(space, at)
        tick(count)
        return count

    def work(number: int, run: Run, end: int) -> None:
        writers[number] = ShardWriter(folder, number)
        for part in feed(run, ticking, end):
            writers[number].add(part)
        _end(writers[number], run)

    ranges = plan(read_at, os.fstat(descriptor).st_size, str(path), threads=threads, options=options)
    runs = decode_planned(ranges, work, threads=threads, wrong=lambda number: remove_shard(folder, number))
    return runs, [writers[number] for number in range(len(runs))]


def _end(writer: ShardWriter, run: Run) -> None:
    writer.end(run.common, [one.linktype for one in run.interfaces])


def _meta(path: Path, runs: list[Run], writers: list[ShardWriter], cut: str) -> Meta:
    interfaces = interfaces_of(runs)
    proven = [ports for writer in writers for ports in writer.wireguard_ports]
    ports = np.unique(np.concatenate([np.empty(0, np.int64), *proven]))
    shards = tuple(writer.close(ports) for writer in writers)
    firsts: list[Any] = [writer.first_ns for writer in writers if writer.first_ns is not None]
    lasts: list[Any] = [writer.last_ns for writer in writers if writer.last_ns is not None]
    return Meta(
        path=str(path.resolve()),
        packets=sum(shard.rows for shard in shards),
        first_ns=min(firsts, default=None),
        last_ns=max(lasts, default=None),
        damage="; ".join(filter(None, (cut, damage_of(runs)))),
        interfaces=interfaces,
        shards=shards,
    )
