"""A capture decoded in byte ranges that stay apart, for the tests of what joins them."""

from __future__ import annotations

import io

from captools.model.narrow import Narrow


def apart(data: bytes, threads: int, smallest: int = 1 << 10) -> list[Narrow]:
    """Return the tables of each of up to ``threads`` ranges, which have at least ``smallest`` bytes."""
    from captools.wire import parallel
    from captools.wire.assemble import assemble

    def read_at(space: memoryview, at: int) -> int:
        return io.BytesIO(data[at : at + len(space)]).readinto(space)

    usual, parallel._SMALLEST = parallel._SMALLEST, smallest
    try:
        plan = parallel.plan(read_at, len(data), "t", threads=threads)
    finally:
        parallel._SMALLEST = usual
    parts: dict[int, list[tuple]] = {}

    def work(number, run, end) -> None:
        parts[number] = [(one.packets, one.sides) for one in parallel.feed(run, read_at, end)]

    runs = parallel.decode_planned(plan, work, threads=1)
    linktypes = [one.linktype for one in parallel.interfaces_of(runs)]
    return [
        assemble(parts[number], run.common.lane_records(), linktypes, "", run.common.flow_records())
        for number, run in enumerate(runs)
    ]
