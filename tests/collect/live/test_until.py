"""The end of a capture some time after an event."""

from __future__ import annotations

import json
import threading
import time

from captools.collect.live.event import Event, Kind, understand
from captools.collect.live.sinks import LivePoint
from captools.collect.live.until import UntilSink
from captools.model.points import Point
from captools.model.session import Manifest, UntilRecord, manifest_from_json
from captures.build import pcap

START = 1_700_000_000_000_000_000
POINTS = [LivePoint(key=key, point=Point("n1", name)) for key, name in enumerate(("eth0", "eth1"))]


def stream(*payloads: bytes, first: int = START) -> bytes:
    return pcap([(first + at, payload) for at, payload in enumerate(payloads)])


def test_the_first_match_is_told_and_the_capture_ends_some_time_later():
    stop = threading.Event()
    sink = UntilSink(understand("re:needle"), stop, after_s=0.5)
    sink.begin(POINTS, None)
    sink.feed(0, stream(b"hay", b"hay"))
    assert not stop.wait(0.3) and sink.found == ()
    sink.feed(1, stream(b"hay", b"a needle", b"another needle"))
    deadline = time.monotonic() + 5
    while not sink.found and time.monotonic() < deadline:
        time.sleep(0.005)
    seen = time.monotonic()
    assert sink.found == (
        UntilRecord(expression="needle", kind="regex", point="n1/eth1", frame=2, time="2023-11-14T22:13:20.000000001Z"),
    )
    assert sink.news() == [
        "n1/eth1: frame 2 at 2023-11-14T22:13:20.000000001Z matches the regular expression needle; "
        "the capture goes on for 0.5 s"
    ]
    assert sink.news() == [] and not stop.is_set()
    assert stop.wait(5) and time.monotonic() - seen > 0.4
    sink.feed(0, b"x" * (100 << 20))  # nobody looks any more, and nobody waits
    sink.end({}, threading.Event())


def test_a_search_that_breaks_down_holds_no_node_up(monkeypatch):
    broke: list[object] = []
    monkeypatch.setattr(threading, "excepthook", broke.append)
    sink = UntilSink(Event(Kind.REGEX, "("), threading.Event())  # no pattern: whoever searches for it breaks down
    sink.begin(POINTS, None)
    node = threading.Thread(target=lambda: [sink.feed(0, stream(b"x" * 200_000)) for _ in range(50)], daemon=True)
    node.start()
    node.join(10)
    assert not node.is_alive()
    sink.end({}, threading.Event())
    assert len(broke) == 1


def test_of_two_matches_that_come_together_the_earlier_one_counts(monkeypatch):
    stop = threading.Event()
    sink = UntilSink(understand("re:needle"), stop)
    sink.feed(0, stream(b"needle", first=START + 9))
    sink.feed(1, stream(b"needle", first=START))
    sink.begin(POINTS, None)
    assert stop.wait(5) and [one.point for one in sink.found] == ["n1/eth1"]
    assert sink.news()[0].endswith("; the capture ends")


def test_what_has_come_before_the_end_is_still_looked_at():
    stop = threading.Event()
    sink = UntilSink(understand("re:needle"), stop, after_s=60)
    sink.begin(POINTS, None)
    sink.feed(0, stream(*[b"hay"] * 1000))
    sink.feed(1, stream(b"needle"))
    begun = time.monotonic()
    sink.end({}, threading.Event())
    assert [one.frame for one in sink.found] == [1] and time.monotonic() - begun < 20


def test_what_was_found_stands_in_the_manifest_and_comes_back_from_it():
    found = (UntilRecord(expression="dns", kind="filter", point="n1/eth1", frame=7, time="2023-11-14T22:13:20Z"),)
    manifest = Manifest(id="x", captools="1", started="", until=found)
    assert manifest_from_json(json.loads(json.dumps(manifest.to_json())), "x").until == found
