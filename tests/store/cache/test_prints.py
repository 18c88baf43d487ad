"""Prints of an entry: those of the same packets decoded in memory, whatever the byte ranges."""

from __future__ import annotations

import numpy as np
import pytest

from tests.wire.equality import compiled
from tests.wire.points import printed as in_memory

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("threads", [1, 3])
def test_an_entry_gives_the_prints_that_its_capture_has_in_memory(capture, tmp_path, threads):
    from captools.store.cache.entry import Entry
    from captools.store.cache.ingest import ingest
    from captools.store.cache.prints import entry_lanes, printed

    entry = Entry(ingest(capture, [tmp_path], "key", vxlan_ports=(8472, 4789), threads=threads))
    lanes = entry_lanes(entry)
    batches = list(printed(entry, lanes))
    narrow = compiled(capture.read_bytes())
    wanted, columns = in_memory(narrow)
    assert len(entry.meta.shards) == threads and len(batches) > 1
    assert np.array_equal(np.concatenate([times for times, _, _ in batches]), narrow.packets["ts_ns"].to_numpy())
    for name in ("print", "second"):
        found = np.concatenate([getattr(told, name) for _, told, _ in batches])
        assert np.array_equal(found, getattr(wanted, name)), name
    lane = np.concatenate([lane for _, _, lane in batches])
    of_row = narrow.packets["lane"].to_numpy()
    for (name, column), (_, expected) in zip(lanes.lanes.columns(), columns.columns(), strict=True):
        assert np.array_equal(column[lane], expected[of_row]), name


def test_lanes_of_several_ranges_are_one_and_count_all_their_packets(entry):
    from captools.store.cache.prints import entry_lanes

    lanes = entry_lanes(entry)
    assert len(lanes.lanes) < sum(map(len, lanes.numbers)) == sum(shard.lanes for shard in entry.meta.shards)
    assert lanes.lanes.flows["packets"].sum() == len(entry)
