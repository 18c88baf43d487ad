"""One tool of the agent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from captools.agent.tool import Tool, start


def until_finished(tool: Tool) -> tuple[int, dict[str, bytes]]:
    """Read a tool to its end; return its code and what came by kind."""
    came: dict[str, bytes] = {}
    deadline = time.monotonic() + 10
    while tool.finished() is None:
        assert time.monotonic() < deadline
        for descriptor, kind in list(tool.pipes.items()):
            try:
                data = os.read(descriptor, 65536)
            except BlockingIOError:
                continue
            if data:
                came[kind] = came.get(kind, b"") + data
            else:
                tool.close(descriptor)
        time.sleep(0.005)
    code = tool.finished()
    assert code is not None
    return code, came


def spec(script: str, **more: object) -> dict[str, object]:
    return {"channel": 1, "argv": ["sh", "-c", script], "ready": "listening on", **more}


def test_stdout_is_packets_and_stderr_is_words():
    code, came = until_finished(Tool(spec("printf P; printf W >&2")))
    assert (code, came) == (0, {"data": b"P", "said": b"W"})


def test_a_tool_has_a_process_group_of_its_own():
    tool = Tool(spec("exec sleep 100"))
    assert os.getpgid(tool.process.pid) == tool.process.pid != os.getpgid(0)
    tool.signal(signal.SIGTERM)
    assert until_finished(tool)[0] == -signal.SIGTERM
    tool.signal(signal.SIGTERM)  # once it is gone this does nothing


def test_the_ready_marker_is_found_even_in_two_pieces_and_told_once():
    tool = Tool(spec("exit 0"))
    assert not tool.became_ready("said", b"tcpdump: liste")
    assert not tool.became_ready("data", b"ning on eth1")
    assert tool.became_ready("said", b"ning on eth1")
    assert not tool.became_ready("said", b"listening on eth1")
    until_finished(tool)


def test_every_descriptor_is_given_back():
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        until_finished(Tool(spec("printf x > {pcap}", packets="pipe")))
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_cannot_be_started_is_a_reason():
    tool, reason = start({"channel": 1, "argv": ["no-such-tool"], "ready": "x"})
    assert tool is None and reason == "no-such-tool: not found"


def listening(**more: object) -> Tool:
    tool = Tool(spec("trap '' USR1; sleep 100", **more))
    assert tool.became_ready("said", b"listening on")
    return tool


def end(tool: Tool) -> None:
    tool.signal(signal.SIGKILL)
    until_finished(tool)


def test_a_tool_has_caught_up_once_it_says_that_it_read_all_that_there_is():
    tool = listening(poll_signal=int(signal.SIGUSR1))
    tool.note_counts(b"tcpdump: 2 packets captured, 2 packets received by filter\n")
    assert not tool.caught_up(10.0), "what it said before it was asked is old"
    assert not tool.caught_up(10.01)
    tool.note_counts(b"tcpdump: 2 packets captured, 3 packets received by filter, 0 packets dropped by kernel\n")
    assert not tool.caught_up(10.02)
    assert not tool.caught_up(10.2), "asked again"
    assert tool.caught_up_ns == 0
    # A fourth packet came meanwhile; the third, the last of when it was asked first, is written.
    tool.note_counts(b"tcpdump: 3 packets captured, 4 packets received by filter, 0 packets dropped by kernel\n")
    assert tool.caught_up(10.21) and 0 < tool.caught_up_ns <= time.time_ns()
    end(tool)


def test_packets_that_a_tool_counts_but_never_reads_do_not_hold_it_up_for_ever():
    # libpcap counts what came before its filter was in place, and drops it afterwards.
    tool, answer = (
        listening(poll_signal=int(signal.SIGUSR1)),
        b"tcpdump: 0 packets captured, 4 packets received by filter\n",
    )
    for now in (10.0, 10.2, 10.4, 10.6, 10.8, 11.0):
        assert not tool.caught_up(now)
        tool.note_counts(answer)
    assert not tool.caught_up(11.2)
    tool.note_counts(answer)
    assert tool.caught_up(11.4) and tool.caught_up_ns
    end(tool)


def test_a_tool_that_cannot_be_asked_counts_as_one_that_has_caught_up():
    tool = listening()
    assert tool.caught_up(1.0)
    end(tool)


def test_what_is_held_back_is_asked_for_only_where_that_does_not_end_the_tool():
    deaf, hearing = (
        Tool(spec("echo listening on >&2; exec sleep 100")),
        Tool(spec("trap 'echo flushed; exit 0' USR2; echo listening on >&2; while :; do sleep 0.02; done")),
    )
    time.sleep(0.5)
    for tool in (deaf, hearing):
        assert tool.became_ready("said", b"listening on")
        tool.gave = 10.0
        tool.flush(10.1)
        assert tool.finished() is None and not tool.flushed, "it has just written"
        tool.flush(10.3)
    assert until_finished(hearing)[1]["data"] == b"flushed\n" and deaf.finished() is None
    end(deaf)
    deaf.flush(20.0)


def test_a_tool_that_had_nothing_to_write_is_asked_again_later_and_not_at_once():
    count = "n=0; trap 'n=$((n+1)); [ $n -lt 2 ] || { echo twice; exit 0; }' USR2; "
    tool = Tool(spec(count + "echo listening on >&2; while :; do sleep 0.02; done"))
    time.sleep(0.5)
    assert tool.became_ready("said", b"listening on")
    tool.flush(10.0)
    tool.flush(10.1)
    time.sleep(0.3)
    assert tool.process.poll() is None
    tool.flush(10.3)
    assert until_finished(tool)[1]["data"] == b"twice\n"


def test_root_that_may_not_signal_a_tool_leaves_it_to_its_next_packet():
    """A pod's root without CAP_KILL cannot signal a tcpdump that has changed its user."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    drop = "import os,sys; os.setuid(65534); sys.stderr.write('listening on'); sys.stderr.flush(); import time; time.sleep(100)"
    script = (
        "import ctypes, os, subprocess, sys, time, signal\n"
        "from captools.agent.tool import Tool\n"
        f"tool = Tool({{'channel': 1, 'argv': [sys.executable, '-c', {drop!r}], 'ready': 'listening', 'poll_signal': 10}})\n"
        "time.sleep(0.5); tool.became_ready('said', b'listening')\n"
        "os.setresuid(65533, 65533, 65533)\n"
        "tool.ask_counts(); tool.flush(9.0); tool.signal(signal.SIGINT); assert tool.forbidden\n"
        "for descriptor in list(tool.pipes): tool.close(descriptor)\n"
        "print(tool.finished(), tool.process.pid)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    code, pid = done.stdout.split()
    os.kill(int(pid), signal.SIGKILL)
    assert int(code) == -signal.SIGPIPE
