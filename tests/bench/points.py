"""Several points of one cluster, as a process of its own: ``python -m tests.bench.points match|survey FILE FILE ...``.

``survey`` opens the captures (decoding those that were not decoded before), joins their packets and puts conversations
together: the whole road to knowing what is in a large session. ``match`` does so too, then prints what the join alone
takes of one processor, on the prints of the first two files in memory, and what polars takes for an inner join of the
same prints with one thread (POLARS_MAX_THREADS=1).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from captools.correlate.large.conversations import conversations
from captools.model.cluster import Cluster
from captools.store.capture import Reading
from captools.store.detail import entries_of
from captools.store.inputs import expand
from captools.store.load import load
from captools.store.many import Many, side_by_side
from captools.wire.same_packet import Rows, join_rows
from captools.wire.tunnels import VXLAN_PORTS

_RUNS = 3


def opened(files: list[str]) -> Many:
    """Open the captures; decode them where that was not done."""
    reading = Reading(VXLAN_PORTS)
    held = load(expand(tuple(files), ()), Cluster(), reading)
    return side_by_side(list(entries_of(held.loaded, reading).values()))


def fastest(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the least processor time of a few runs, and the result."""
    times = []
    for _ in range(_RUNS):
        begun = time.process_time()
        result = work()
        times.append(time.process_time() - begun)
    return min(times), result


def match(many: Many) -> dict[str, float]:
    """The join alone against polars."""
    import polars

    sources = [list(many.rows(number)) for number in (0, 1)]
    ours, found = fastest(lambda: join_rows([iter(one) for one in sources], many.starts[-1]))
    whole = [Rows(*(np.concatenate([getattr(rows, name) for rows in one]) for name in Rows._fields)) for one in sources]
    frames = [polars.DataFrame({"print": one.print[one.print != 0], f"ts_{at}": one.ts_ns[one.print != 0]})
              for at, one in enumerate(whole)]  # fmt: skip
    theirs, joined = fastest(lambda: frames[0].join(frames[1], on="print"))
    return {
        "rows": sum(len(one.print) for one in whole), "seconds": ours, "matched": int(found.pairs.matched.sum()),
        "polars_seconds": theirs, "polars_matched": joined.height,
    }  # fmt: skip


def main(what: str, files: list[str]) -> None:
    """Print the figures as JSON."""
    begun = time.perf_counter()
    many = opened(files)
    said: dict[str, Any] = {"packets": sum(len(one) for one in many.entries), "lanes": many.starts[-1]}
    said["open_seconds"] = time.perf_counter() - begun
    if what == "match":
        said |= match(many)
    else:
        said["conversations"] = len(conversations(many.columns, many.sources(), many.joined()))
    print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
