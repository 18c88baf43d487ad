"""The agent as a whole, as it stands on a node: its greeting, and real tools on a real link."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from captools.agent import frames


def hello(arguments: str) -> dict[str, object]:
    """Return what an agent says first."""
    run = f"from captools.agent.main import main; main({arguments})"
    done = subprocess.run(
        [sys.executable, "-c", run],
        input=frames.pack_json(frames.COMMAND, 0, {"do": "bye"}),
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"},
    )
    assert done.stdout.startswith(frames.MAGIC)
    (kind, _, payload), (last, _, _) = frames.Unpacker().feed(done.stdout[len(frames.MAGIC) :])
    assert (kind, last) == (frames.HELLO, frames.BYE)
    return dict(json.loads(payload))


@pytest.mark.parametrize("arguments", ["", "False"])
def test_the_greeting_tells_who_the_node_is(arguments):
    said = hello(arguments)
    assert said["agent"] == 2 and said["hostname"] == os.uname().nodename and said["euid"] == os.geteuid()
    assert said["ssh_connection"] == "192.0.2.1 50000 192.0.2.2 22" and said["sudo_said"] == ""
    assert isinstance(said["time_ns"], int) and abs(said["time_ns"] - time.time_ns()) < 10**10
    assert ("network" in said) is (arguments == "")


def records(data: bytes) -> int:
    """Count the records of a pcap, which must end with a whole one."""
    at, count = 24, 0
    while at < len(data):
        at += 16 + struct.unpack_from("<8xI", data, at)[0]
        count += 1
    assert at == len(data)
    return count


@pytest.fixture
def namespace() -> Iterator[list[str]]:
    """The words that run a program in a network namespace of its own, with a loopback and nobody else's packets."""
    argv = ["unshare", "--net", "sh", "-c", "ip link set lo up; echo up; exec sleep 100"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"up\n"
        yield ["nsenter", f"--target={holder.pid}", "--net"]
        holder.kill()


def dump(inside: list[str]) -> dict[str, object]:
    """Return tcpdump on that loopback, as a tool."""
    argv = [*inside, "tcpdump", "-i", "lo", "-n", "-p", "-w", "-", "-B", "16384", "--", "udp port 9"]
    return {"channel": 1, "argv": argv, "ready": "listening on", "poll_signal": 10}


def send(inside: list[str], count: int) -> subprocess.Popen[bytes]:
    """Start a sender of so many datagrams."""
    script = (
        "import socket, sys, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "for n in range(int(sys.argv[1])):\n"
        " s.sendto(n.to_bytes(4, 'big') * 200, ('127.0.0.1', 9)); n % 1000 or time.sleep(0.02)\n"
    )
    return subprocess.Popen([*inside, sys.executable, "-c", script, str(count)])


tcpdump = pytest.mark.skipif(os.geteuid() != 0 or shutil.which("tcpdump") is None, reason="needs root and tcpdump")


@pytest.mark.lab
@tcpdump
def test_a_snapshot_of_a_quiet_link_has_the_packets_that_tcpdump_still_held(agent, namespace):
    agent.send("start", capture="q", tools=[dump(namespace)], spool={"ring_bytes": 1 << 20})
    agent.next(frames.READY, 1)
    assert send(namespace, 3).wait(10) == 0
    time.sleep(1.2)  # the kernel hands packets over after a second at the latest
    agent.send("snapshot", capture="q", last_s=10)
    one = agent.next(frames.SNAP)["points"][0]["streams"]["data"]
    assert one["to"] - one["from"] == 24 + 3 * (16 + 14 + 20 + 8 + 800) and 0 < one["first_ns"] < one["last_ns"]


@pytest.mark.lab
@tcpdump
def test_tcpdump_in_a_namespace_all_it_counted_is_home_after_five_cuts(connect, namespace):
    agent = connect()
    agent.send("start", capture="t", tools=[dump(namespace)], spool={"segment_bytes": 1 << 20})
    agent.ship(1, capture="t")
    agent.next(frames.READY, 1)
    sender = send(namespace, 15_000)
    for _ in range(5):
        before = agent.end(1, "data")
        agent.until(lambda b=before, a=agent: a.end(1, "data") > b or sender.poll() is not None)
        agent.close()
        home, starts = agent.home, agent.starts
        agent = connect()
        agent.home, agent.starts = home, starts
        agent.send("attach", capture="t")
        agent.ship(1, capture="t")
    assert sender.wait(30) == 0
    agent.send("stop", capture="t")
    assert agent.exits(1)[1]["caught_up_ns"] > 0
    counts = agent.state(lambda state: state["stopped_ns"])["points"][0]["counts"]
    assert counts["dropped"] == 0 and not agent.gaps
    assert records(bytes(agent.home[1, "data"])) == counts["captured"] == 15_000
