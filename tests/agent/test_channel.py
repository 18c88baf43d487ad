"""The channel process: it dies with its connection, stays small while the way home stalls, and captures go on."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from captools.agent import frames

ENDLESS = "echo listening >&2; exec cat /dev/zero"


def resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def descriptors(pid: int) -> set[str]:
    """What a process holds open; state.json comes and goes meanwhile."""
    found = set()
    for number in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.add(os.readlink(f"/proc/{pid}/fd/{number}"))
    return found


def test_the_end_of_stdin_ends_the_channel_and_not_the_capture(agent, connect):
    agent.start(ENDLESS, spool={"bytes": 1 << 20})
    pid = agent.state(lambda state: state["points"][0]["ready_ns"])["pid"]
    agent.stdin.close()
    agent.process.wait(5)
    second = connect()
    second.send("attach", capture="c")
    assert second.state()["pid"] == pid


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET / HTTP/1.1\r\nHost: nowhere\r\n\r\n",
        frames.header(b"C", 0, 5) + b"[1,2]",
        frames.header(b"C", 0, 3) + b"{x}",
    ],
)
def test_what_is_no_controllers_language_ends_the_channel(agent, nonsense):
    agent.stdin.write(nonsense)
    agent.process.wait(5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_ending_the_channel_by_force_leaves_the_capture_alone(agent, connect, number):
    agent.start(ENDLESS, spool={"bytes": 1 << 20})
    pid = agent.state(lambda state: state["points"][0]["ready_ns"])["pid"]
    agent.process.send_signal(number)
    agent.process.wait(5)
    os.kill(pid, 0)


def test_a_reader_that_stalls_costs_no_memory_and_gets_everything_in_the_end(agent):
    agent.start("echo listening >&2; head -c 60000000 /dev/zero", ship=True)
    agent.next(frames.READY, 1)
    keeper = agent.state()["pid"]
    time.sleep(1.5)
    assert resident_kib(agent.process.pid) < 64 * 1024 and resident_kib(keeper) < 64 * 1024
    assert agent.exits(1)[1]["ends"]["data"] == 60_000_000
    assert not bytes(agent.home[1, "data"]).strip(b"\0")


def test_nothing_listens_on_a_network_port_and_the_keepers_socket_is_ours_alone(agent, tmp_path):
    agent.start(ENDLESS, spool={"bytes": 1 << 20})
    pid = agent.state()["pid"]
    inodes = descriptors(pid)
    sockets = {link[8:-1] for link in inodes if link.startswith("socket:[")}
    unix = {line.split()[6] for line in Path("/proc/net/unix").read_text().splitlines()[1:]}
    assert sockets and sockets <= unix
    (found,) = tmp_path.glob("captools-*/c/keeper")
    assert found.is_socket() and found.stat().st_mode & 0o077 == 0


def test_a_keeper_holds_nothing_of_the_channel_open(agent):
    agent.start(ENDLESS, spool={"bytes": 1 << 20})
    pid = agent.state()["pid"]
    mine = {os.readlink(f"/proc/{agent.process.pid}/fd/{fd}") for fd in (0, 1)}
    assert not mine & descriptors(pid) and os.readlink(f"/proc/{pid}/cwd") == "/"
