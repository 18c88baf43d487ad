"""Several captures side by side: their packets are joined batch by batch, whatever the byte ranges they were read in."""

from __future__ import annotations

import pytest

from tests.wire.equality import reference  # prepares the kernels' folder
from tests.wire.points import capture, crossing, rows_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    from captools.store.cache.entry import Entry
    from captools.store.cache.ingest import ingest
    from captools.store.many import side_by_side

    folder = tmp_path_factory.mktemp("many")
    entries = []
    for vantage, threads in (("a", 3), ("b", 1)):
        path = folder / f"{vantage}.pcap"
        path.write_bytes(capture(vantage, 20_000))
        entries.append(Entry(ingest(path, [folder], vantage, vxlan_ports=(8472, 4789), threads=threads)))
    return side_by_side(entries)


def test_the_second_point_has_all_but_what_was_lost(many):
    found = many.joined()
    assert found.pairs.matched.sum() == len(many.entries[1])
    assert len(many.entries[1]) < crossing(reference(capture("a", 20_000)))
    assert (many.sources()[found.pairs.first] == 0).all() and (many.sources()[found.pairs.lane] == 1).all()


def test_it_is_the_join_of_the_same_packets_in_memory(many):
    from captools.wire.same_packet import join_rows

    one, lanes = rows_of(capture("a", 20_000))
    two, more = rows_of(capture("b", 20_000), lanes)
    wanted, found = join_rows([iter([one]), iter([two])], lanes + more), many.joined()
    assert sorted(found.firsts.tolist()) == sorted(wanted.firsts.tolist())
    for name in ("matched", "timed", "least_ns", "greatest_ns", "sum_ns"):
        assert sorted(getattr(found.pairs, name).tolist()) == sorted(getattr(wanted.pairs, name).tolist()), name


def test_a_clock_can_be_set_right(many):
    assert many.joined(ahead_ns=[0, 60_000_000_000]).pairs.matched.sum() == 0


def test_lanes_count_through_all_captures(many):
    assert many.starts == (0, len(many.lanes[0].lanes), len(many.columns))
    assert many.columns.flows["packets"].sum() == sum(map(len, many.entries))


def test_no_capture_at_all_is_nothing_to_join():
    from captools.store.many import side_by_side

    found = side_by_side([]).joined()
    assert len(found.firsts) == len(found.pairs) == 0
