"""Packets home through ssh: captools against ``ssh node tcpdump -w - > file`` by hand, at rising rates.

A real sshd on a node of namespaces; both ways with the same kernel buffer, filter and ciphers, one after the other at each
rate. What the kernel dropped is by tcpdump's own count, what came home is counted in the file.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from captools.wire.pcap import read_pcap
from tests.bench.measure import python
from tests.collect.conftest import NODE_IP, Node, new_node

RATES = (100_000, 200_000, 400_000, 800_000, 1_200_000)
WAYS = ("by hand", "never", "auto")  # captools' ways are named by --compress
_SECONDS = 3
_BUFFER_MIB = 32
_DROPPED = re.compile(r"(\d+) packets? dropped by kernel")


@dataclass(frozen=True, slots=True)
class Trip:
    """One way at one rate: packets sent, dropped by the kernel, and home; from the first packet to the last byte home."""

    sent: int
    dropped: int
    home: int
    bytes: int
    seconds: float

    def words(self) -> str:
        """Return the figures in words."""
        lost = self.sent - self.home
        return f"{lost:,} of {self.sent:,} lost ({self.dropped:,} by the kernel), home after {self.seconds:.1f} s"


def one_trip(capture: Path, way: str, rate: int, folder: Path) -> Trip:
    """Capture ``rate`` packets a second for a few seconds and bring them home."""
    with new_node() as node:
        _second_cable(node)
        node.sshd()
        config = node.folder / "ssh_config"  # of this node alone: the shared connection is known by it
        config.write_text(
            f"Host n1\n  HostName {NODE_IP}\n  HostKeyAlias n1\n  UserKnownHostsFile {node.folder}/known_hosts\n"
            f"  IdentityFile {node.folder}/client\n  User root\n  Ciphers aes128-gcm@openssh.com\n"
        )
        home = ["nsenter", f"--target={node.peer_pid}", "--net", "--"]
        trip = _by_hand if way == "by hand" else _by_captools
        return trip(node, home, config, folder, capture, way, rate)


def _second_cable(node: Node) -> None:
    """Packets to capture come over a cable of their own; eth1 is the way home."""
    node.inside("ip", "link", "add", "eth2", "type", "veth", "peer", "name", "peer2", "netns", str(node.peer_pid))
    node.inside("ip", "link", "set", "eth2", "up")
    node.inside("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", peer=True)
    node.inside("ip", "link", "set", "peer2", "up", peer=True)


def _send(node: Node, capture: Path, rate: int) -> int:
    deadline = time.monotonic() + 30
    while not node.listening():
        assert time.monotonic() < deadline, "no tcpdump came up"
        time.sleep(0.05)
    time.sleep(1)
    argv = python("-m", "tests.bench.live", "send", "peer2", str(capture), str(rate), str(_SECONDS))
    return int(node.inside(*argv, peer=True).stdout)


def _by_hand(node: Node, home: list[str], config: Path, folder: Path, capture: Path, way: str, rate: int) -> Trip:
    out, said = folder / "hand.pcap", folder / "hand.txt"
    tcpdump = f"tcpdump -i eth2 -n -p -w - --time-stamp-precision=nano -B {_BUFFER_MIB * 1024}"
    with out.open("wb") as file, said.open("wb") as words:
        ssh = subprocess.Popen([*home, "ssh", "-F", str(config), "n1", tcpdump], stdout=file, stderr=words)
        try:
            sent = _send(node, capture, rate)
            begun = time.monotonic() - _SECONDS
            time.sleep(1.2)
            for pid in _tcpdumps(node):
                os.kill(pid, signal.SIGINT)
            ssh.wait(120)
        finally:
            ssh.kill()
    seconds = time.monotonic() - begun
    dropped = _DROPPED.search(said.read_text())
    return Trip(sent, int(dropped[1]) if dropped else -1, _packets(out), out.stat().st_size, seconds)


def _tcpdumps(node: Node) -> list[int]:
    mine = os.readlink(f"/proc/{node.pid}/ns/net")
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and os.readlink(entry / "ns/net") == mine
                and (entry / "comm").read_text().strip() == "tcpdump"
            ):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _by_captools(node: Node, home: list[str], config: Path, folder: Path, capture: Path, way: str, rate: int) -> Trip:
    out = folder / f"session-{way}-{rate}"
    toml = folder / "captools.toml"
    toml.write_text(f'[nodes.n1]\nssh_config = "{config}"\n')
    argv = [*home, *python("-m", "captools.cli", "capture", "--config", str(toml), "--node", "n1", "-i", "eth2", "--yes",
                           "--out", str(out), "--buffer", f"{_BUFFER_MIB}MiB", "--compress", way, "--spool", "4GiB")]  # fmt: skip
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:
        try:
            sent = _send(node, capture, rate)
            begun = time.monotonic() - _SECONDS
            running.send_signal(signal.SIGINT)  # it waits for the last packets by itself
            assert running.stderr is not None
            said = running.stderr.read().decode()
            running.wait(120)
        finally:
            running.kill()
    seconds = time.monotonic() - begun
    (point,) = json.loads((out / "session.json").read_text())["points"]
    assert point["ok"], said
    return Trip(sent, point["counts"]["dropped"], _packets(out / point["file"]), point["bytes"], seconds)


def _packets(path: Path) -> int:
    return len(read_pcap(path.read_bytes(), path.name))


def loss_free(capture: Path, folder: Path) -> dict[str, tuple[int, dict[int, Trip]]]:
    """Return for each way the highest rate at which nothing was lost, and every trip."""
    trips: dict[str, dict[int, Trip]] = {way: {} for way in WAYS}
    for rate in RATES:
        for way in WAYS:
            trips[way][rate] = one_trip(capture, way, rate, folder)
    return {way: (_before_the_first_loss(of), of) for way, of in trips.items()}


def _before_the_first_loss(trips: dict[int, Trip]) -> int:
    whole = takewhile(lambda rate: trips[rate].home == trips[rate].sent, sorted(trips))
    return max(whole, default=0)
