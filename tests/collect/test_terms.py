"""What an agent is told when a capture begins."""

from __future__ import annotations

import json
import re

from captools.agent.spool import SPOOL_BYTES
from captools.collect.request import CaptureRequest
from captools.collect.spooling import DEFAULT_SPOOL_BYTES, SpoolWish
from captools.collect.terms import MIN_SEGMENT_BYTES, STREAM_LEASE_S, Terms, terms_of


def test_the_start_command_is_json_and_says_everything():
    terms = Terms(capture="s-1", spool=SpoolWish(limit_bps=5), duration_s=3.0, words={"session": "/s"})
    told = json.loads(json.dumps(terms.start("n1", [{"channel": 1}])))
    assert told["capture"] == terms.id_on("n1") and told["tools"] == [{"channel": 1}] and told["duration_s"] == 3.0
    assert told["words"] == {"session": "/s"} and told["spool"]["full"] == "keep" and told["spool"]["dir"] is None
    assert told["lease_s"] == 1800 and told["until_regex"] is None
    # Nobody asked for it, so nobody is told where a node has less.
    assert told["spool"]["bytes"] is None and SPOOL_BYTES == DEFAULT_SPOOL_BYTES
    assert Terms(capture="s", spool=SpoolWish(spool_bytes=5)).start("n1", [])["spool"]["bytes"] == 5


def test_a_rings_segments_are_small_parts_of_it_and_never_tiny():
    def segment(ring: int) -> int:
        return Terms(capture="s", spool=SpoolWish(ring_bytes=ring)).start("n1", [])["spool"]["segment_bytes"]

    assert segment(512 << 20) == 16 << 20 and segment(64 << 20) == 2 << 20 and segment(1 << 20) == MIN_SEGMENT_BYTES


def test_a_ring_larger_than_the_spool_makes_the_spool_as_large():
    assert Terms(capture="s", spool=SpoolWish(ring_bytes=4 << 30)).start("n1", [])["spool"]["bytes"] == 4 << 30


def test_every_node_has_a_name_of_its_own_for_it_that_fits_the_agent():
    terms = Terms(capture="x" * 60)
    names = {terms.id_on(node) for node in ("k8s-w1", "k8s-w10", "k8s w1", "../../etc", "k8s-worker-1", "k8s-worker-2")}
    assert len(names) == 6 and all(re.fullmatch(r"[A-Za-z0-9._-]{1,80}", name) for name in names)


def test_a_name_that_another_controller_gave_it_on_a_node_is_kept():
    terms = Terms(capture="s-1", ids={"n1": "s-1.other-abcdef"})
    assert terms.id_on("n1") == "s-1.other-abcdef" and terms.id_on("n2").startswith("s-1.n2-")


def test_a_detached_capture_needs_no_controller_and_one_that_only_streams_needs_it_soon():
    asked = CaptureRequest(targets=(), command=("captools", "capture"), detach=True)
    terms = terms_of(asked, "s-1", "/s", 17)
    assert terms.lease_s is None and not terms.ship and terms.words["command"] == ["captools", "capture"]
    assert terms.words["capture"] == "s-1" and terms.words["session"] == "/s" and terms.words["started_ns"] == 17
    streaming = terms_of(CaptureRequest(targets=(), keep=False), "s-1", "standard output", 17)
    assert streaming.ship and streaming.lease_s == STREAM_LEASE_S
    ring = terms_of(CaptureRequest(targets=(), spool=SpoolWish(keep_s=9.0)), "s-1", "/s", 17)
    assert not ring.ship and ring.spool.keep_s == 9.0
