"""Shipping: from any byte, in good order, within a limit, compressed where that helps."""

from __future__ import annotations

import time

import pytest

from captools.agent import frames
from captools.agent.ship import Bucket

SEQ = b"".join(b"%d\n" % n for n in range(1, 400_001))


@pytest.fixture
def ended(agent):
    """A capture whose tools have ended; nothing of it is home."""
    agent.start(
        "echo listening >&2; seq 1 400000", "echo listening >&2; printf small", spool={"segment_bytes": 300_000}
    )
    agent.state(lambda state: state["stopped_ns"])
    return agent


def test_any_range_is_exactly_that_range(ended):
    for begin, to in ((0, 1), (299_999, 300_001), (300_000, 600_000), (12_345, None), (10**9, None)):
        ended.home.clear()
        ended.starts.clear()
        ended.seen.clear()
        ended.send("ship", capture="c", streams=[{"channel": 1, "stream": "data", "from": begin, "to": to}])
        expected = SEQ[begin:to]
        ended.until(lambda e=expected: len(ended.home.get((1, "data"), b"")) >= len(e))
        ended.send("clock", id=1)
        ended.next(frames.CLOCK)
        assert ended.home.get((1, "data"), b"") == expected
        for _, one in ended.all(frames.SEGMENT):
            assert one["start"] % 300_000 == 0 and (to is None or one["start"] + one["length"] <= to)


@pytest.mark.parametrize(
    ("mode", "codecs"), [("never", {frames.RAW}), ("always", {frames.ZSTD}), ("auto", {frames.RAW})]
)
def test_compression_changes_nothing_but_the_number_of_bytes(ended, mode, codecs):
    # "auto": a way home as fast as a pipe needs none. `zstd` is installed where these tests run.
    ended.ship(1, compress=mode)
    ended.exits(1)
    assert ended.home[1, "data"] == SEQ
    assert ended.codecs - {frames.RAW} == codecs - {frames.RAW}


def test_compression_is_used_where_the_way_home_is_slow(ended):
    ended.ship(1, compress="auto", limit_bps=500_000)
    ended.exits(1)
    assert ended.home[1, "data"] == SEQ and ended.wire < len(SEQ) * 0.8


def test_a_limit_holds(ended):
    begun = time.monotonic()
    ended.ship(1, compress="never", limit_bps=1_500_000)
    ended.exits(1)
    assert time.monotonic() - begun > len(SEQ) / 1_500_000 - 0.6


def test_small_streams_do_not_wait_behind_a_large_one(ended):
    ended.ship(1, 2, compress="never", limit_bps=500_000)
    ended.until(lambda: ended.end(2, "data") == 5 and ended.end(1, "said") > 0)
    assert ended.end(1, "data") < 500_000


def test_a_new_ship_replaces_the_one_before_and_none_stops_it(ended):
    ended.ship(1, limit_bps=100_000, compress="never")
    ended.until(lambda: ended.end(1, "data") > 0)
    ended.send("ship", capture="c", streams=[])
    ended.send("clock", id=1)
    ended.next(frames.CLOCK)
    before = ended.end(1, "data")
    time.sleep(0.5)
    ended.send("clock", id=2)
    ended.next(frames.CLOCK)
    assert ended.end(1, "data") == before < len(SEQ)


def test_what_cannot_be_shipped_is_refused(ended):
    for wrong in (
        {"streams": [{"channel": "1", "stream": "data", "from": 0}]},
        {"streams": [{"channel": 1, "stream": "../data", "from": 0}]},
        {"streams": [{"channel": 1, "stream": "data", "from": -1}]},
        {"streams": [], "compress": "gzip"},
        {"streams": [], "limit_bps": 0},
        {},
    ):
        ended.send("ship", capture="c", **wrong)
        assert ended.next(frames.OOPS)["code"] == "bad-command", wrong


def test_a_segment_that_shrank_on_the_disk_stops_its_stream_alone_with_a_sentence(ended, tmp_path):
    (file,) = tmp_path.glob("captools-*/c/1-data-000000000300000.seg")
    with open(file, "r+b") as segment:
        segment.truncate(1000)
    ended.ship(1, 2, limit_bps=2_000_000, compress="never")
    refused = ended.next(frames.OOPS, 1)
    assert refused["do"] == "ship" and refused["stream"] == "data" and "shorter than it was" in refused["error"]
    ended.exits(2)
    assert ended.home[2, "data"] == b"small" and ended.home[1, "data"] == SEQ[:301_000]


def test_a_bucket_gives_its_rate_and_saves_up_half_a_second_at_most():
    bucket = Bucket(1000.0)
    time.sleep(0.01)
    assert bucket.wait_s() == 0
    bucket.take(1000)
    assert 0.9 < bucket.wait_s() < 1.1
    assert Bucket(None).wait_s() == 0
