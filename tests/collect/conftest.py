"""A real node for capture tests: namespaces of its own, one cable to a peer, and sshd where asked for.

``eth1`` of the node is one end of a veth pair, ``peer0`` in a second set of namespaces is the other. The root
namespace gets nothing. Everything ends with the two holder processes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from captools.collect.targets import Target
from tests.collect.faults import kill, processes
from tests.collect.kube_fixtures import kube  # noqa: F401  (a fixture)

NODE_IP, PEER_IP = "10.9.0.1", "10.9.0.2"
SSHD = "/usr/sbin/sshd"

# Frames by hand: no ARP, no routing, an exact count.
SEND = """
import socket, struct, sys
interface, count, port, size, first = sys.argv[1], *map(int, sys.argv[2:6])
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind((interface, 0))
for number in range(first, first + count):
    data = b"captools-test %08d " % number + b"x" * size
    udp = struct.pack(">HHHH", 40000, port, 8 + len(data), 0) + data
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number & 0xFFFF, 0, 64, 17, 0,
                     socket.inet_aton("10.9.0.2"), socket.inet_aton("10.9.0.1"))
    link.send(b"\\xff" * 6 + b"\\x02\\0\\0\\0\\0\\x01" + b"\\x08\\0" + ip + udp)
"""

RELAY = """
import os, socket, sys, threading
far = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10)
far.settimeout(None)
def up():
    while data := os.read(0, 65536):
        far.sendall(data)
    far.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := far.recv(65536):
    view = memoryview(data)
    while view:
        view = view[os.write(1, view):]
"""


@dataclass
class Node:
    """One node under test."""

    pid: int
    peer_pid: int
    folder: Path
    ssh_port: int = 22
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def inside(self, *argv: str, peer: bool = False, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program on the node (or its peer) and return what it said."""
        enter = ["nsenter", f"--target={self.peer_pid if peer else self.pid}", "--net", "--mount", "--uts", "--"]
        return subprocess.run([*enter, *argv], capture_output=True, text=True, timeout=30, check=check)

    def target(self, name: str = "n1") -> Target:
        """The node by its namespaces."""
        return Target(name=name, transport="netns", pid=self.pid)

    def send(self, count: int, *, port: int = 7777, size: int = 10, interface: str = "peer0", first: int = 0) -> None:
        """Send ``count`` UDP packets over the cable to the node, each once, numbered from ``first`` on."""
        self.inside(sys.executable, "-c", SEND, interface, str(count), str(port), str(size), str(first), peer=True)

    def send_inside(self, interface: str, count: int, *, port: int = 7777) -> None:
        """Send ``count`` UDP packets out of one of the node's own interfaces; it may have no Python itself."""
        argv = [sys.executable, "-c", SEND, interface, str(count), str(port), "10", "0"]
        subprocess.run(["nsenter", f"--target={self.pid}", "--net", "--", *argv], timeout=30, check=True)

    def hide(self, program: str) -> None:
        """Take a program away from the node, and from nothing else."""
        empty = self.folder / "empty"
        empty.touch(mode=0o644)
        self.inside("mount", "--bind", str(empty), str(Path(program).resolve()))

    def sshd(self, user: str = "root", *, sudo: str | None = None) -> Target:
        """Start sshd on the node's cable address; return the ssh target. ``sudo`` is a line for its sudoers."""
        keys = self.folder
        for name in ("host", "client"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)], check=True)
        self.folder.chmod(0o755)
        (keys / "authorized").write_text((keys / "client.pub").read_text())
        (keys / "authorized").chmod(0o644)
        if user != "root":
            self._make_user(user, sudo)
        (keys / "sshd_config").write_text(
            f"ListenAddress {NODE_IP}:{self.ssh_port}\nHostKey {keys}/host\nAuthorizedKeysFile {keys}/authorized\n"
            "PermitRootLogin prohibit-password\nUsePAM no\nStrictModes no\nPidFile none\nPasswordAuthentication no\n"
        )
        self.inside("mount", "-t", "tmpfs", "tmpfs", "/run")
        self.inside("mkdir", "-p", "/run/sshd")
        enter = ["nsenter", f"--target={self.pid}", "--net", "--mount", "--uts", "--"]
        self.processes.append(
            subprocess.Popen([*enter, SSHD, "-D", "-f", str(keys / "sshd_config")], stderr=subprocess.DEVNULL)
        )
        (keys / "relay.py").write_text(textwrap.dedent(RELAY))
        (keys / "known_hosts").write_text(f"n1 {(keys / 'host.pub').read_text()}")
        (keys / "ssh_config").write_text(
            f"Host n1\n  HostKeyAlias n1\n  UserKnownHostsFile {keys}/known_hosts\n  GlobalKnownHostsFile none\n"
            f"  ProxyCommand nsenter --target={self.peer_pid} --net {sys.executable} {keys}/relay.py "
            f"{NODE_IP} {self.ssh_port}\n"
        )
        self._wait_for_sshd()
        return Target(name="n1", address="n1", user=user, key=keys / "client", ssh_config=keys / "ssh_config")

    def _wait_for_sshd(self) -> None:
        probe = f"import socket; socket.create_connection(('{NODE_IP}', {self.ssh_port}), 1)"
        deadline = time.monotonic() + 10
        while self.inside(sys.executable, "-c", probe, peer=True, check=False).returncode:
            assert time.monotonic() < deadline, "sshd does not listen"
            time.sleep(0.05)

    def _make_user(self, user: str, sudo: str | None) -> None:
        """Add a user who exists on this node only."""
        for name, line in (
            ("passwd", f"{user}:x:4242:4242::/:/bin/sh\n"),
            ("shadow", f"{user}:*:19000:0:99999:7:::\n"),
        ):
            copy = self.folder / name
            copy.write_text(Path("/etc", name).read_text() + line)
            copy.chmod(Path("/etc", name).stat().st_mode & 0o777)
            self.inside("mount", "--bind", str(copy), f"/etc/{name}")
        if sudo is not None:
            copy = self.folder / "sudoers"
            copy.write_text(f"Defaults env_reset\n{user} {sudo}\n")
            copy.chmod(0o440)
            self.inside("mount", "--bind", str(copy), "/etc/sudoers")

    def programs(self) -> list[str]:
        """Names of the programs that run in the node's network, the holder left out."""
        mine = os.readlink(f"/proc/{self.pid}/ns/net")
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == self.pid:
                continue
            try:
                if os.readlink(entry / "ns/net") == mine and "Z (zombie)" not in (entry / "status").read_text():
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip())
            except OSError:
                continue
        return found

    def listening(self) -> int:
        """How many tcpdumps of the node are ready to be stopped: they catch SIGINT, and a packet socket is open."""
        mine, sigint = os.readlink(f"/proc/{self.pid}/ns/net"), 1 << (signal.SIGINT - 1)
        ready = 0
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "ns/net") == mine:
                    status = dict(
                        line.split(":\t", 1) for line in (entry / "status").read_text().splitlines() if ":\t" in line
                    )
                    ready += status["Name"] == "tcpdump" and int(status["SigCgt"], 16) & sigint != 0
            except (OSError, KeyError):
                continue
        return ready

    def wait_until_alone(self, timeout_s: float = 10.0) -> list[str]:
        """Wait until nothing but sshd runs on the node; return what still does."""
        deadline = time.monotonic() + timeout_s
        while True:
            left = [program for program in self.programs() if "sshd" not in program]
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.05)


def _holder() -> subprocess.Popen[bytes]:
    """Start a process that owns a set of namespaces and wait until it is in them."""
    holder = subprocess.Popen(
        ["unshare", "--net", "--mount", "--uts", "sh", "-c", "echo ready; exec sleep 600"], stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"ready\n", "namespaces cannot be had"
    return holder


@pytest.fixture
def node() -> Iterator[Node]:
    """A node with one cable (10.9.0.1 on eth1) and nothing else."""
    if os.geteuid() != 0 or shutil.which("tcpdump") is None:
        pytest.skip("needs root and tcpdump")
    with new_node() as made:
        yield made


@contextmanager
def new_node() -> Iterator[Node]:
    """Make a node with one cable, and take it away again."""
    holder, peer = _holder(), _holder()
    # Not below tmp_path, which only root may enter: a normal user's login reads its keys from here.
    folder = Path(tempfile.mkdtemp(prefix="captools-node-"))
    made = Node(pid=holder.pid, peer_pid=peer.pid, folder=folder)
    try:
        made.inside("hostname", "n1")
        made.inside("mount", "-t", "tmpfs", "tmpfs", "/var/tmp")  # spools go with the node
        made.inside("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        made.inside("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", peer=True)
        made.inside("ip", "link", "set", "lo", "up")
        made.inside("ip", "link", "add", "eth1", "type", "veth", "peer", "name", "peer0", "netns", str(peer.pid))
        made.inside("ip", "addr", "add", f"{NODE_IP}/24", "dev", "eth1")
        made.inside("ip", "link", "set", "eth1", "up")
        made.inside("ip", "addr", "add", f"{PEER_IP}/24", "dev", "peer0", peer=True)
        made.inside("ip", "link", "set", "peer0", "up", peer=True)
        yield made
    finally:
        for process in made.processes:
            process.send_signal(signal.SIGTERM)
            process.wait(5)
        # Keepers, their wardens and tools: what a test left running on purpose or by failing.
        kill(*processes(pid_of_namespace=holder.pid))
        for process in (holder, peer):
            process.kill()
            process.wait(5)
            assert process.stdout is not None
            process.stdout.close()
        shutil.rmtree(folder)


@pytest.fixture
def toml_of(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Return a function that writes a captools.toml for targets and returns its path."""

    def write(*targets: Target) -> Path:
        lines = []
        for one in targets:
            lines += [f'[nodes."{one.name}"]', f'transport = "{one.transport}"']
            for key in ("address", "user", "key", "ssh_config"):
                value = getattr(one, key)
                if value:
                    lines.append(f'{key} = "{value}"')
            for key in ("port", "pid"):
                if getattr(one, key) is not None:
                    lines.append(f"{key} = {getattr(one, key)}")
        path = tmp_path / "captools.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    return write
