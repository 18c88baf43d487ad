"""The words that a node keeps of a capture: they come back as they were told, or are refused in one sentence."""

from __future__ import annotations

import copy
import json

import pytest

from captools.collect.detached.story import MAX_POINTS, NoStory, key_of, read_story, words_on
from captools.collect.planning.plan import PlannedRun
from captools.collect.request import CaptureRequest
from captools.collect.spooling import SpoolWish
from captools.collect.terms import Terms
from captools.model.points import Point, Role

SPOOL = SpoolWish(ring_bytes=1 << 20, keep_s=60.0, spool_dir="/somewhere", limit_bps=1000)
ASKED = CaptureRequest(targets=(), bpf="tcp\nport 80", tool="ngrep", match="GET .*", snaplen=96, duration_s=1.5)
WORDS = {"capture": "s-123456", "command": ["captools", "capture"], "started_ns": 10**18, "session": "/home/me/s"}


def runs(count: int, why: str = "a pod's own device") -> list[PlannedRun]:
    """Points that share their filter."""
    return [
        PlannedRun(
            channel=at, point=Point("n1", f"lxc{at}"), role=Role.PODS, argv=("ngrep", "-d", f"lxc{at}", "x" * 200),
            filter="not (host 192.0.2.1) and (tcp port 80)", user_filter="tcp port 80",
            excluded=("host 192.0.2.1",), why=why,
        )
        for at in range(1, count + 1)
    ]  # fmt: skip


def told(count: int = 2) -> dict:
    """What a node gives back of it, as JSON carries it."""
    terms = Terms(capture="s-123456", spool=SPOOL, until_regex="HTTP/1.1 5", until_after_s=2.0, words=WORDS)
    return json.loads(json.dumps(words_on(terms, "n1", "host1", runs(count), ASKED, "1.47")))


def test_a_story_comes_back_as_it_was_told_under_the_name_that_we_give_the_node():
    story = read_story(told(), "n1")
    assert story.runs == tuple(runs(2)) and story.version == "1.47"
    shared = story.shared
    assert (shared.tool, shared.bpf, shared.match, shared.snaplen) == ("ngrep", "tcp\nport 80", "GET .*", 96)
    assert (shared.duration_s, shared.until_regex, shared.until_after_s) == (1.5, "HTTP/1.1 5", 2.0)
    assert (shared.spool.ring_bytes, shared.spool.keep_s, shared.spool.limit_bps) == (1 << 20, 60.0, 1000)
    assert shared.spool.spool_dir == "" and shared.started_ns == 10**18
    assert read_story(told(), "other").runs[0].point == Point("other", "lxc1")
    assert "/somewhere" not in json.dumps(told())


def test_as_many_points_as_an_agent_starts_fit_and_more_reasons_than_fit_are_left_out():
    from captools.agent.order import LONGEST_WORDS, MOST_TOOLS

    assert MAX_POINTS == MOST_TOOLS
    for why in ("", "w" * 400):
        some = [run for at, run in enumerate(runs(MAX_POINTS, why))]
        some = [PlannedRun(channel=r.channel, point=r.point, role=r.role, argv=("tcpdump", "-i", r.point.interface),
                           filter=r.filter, why=f"{why}{r.channel}") for r in some]  # fmt: skip
        words = words_on(Terms(capture="s-1", words=WORDS), "n1", "host1", some, ASKED, "4.99")
        assert len(str(words)) < LONGEST_WORDS
        story = read_story(words, "n1")
        assert len(story.runs) == MAX_POINTS and (story.runs[0].why == "") == (len(why) > 0)


def test_too_much_is_not_told_at_all_and_the_capture_still_begins():
    some = [PlannedRun(channel=1, point=Point("n1", "eth1"), role=Role.NIC, argv=("x" * 300_000,), filter="")]
    words = words_on(Terms(capture="s-1", words=WORDS), "n1", "host1", some, ASKED, "4.99")
    assert "story" not in words and words["node"] == "n1"
    with pytest.raises(NoStory, match="does not tell its points"):
        read_story(words, "n1")


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (("story",), None, "older captools"),
        (("story", "schema"), 2, "newer captools"),
        (("story", "points"), [], "claims 0 points"),
        (("story", "points"), [None], "no JSON object"),
        (("story", "points", 0, "channel"), 0, "channel"),
        (("story", "points", 0, "channel"), 2, "twice"),
        (("story", "points", 0, "channel"), True, "channel"),
        (("story", "points", 0, "interface"), "a/b", "interface"),
        (("story", "points", 0, "interface"), "..", "interface"),
        (("story", "points", 0, "interface"), "x" * 16, "interface"),
        (("story", "points", 0, "interface"), "\x1b[2J", "interface"),
        (("story", "points", 0, "role"), "king", "role is none of"),
        (("story", "points", 0, "filter"), 1000, "not there"),
        (("story", "points", 0, "filter"), -1, "not there"),
        (("story", "points", 0, "argv"), "tcpdump", "no list"),
        (("story", "texts", 0), "\x1b]0;x\x07", "control characters"),
        (("story", "texts", 0), "x" * 300_000, "too long"),
        (("story", "tool"), "sh", "tool is none of"),
        (("story", "snaplen"), "96", "snaplen"),
        (("story", "duration_s"), -1, "duration_s"),
        (("story", "spool", "ring_bytes"), 1 << 60, "ring_bytes"),
        (("story", "spool", "full"), "x", "full"),
        (("story", "version"), ["1"], "version"),
        (("command",), "captools", "command"),
        (("command",), ["\x07"], "control characters"),
        (("started_ns",), 1 << 70, "started_ns"),
    ],
)
def test_what_does_not_fit_is_one_sentence(place, value, sentence):
    words = copy.deepcopy(told())
    inner = words
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    with pytest.raises(NoStory, match=sentence) as error:
        read_story(words, "n1")
    assert str(error.value).isprintable() and len(str(error.value)) < 200


def test_nodes_that_tell_the_same_have_the_same_key():
    words = told()
    other = copy.deepcopy(words)
    other["story"]["bpf"] = "udp"
    assert key_of(read_story(words, "a").shared) == key_of(read_story(told(1), "b").shared)
    assert key_of(read_story(other, "a").shared) != key_of(read_story(words, "a").shared)
