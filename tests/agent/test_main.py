"""The agent as a whole, as it stands on a node: its greeting, and real tools on a real link."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import time

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


@pytest.mark.lab
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("tcpdump") is None, reason="needs root and tcpdump")
def test_tcpdump_in_a_namespace_all_it_counted_is_home_after_ten_cuts(connect):
    """The sender and tcpdump share one new network namespace, so nobody else's packets are counted."""
    send = (
        "import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "for n in range(30000):\n"
        " s.sendto(n.to_bytes(4, 'big') * 200, ('127.0.0.1', 9)); n % 1000 or time.sleep(0.02)\n"
    )
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "ip link set lo up; echo up; exec sleep 100"], stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == b"up\n"
        inside = ["nsenter", f"--target={holder.pid}", "--net"]
        dump = [*inside, "tcpdump", "-i", "lo", "-n", "-p", "-w", "-", "-B", "16384", "--", "udp port 9"]
        tool = {"channel": 1, "argv": dump, "ready": "listening on", "poll_signal": 10}
        agent = connect()
        agent.send("start", capture="t", tools=[tool], spool={"segment_bytes": 1 << 20})
        agent.ship(1, capture="t")
        agent.next(frames.READY, 1)
        sender = subprocess.Popen([*inside, sys.executable, "-c", send])
        for _ in range(10):
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
        assert records(bytes(agent.home[1, "data"])) == counts["captured"] == 30_000
    finally:
        holder.kill()
        holder.wait()
        assert holder.stdout is not None
        holder.stdout.close()
