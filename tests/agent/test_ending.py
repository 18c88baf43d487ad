"""How tools are asked to end: in time, politely, then not."""

from __future__ import annotations

import signal

import pytest

from captools.agent import frames
from captools.agent.ending import Ending

_COUNTING = """
trap 'echo "tcpdump: $((asked)) packets captured, 3 packets received by filter" >&2; asked=$((asked + 1))' USR1
trap 'printf "%s" "$asked"; exit 0' INT
asked=0; echo listening >&2; while :; do sleep 0.01; done
"""
ASKED = {"poll_signal": int(signal.SIGUSR1)}


def test_the_first_reason_stays_and_a_stop_can_only_come_sooner():
    ending = Ending()
    assert ending.begin("duration", 5.0) and not ending.begin("asked", 1.0)
    sooner = ending.due
    ending.begin("asked", 9.0)
    assert ending.due == sooner and ending.reason == "duration"


def test_a_tool_that_has_not_read_everything_gets_a_little_longer(agent):
    agent.start(_COUNTING, ship=True, spec=ASKED)
    agent.next(frames.READY, 1)
    agent.send("stop", capture="c", wait_s=0.1)
    report = agent.exits(1)[1]
    # Asked until it had read 3 of 3; on a slow machine patience may end before.
    assert int(agent.home[1, "data"]) >= 2 and report["code"] == 0


def test_who_is_in_a_hurry_does_not_wait_for_counts(agent):
    agent.start(_COUNTING.replace("$((asked)) packets", "2 packets"), ship=True, spec=ASKED)
    agent.next(frames.READY, 1)
    agent.send("stop", capture="c", wait_s=0)
    agent.exits(1)
    assert agent.home[1, "data"] == b"0"


@pytest.mark.slow
def test_a_tool_that_ignores_every_polite_signal_is_killed(agent):
    agent.start("trap '' INT TERM; echo listening >&2; while :; do sleep 0.05; done")
    agent.next(frames.READY, 1)
    agent.send("stop", capture="c", wait_s=0)
    assert agent.next(frames.EXIT, 1)["code"] == -signal.SIGKILL


def test_counts_come_with_the_state_and_polls_reach_only_tools_that_listen(agent):
    # Before it listens the signal would end it: this one sets its trap late.
    script = "sleep 0.3; trap 'echo \"7 packets captured, 9 packets received by filter, 2 packets dropped by kernel\" >&2' USR1"
    agent.start(script + "; echo listening >&2; while :; do sleep 0.05; done", spec=ASKED)
    agent.send("poll")
    agent.next(frames.READY, 1)
    agent.send("poll")
    counts = agent.state(lambda state: state["points"][0]["counts"]["captured"])["points"][0]["counts"]
    assert counts == {"captured": 7, "received": 9, "dropped": 2}
