"""One decode, as a process of its own: ``python -m tests.bench.decode reference|kernel|flows|tables FILE [THREADS]``.

Prints seconds and packets as JSON. ``kernel`` decodes to the normalised columns, with lanes and full hashes, and lets
each part go, as a road that goes on with them does; ``flows`` follows flows, TCP state and messages in the same pass;
``tables`` keeps it all as Arrow tables. The compile is paid before the clock starts;
importing and loading the compiled code is not: the caller's clock sees the whole process.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from captools.wire.runs import Run

PART_ROWS = 16_000


def reference(path: str) -> int:
    """The numpy decoder."""
    from captools.wire.bytesview import BytesView
    from captools.wire.decode import Naming, decode
    from captools.wire.index import read_records

    with open(path, "rb") as file:
        data = file.read()
    records = read_records(data, path)
    return len(decode(BytesView(data), records, Naming(source="s", points=("n/e",) * len(records.interfaces))))


def kernel(path: str, threads: int, flows: bool = False) -> int:
    """The compiled decoder over one file, in byte ranges."""
    from captools.wire.kernels.session import Options
    from captools.wire.parallel import decode_planned, feed, plan

    descriptor = os.open(path, os.O_RDONLY)
    rows: dict[int, int] = {}

    def read_at(space: memoryview, at: int) -> int:
        return os.preadv(descriptor, [space], at)

    def work(number: int, run: Run, end: int) -> None:
        rows[number] = sum(len(part.packets.lane) for part in feed(run, read_at, end))

    options = Options(fresh=False, part_rows=PART_ROWS, flows=flows)
    ranges = plan(read_at, os.fstat(descriptor).st_size, path, threads=threads, options=options)
    runs = decode_planned(ranges, work, threads=threads)
    assert len(runs) == len(ranges.begins), "the ranges do not fit together"
    return sum(rows.values())


def tables(path: str, threads: int) -> int:
    """The compiled decoder, all normalised tables in memory."""
    from captools.wire.parallel import decode_ranges

    descriptor = os.open(path, os.O_RDONLY)
    return len(
        decode_ranges(
            lambda space, at: os.preadv(descriptor, [space], at), os.fstat(descriptor).st_size, path, threads=threads
        )
    )


def main(what: str, path: str, threads: int = 1) -> None:
    """Decode twice with kernels (the first loads them), once without; print what the last took."""
    if what != "reference":
        from captools.store import kernels

        kernels.prepare(lambda words: print(words, file=sys.stderr))
        kernel(path, threads)
    begun = time.perf_counter()
    rows = {"reference": lambda: reference(path), "kernel": lambda: kernel(path, threads),
            "flows": lambda: kernel(path, threads, flows=True), "tables": lambda: tables(path, threads)}[what]()  # fmt: skip
    print(json.dumps({"seconds": time.perf_counter() - begun, "packets": rows}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *(int(one) for one in sys.argv[3:]))
