"""Some packets of an entry: exactly the rows of the whole table, and the messages of whole conversations."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pytest

from tests.wire.equality import assert_equal, plain

pytestmark = pytest.mark.slow
FOREVER = (1 << 63) - 1


@pytest.fixture(scope="module")
def lanes(entry):
    from captools.store.cache.prints import entry_lanes

    return entry_lanes(entry)


def chosen(entry, lanes, take, until=None):
    from captools.store.cache.chosen import choose_packets

    return choose_packets(entry, lanes, take, np.full(len(take), FOREVER) if until is None else until)


def telling(wanted) -> np.ndarray:
    """Rows that are taken whatever is asked: WireGuard handshakes (the generator makes no ICMP errors)."""
    return pc.fill_null(pc.less_equal(wanted["wg_type"], 3), False).to_numpy(zero_copy_only=False)


def test_all_of_some_lanes_are_the_rows_of_the_whole_table(entry, lanes, naming, wanted):
    every = np.arange(len(lanes.lanes)) % 7 == 0
    found = chosen(entry, lanes, np.where(every, 1 << 62, 0))
    assert_equal(plain(found.table(naming)), wanted.take(found.frames - 1))
    rows = np.flatnonzero(of_lanes(entry, lanes, every) | telling(wanted))
    assert found.frames.tolist() == (rows + 1).tolist()


def of_lanes(entry, lanes, some) -> np.ndarray:
    from captools.store.cache.prints import printed

    return some[np.concatenate([lane for _, _, lane in printed(entry, lanes)])]


def test_the_first_packets_of_each_lane_are_counted_over_all_ranges(entry, lanes, wanted):
    from captools.store.cache.prints import printed

    found = chosen(entry, lanes, np.full(len(lanes.lanes), 2))
    lane = np.concatenate([lane for _, _, lane in printed(entry, lanes)])
    seen: dict[int, int] = {}
    expected = []
    for row, (one, always) in enumerate(zip(lane.tolist(), telling(wanted).tolist(), strict=True)):
        seen[one] = seen.get(one, 0) + 1
        if seen[one] <= 2 or always:
            expected.append(row + 1)
    assert found.frames.tolist() == expected


def test_what_comes_after_the_end_that_was_asked_for_is_left_out(entry, lanes, naming, wanted):
    middle = int(wanted["ts_ns"][len(wanted) // 2].as_py())
    found = chosen(entry, lanes, np.full(len(lanes.lanes), 1 << 62), np.full(len(lanes.lanes), middle))
    table = found.table(naming)
    late = table.filter(pc.greater(table["ts_ns"], middle))
    assert 0 < len(found) < len(wanted) and set(late["wg_type"].to_pylist()) <= {1, 2, 3}


def test_messages_of_whole_conversations_are_those_of_the_whole_file(entry, lanes, naming, capture):
    from captools.store.cache.chosen import choose_packets
    from captools.store.cache.messages import messages
    from captools.wire.heads import Messages

    ends = np.minimum(lanes.lanes.src, lanes.lanes.dst) ^ np.maximum(lanes.lanes.src, lanes.lanes.dst)
    some = choose_packets(entry, lanes, np.where(ends % np.uint64(5) == 0, 1 << 62, 0), np.full(len(ends), FOREVER))
    for kind in ("http", "tls", "dns"):
        found = getattr(Messages(some.shards, naming, memoryview(capture.read_bytes())), kind)()
        whole = messages(entry, capture, kind, naming)
        expected = whole.filter(pc.is_in(whole["frame"], value_set=pc.cast(some.frames.tolist(), "int64")))
        frames = some.frames[found["row"].to_numpy().astype(np.int64)]
        assert frames.tolist() == expected["frame"].to_pylist() and len(frames), kind
        for name in set(found.column_names) - {"row", "frame", "source", "point"}:
            assert found[name].to_pylist() == expected[name].to_pylist(), (kind, name)


def test_nothing_chosen_is_an_empty_table(entry, lanes, naming, wanted):
    found = chosen(entry, lanes, np.zeros(len(lanes.lanes), np.int64))
    assert len(found) == telling(wanted).sum() == len(found.table(naming))
