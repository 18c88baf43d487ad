"""What a sink is told."""

from __future__ import annotations

import threading
from pathlib import Path

from captools.collect.live.event import understand
from captools.collect.live.pcapng import PcapngSink
from captools.collect.live.sinks import LivePoint, Sink
from captools.collect.live.until import UntilSink
from captools.model.points import Point


def test_ours_fill_the_seam_and_have_found_nothing_before_they_began():
    stop = threading.Event()
    sinks: list[Sink] = [PcapngSink(1, stop), UntilSink(understand("RST"), stop)]
    for sink in sinks:
        assert sink.found == ()
        sink.end({}, threading.Event())
    assert not stop.is_set()


def test_a_point_without_more_words_is_one_that_keeps_nothing_and_names_nothing():
    point = LivePoint(key=0, point=Point("n1", "eth1"))
    assert point.file is None and point.names == {} and point.clock_offset_ns is None
    assert LivePoint(key=0, point=Point("n1", "eth1"), file=Path("x")).file == Path("x")
