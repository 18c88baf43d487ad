"""Keepers: captures that outlive connections, ends by time, pattern and lease, and what a full disk does."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from captools.agent import frames

ENDLESS = "echo listening >&2; exec cat /dev/zero"


def gone(pid: int, timeout_s: float = 10.0) -> bool:
    """Tell whether a process has ended (a zombie counts as ended)."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
            if stat.rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def listed(agent):
    """Return what lies here by capture id; others may capture on this machine too."""
    agent.send("list")
    found = agent.next(frames.LIST)["captures"]
    return {one["capture"]: one for one in found if one["dir"].startswith(str(agent.folder))}


def test_what_a_tool_writes_comes_home_byte_for_byte_with_its_exit(agent):
    agent.start("echo listening >&2; head -c 20000000 /dev/urandom ; exit 3", ship=True)
    report = agent.exits(1)[1]
    assert report["code"] == 3 and report["ends"]["data"] == 20_000_000 == len(agent.home[1, "data"])
    agent.until(lambda: sum(one["length"] for _, one in agent.all(frames.SEGMENT)) >= 20_000_010)
    for channel, one in agent.all(frames.SEGMENT):
        part = agent.home[channel, one["stream"]][one["start"] : one["start"] + one["length"]]
        assert hashlib.sha256(part).hexdigest() == one["sha256"]


def test_a_capture_goes_on_without_its_connection_and_is_resumed_at_the_byte(agent, connect):
    agent.start("echo listening >&2; seq 1 3000000; sleep 0.3; seq 1 300000", ship=True)
    agent.until(lambda: agent.end(1, "data") > 3_000_000)
    agent.close()
    second = connect()
    second.home, second.starts = agent.home, agent.starts
    second.send("attach", capture="c")
    second.ship(1)
    first = second.next(frames.STATE)
    assert first["first"] and first["keeper"] == "alive"
    second.exits(1)
    expected = b"".join(b"%d\n" % n for n in range(1, 3_000_001)) + b"".join(b"%d\n" % n for n in range(1, 300_001))
    assert second.home[1, "data"] == expected and not second.gaps


def test_attaching_repeats_what_happened_before_and_words_are_given_back(agent, connect):
    agent.start("echo listening >&2; exit 0", words={"session": "s"}, capture="mine")
    exit_before = agent.next(frames.EXIT, 1)
    agent.close()
    second = connect()
    second.send("attach", capture="mine")
    assert second.next(frames.STATE)["words"] == {"session": "s"}
    assert second.next(frames.READY, 1)["time_ns"] > 0
    assert second.next(frames.EXIT, 1) == exit_before


def test_a_keeper_shrugs_off_what_a_lost_session_sends(agent):
    agent.start(ENDLESS)
    pid = agent.state(lambda state: state["points"][0]["ready_ns"])["pid"]
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGUSR1):
        os.kill(pid, number)
    before = agent.state()["points"][0]["streams"]["data"]["written"]
    assert agent.state()["pid"] == pid and before > 0
    assert os.getsid(pid) != os.getsid(0)


def test_a_killed_keeper_leaves_no_tool_and_its_files_come_home(agent, connect):
    agent.start("echo listening >&2; echo $$; seq 1 100000; exec sleep 100", ship=True)
    agent.until(lambda: agent.end(1, "data") > 500_000)
    tool = int(agent.home[1, "data"].split()[0])
    os.kill(agent.state()["pid"], signal.SIGKILL)
    dead = agent.state(lambda state: state["keeper"] == "dead")
    report = agent.next(frames.EXIT, 1)
    assert report["code"] is None and report["ends"]["data"] == dead["points"][0]["streams"]["data"]["written"]
    assert gone(tool)
    agent.close()
    second = connect()
    second.send("attach", capture="c")
    second.ship(1)
    second.exits(1)
    assert second.home[1, "data"] == agent.home[1, "data"] and second.home[1, "said"] == b"listening\n"
    sealed = second.until(lambda: [one for _, one in second.all(frames.SEGMENT) if one["stream"] == "data"])
    assert sealed[0]["sha256"] == hashlib.sha256(second.home[1, "data"]).hexdigest()
    assert listed(second)["c"]["keeper"] == "dead"
    ends = report["ends"].items()
    second.send("ack", capture="c", streams=[{"channel": 1, "stream": name, "upto": end} for name, end in ends])
    second.send("remove", capture="c")
    assert second.state(lambda state: state.get("removed")) == {"capture": "c", "removed": True}


def test_a_duration_ends_a_capture_that_nobody_watches(agent, connect):
    agent.start("trap 'echo last; exit 0' INT; echo listening >&2; while :; do sleep 0.02; done", duration_s=0.3)
    agent.state(lambda state: state["points"][0]["ready_ns"])
    agent.close()
    time.sleep(0.6)
    second = connect()
    second.send("attach", capture="c")
    second.ship(1)
    report = second.exits(1)[1]
    assert second.home[1, "data"] == b"last\n" and report["code"] == 0 and report["signalled_ns"]
    assert second.state()["stopping"] == "duration"


def test_a_pattern_across_two_writes_ends_the_capture_and_tells_where(agent):
    script = "echo listening >&2; printf 'HTTP/1.1 2'; sleep 0.1; printf '00 OK HTTP/1.1 50'; sleep 0.1; echo '3 no'; sleep 100"
    agent.start(script, until_regex=r"HTTP/1\.1 5\d\d", until_after_s=0)
    found = agent.state(lambda state: state["until"])
    assert (found["until"]["channel"], found["until"]["offset"]) == (1, 16)
    assert found["stopping"] == "until" and agent.next(frames.EXIT, 1)["signalled_ns"]


def test_a_pattern_that_would_stop_the_capture_for_hours_is_given_up(agent):
    agent.start("echo listening >&2; head -c 400 /dev/zero | tr '\\0' a; echo; exec sleep 100", until_regex="(a+)+b")
    notes = agent.state(lambda state: state["notes"])["notes"]
    assert "takes too long" in notes[0]


def test_a_lease_stops_a_capture_whose_controller_is_gone_but_not_one_that_polls(agent, connect):
    agent.start(ENDLESS, spool={"bytes": 1 << 20}, lease_s=1.5)
    begun = time.monotonic()
    while time.monotonic() - begun < 2.5:
        agent.send("poll")
        time.sleep(0.2)
    agent.send("attach", capture="c")
    assert agent.state(lambda state: state["time_ns"] - state["started_ns"] > 2.4e9)["stopping"] == ""
    agent.close()
    time.sleep(2.5)
    second = connect()
    found = listed(second)["c"]
    assert found["stopping"] == "lease" and "was not heard of" in " ".join(found["notes"])


def test_a_full_spool_keeps_the_oldest_and_goes_on_where_room_is_made(agent):
    agent.start("echo listening >&2; seq 1 2000000", spool={"bytes": 2 << 20})
    full = agent.state(lambda state: state["spool"]["full"] == "limit")
    assert full["spool"]["used"] <= (3 << 20) and full["mode"] == "keep"
    agent.ship(1)
    while not agent.all(frames.EXIT) or agent.end(1, "data") < agent.all(frames.EXIT)[0][1]["ends"]["data"]:
        agent.take()
        agent.send("ack", capture="c", streams=[{"channel": 1, "stream": "data", "upto": agent.end(1, "data")}])
    assert agent.home[1, "data"] == b"".join(b"%d\n" % n for n in range(1, 2_000_001))
    assert agent.state()["spool"]["full_ns"] > 0


@pytest.mark.slow
def test_a_full_spool_that_nobody_empties_does_not_hold_up_the_end(agent, connect):
    agent.start(ENDLESS, spool={"bytes": 1 << 20})
    agent.state(lambda state: state["spool"]["full"])
    agent.close()
    other = connect()
    other.send("stop", capture="c", wait_s=0)
    time.sleep(5.5)
    other.send("attach", capture="c")
    other.ship(1)
    ends = other.exits(1)[1]["ends"]
    state = other.state()
    assert "were not kept" in " ".join(state["notes"]) and state["points"][0]["streams"]["data"]["dropped"] > 0
    assert len(other.home[1, "data"]) == ends["data"]


def test_stop_waits_then_interrupts_and_everything_printed_afterwards_still_comes(agent):
    agent.start("trap 'printf last; exit 0' INT; echo listening >&2; while :; do sleep 0.05; done", ship=True)
    agent.next(frames.READY, 1)
    begun = time.monotonic()
    agent.send("stop", capture="c", wait_s=0.4)
    report = agent.exits(1)[1]
    assert 0.35 < time.monotonic() - begun < 5 and agent.home[1, "data"] == b"last"
    assert report["code"] == 0 and 0 < report["signalled_ns"] <= report["time_ns"]


def test_fifty_tools_run_at_once_and_all_of_them_come_home(agent):
    agent.start(*[f"echo listening >&2; seq {n} {n + 5000}" for n in range(50)], ship=True)
    agent.exits(*range(1, 51))
    for n in range(50):
        assert agent.home[n + 1, "data"] == b"".join(b"%d\n" % i for i in range(n, n + 5001))


def test_state_json_and_segments_are_nobody_elses_to_read(agent, tmp_path):
    agent.start("echo listening >&2; echo packets")
    agent.state(lambda state: state["stopped_ns"])
    spool = tmp_path / f"captools-{os.geteuid()}" / "c"
    assert spool.stat().st_mode & 0o777 == 0o700
    files = {path.name: path for path in spool.iterdir()}
    assert {"state.json", "1-data-000000000000000.seg"} <= set(files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in files.values())
    assert json.loads(files["state.json"].read_text())["state"]["capture"] == "c"


def test_a_keeper_whose_spool_is_deleted_by_hand_ends_itself_and_its_tools(agent, tmp_path):
    agent.start("echo $$ >&2; echo listening >&2; exec sleep 100", ship=True)
    pid = agent.state()["pid"]
    agent.until(lambda: agent.end(1, "said") > 10)
    shutil.rmtree(tmp_path / f"captools-{os.geteuid()}")
    assert agent.state(lambda state: state.get("removed")) and gone(pid)
    assert gone(int(agent.home[1, "said"].split()[0]))
