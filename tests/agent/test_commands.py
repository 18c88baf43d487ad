"""Every command that is not about bytes: what it answers, and what it refuses in one sentence."""

from __future__ import annotations

import json
import time

from captools.agent import frames

SLEEP = "echo listening >&2; exec sleep 100"


def listed(agent):
    """Return what lies in this test's folder by capture id; others may capture on this machine too."""
    agent.send("list")
    found = agent.next(frames.LIST)["captures"]
    return {one["capture"]: one for one in found if one["dir"].startswith(str(agent.folder))}


def test_the_clock_is_read_on_request(agent):
    before = time.time_ns()
    agent.send("clock", id=4)
    reading = agent.next(frames.CLOCK)
    assert reading["id"] == 4 and before <= reading["time_ns"] <= time.time_ns()


def test_facts_are_gathered_beside_the_loop(agent):
    agent.send("facts", names=["ip-link.json"])
    agent.send("clock", id=1)
    found = agent.next(frames.FACTS)
    assert "lo" in [link["ifname"] for link in json.loads(found["network"]["ip-link.json"])]


def test_what_lies_here_is_listed_with_the_controllers_own_words(agent, connect):
    agent.start(SLEEP, capture="one", words={"who": "me"})
    agent.start("echo listening >&2", capture="two")
    agent.state(lambda state: state["stopped_ns"])
    found = listed(connect())
    assert set(found) == {"one", "two"} and found["one"]["words"] == {"who": "me"}
    assert found["one"]["stopped_ns"] == 0 < found["two"]["stopped_ns"]
    assert found["one"]["attached"] == 0 and found["two"]["attached"] == 1


def test_a_capture_that_runs_is_removed_only_by_force(agent):
    agent.start(SLEEP)
    agent.next(frames.READY, 1)
    agent.send("remove", capture="c")
    refused = agent.next(frames.OOPS)
    assert refused["code"] == "running" and "stop it first" in refused["error"]
    agent.send("remove", capture="c", force=True)
    agent.state(lambda state: state.get("removed"))
    assert listed(agent) == {}


def test_removing_what_is_not_there_is_done(agent):
    agent.send("remove", capture="never")
    assert agent.next(frames.STATE) == {"capture": "never", "removed": True}


def test_a_capture_that_does_not_exist_is_said(agent):
    for do in ("attach", "stop", "ack", "snapshot"):
        agent.send(do, capture="never", streams=[], last_s=1)
        refused = agent.next(frames.OOPS)
        assert (refused["do"], refused["capture"], refused["code"]) == (do, "never", "unknown")


def test_a_command_that_cannot_be_meant_is_one_sentence_and_the_agent_goes_on(agent):
    for command in (
        {"do": "dance"},
        {"do": None},
        {"do": ["start"]},
        {"do": "start", "capture": "../x", "tools": []},
        {"do": "ship", "capture": "c", "streams": []},
        {"do": "ack", "capture": "c", "streams": 7},
        {"do": "snapshot", "capture": "c"},
        {"do": "clock"},
        {"do": "attach", "capture": "a/b"},
        {"do": "list", "dirs": 5},
    ):
        agent.stdin.write(frames.pack_json(frames.COMMAND, 0, command))
        refused = agent.next(frames.OOPS)
        assert refused["code"] in ("bad-command", "unknown") and "\n" not in refused["error"] != "", command


def test_the_same_capture_is_not_started_twice(agent):
    agent.start(SLEEP)
    agent.start(SLEEP)
    refused = agent.next(frames.OOPS)
    assert refused["code"] == "exists" and agent.state()["keeper"] == "alive"


def test_no_room_for_a_spool_is_one_sentence(agent):
    agent.start(SLEEP, dir="/nonexistent/folder")
    refused = agent.next(frames.OOPS)
    assert "no folder for the spool" in refused["error"] and "--spool-dir" in refused["error"]


def test_a_tool_that_is_not_there_is_an_exit_with_its_reason(agent):
    tools = [{"channel": 2, "argv": ["no-such-tool"], "ready": "x"}]
    agent.send("start", capture="c", tools=tools)
    agent.ship(2)
    assert agent.exits(2)[2]["code"] == 127 and agent.home[2, "said"] == b"no-such-tool: not found"


def test_bye_is_answered_and_nothing_follows(agent):
    agent.send("bye")
    while agent.take():
        pass
    assert agent.seen[-1] == (frames.BYE, 0, {"reason": "done"})


def test_an_acknowledgement_frees_the_disk_and_a_lease_can_be_taken_away(agent):
    agent.start("echo listening >&2; seq 1 200000", spool={"segment_bytes": 100_000})
    ended = agent.state(lambda state: state["stopped_ns"])
    written = ended["points"][0]["streams"]["data"]["written"]
    agent.send("ack", capture="c", streams=[{"channel": 1, "stream": "data", "upto": written - 1}])
    state = agent.state(lambda state: state["points"][0]["streams"]["data"]["acked"])
    assert 0 < state["spool"]["used"] <= 100_020
    agent.send("attach", capture="c", lease_s=None)
    assert agent.state(lambda state: state.get("first") and state["lease_s"] is None)
