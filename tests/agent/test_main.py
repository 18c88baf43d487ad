"""The agent as a process: commands in, frames out, nothing left behind. Its tools here are small shell programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from captools.agent import frames

RUN = "from captools.agent.main import main; main()"


class Controller:
    """The other end of an agent's channel."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self.unpacker = frames.Unpacker()
        self.waiting: list[tuple[bytes, int, bytes]] = []
        assert self.process.stdout is not None and self.process.stdin is not None
        self.out, self.stdin = self.process.stdout, self.process.stdin
        greeting = b""
        while not greeting.endswith(frames.MAGIC):
            greeting += self.out.read(1)

    def send(self, do: str, **details: object) -> None:
        self.stdin.write(frames.pack_json(frames.COMMAND, 0, {"do": do, **details}))

    def start(self, script: str, channel: int = 1, **spec: object) -> None:
        tool = {"channel": channel, "argv": ["sh", "-c", script], "ready": "listening", **spec}
        self.send("start", tools=[tool])

    def next(self, kind: bytes) -> tuple[int, bytes]:
        """Return channel and payload of the next frame of this kind."""
        while True:
            for index, (found, channel, payload) in enumerate(self.waiting):
                if found == kind:
                    del self.waiting[: index + 1]
                    return channel, payload
            self.waiting += self._more()

    def _more(self) -> list[tuple[bytes, int, bytes]]:
        data = os.read(self.out.fileno(), 1 << 20)
        assert data, "the agent closed its channel"
        return self.unpacker.feed(data)

    def rest(self) -> list[tuple[bytes, int, bytes]]:
        """Return every frame up to the end of the channel."""
        found = self.waiting
        while data := os.read(self.out.fileno(), 1 << 20):
            found += self.unpacker.feed(data)
        return found


@pytest.fixture
def agent() -> Iterator[Controller]:
    controller = Controller()
    yield controller
    controller.process.kill()
    controller.process.wait(5)
    controller.stdin.close()
    controller.out.close()


def gone(pid: int, timeout_s: float = 10.0) -> bool:
    """Tell whether a process has ended (a zombie counts as ended)."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{pid}/stat") as stat:
                if stat.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def pid_of(agent: Controller) -> int:
    return int(agent.next(frames.DATA)[1].split()[0])


def test_the_greeting_tells_who_the_node_is(agent):
    hello = json.loads(agent.next(frames.HELLO)[1])
    assert hello["hostname"] == os.uname().nodename and hello["euid"] == os.geteuid()
    assert abs(hello["time_ns"] - time.time_ns()) < 10**10


def test_output_errors_readiness_and_exit_code_come_back_on_the_tools_channel(agent):
    agent.start("printf packets; echo listening on it >&2; exit 3", channel=7)
    assert agent.next(frames.READY)[0] == 7
    channel, report = agent.next(frames.EXIT)
    assert channel == 7 and json.loads(report)["code"] == 3 and json.loads(report)["signalled_ns"] == 0
    agent.start("printf packets; printf words >&2", channel=8)
    assert agent.next(frames.EXIT)[0] == 8


def test_a_tool_that_is_not_there_is_an_exit_with_its_reason(agent):
    agent.send("start", tools=[{"channel": 2, "argv": ["no-such-tool"], "ready": "x"}])
    assert agent.next(frames.ERROR) == (2, b"no-such-tool: not found")
    assert json.loads(agent.next(frames.EXIT)[1])["code"] == 127


def test_a_pipe_of_its_own_carries_packets_while_stdout_is_text(agent):
    agent.start("printf PCAP > {pcap}; echo output: there", packets="pipe", ready="output: ", ready_in="text")
    kinds = {}
    while len(kinds) < 2:
        for kind, _, payload in agent._more():
            if kind in (frames.DATA, frames.TEXT):
                kinds[kind] = payload
    assert kinds == {frames.DATA: b"PCAP", frames.TEXT: b"output: there\n"}


def test_stop_waits_then_interrupts_and_everything_printed_afterwards_still_comes(agent):
    agent.start("trap 'printf last; exit 0' INT; echo listening >&2; while :; do sleep 0.05; done")
    agent.next(frames.READY)
    begun = time.monotonic()
    agent.send("stop", wait_s=0.4)
    assert agent.next(frames.DATA)[1] == b"last"
    assert 0.35 < time.monotonic() - begun < 3
    report = json.loads(agent.next(frames.EXIT)[1])
    assert report["code"] == 0 and 0 < report["signalled_ns"] <= report["time_ns"]


@pytest.mark.slow
def test_a_tool_that_ignores_every_polite_signal_is_killed(agent):
    agent.start("trap '' INT TERM; echo $$; echo listening >&2; while :; do sleep 0.05; done")
    pid = pid_of(agent)
    agent.send("stop", wait_s=0)
    assert json.loads(agent.next(frames.EXIT)[1])["code"] == -signal.SIGKILL
    assert gone(pid)


def test_the_end_of_stdin_ends_the_tools_and_the_agent(agent):
    agent.start("echo $$; exec sleep 100")
    pid = pid_of(agent)
    agent.stdin.close()
    assert gone(pid)
    assert agent.process.wait(5) == 0
    assert agent.rest()[-1][0] == frames.BYE


def test_a_reader_that_goes_away_ends_the_tools_and_the_agent(agent):
    agent.start("echo $$; while :; do echo more; sleep 0.05; done")
    pid = pid_of(agent)
    agent.out.close()
    assert gone(pid)
    assert agent.process.wait(5) == 0


def test_commands_that_are_no_commands_end_the_agent(agent):
    agent.start("echo $$; exec sleep 100")
    pid = pid_of(agent)
    agent.stdin.write(b"GET / HTTP/1.1\r\nHost: nowhere\r\n\r\n")
    assert gone(pid) and agent.process.wait(5) == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ending_the_agent_by_force_ends_its_tools(agent, number):
    agent.start("echo $$; exec sleep 100")
    pid = pid_of(agent)
    agent.process.send_signal(number)
    assert gone(pid)


def test_a_reader_that_stalls_stops_the_tool_instead_of_filling_memory(agent):
    agent.next(frames.HELLO)
    agent.start("echo $$ >&2; exec cat /dev/zero")
    time.sleep(1.0)
    with open(f"/proc/{agent.process.pid}/status") as status:
        resident_kib = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    assert resident_kib < 64 * 1024
    # and what waits arrives whole once somebody reads again
    total = 0
    while total < 8 << 20:
        for kind, channel, payload in agent._more():
            if kind == frames.DATA:
                assert channel == 1 and not payload.strip(b"\0")
                total += len(payload)


def test_the_clock_is_read_on_request(agent):
    before = time.time_ns()
    agent.send("clock", id=4)
    reading = json.loads(agent.next(frames.CLOCK)[1])
    assert reading["id"] == 4 and before <= reading["time_ns"] <= time.time_ns()


def test_poll_signals_only_tools_that_are_listening(agent):
    # Before it listens the signal would end it: this one sets its trap late.
    script = "sleep 0.3; trap 'echo counted >&2' USR1; echo listening >&2; while :; do sleep 0.05; done"
    agent.start(script, poll_signal=int(signal.SIGUSR1))
    agent.send("poll")
    agent.next(frames.READY)
    agent.send("poll")
    assert b"counted" in agent.next(frames.ERROR)[1]


_COUNTING = """
trap 'echo "tcpdump: $((asked)) packets captured, 3 packets received by filter" >&2; asked=$((asked + 1))' USR1
trap 'printf "%s" "$asked"; exit 0' INT
asked=0; echo listening >&2; while :; do sleep 0.01; done
"""


def test_a_tool_that_has_not_read_everything_gets_a_little_longer(agent):
    agent.start(_COUNTING, poll_signal=int(signal.SIGUSR1))
    agent.next(frames.READY)
    agent.send("stop", wait_s=0.1)
    # Asked until it had read 3 of 3; on a slow machine patience may end before.
    assert int(agent.next(frames.DATA)[1]) >= 2


def test_a_tool_that_never_has_read_everything_is_stopped_all_the_same(agent):
    begun = time.monotonic()
    agent.start(_COUNTING.replace("$((asked)) packets", "2 packets"), poll_signal=int(signal.SIGUSR1))
    agent.next(frames.READY)
    agent.send("stop", wait_s=0.1)
    assert agent.next(frames.DATA)[1]
    assert 1 < time.monotonic() - begun < 10


def test_who_is_in_a_hurry_does_not_wait_for_counts(agent):
    agent.start(_COUNTING.replace("$((asked)) packets", "2 packets"), poll_signal=int(signal.SIGUSR1))
    agent.next(frames.READY)
    agent.send("stop", wait_s=0)
    assert agent.next(frames.DATA)[1] == b"0"
