"""A client, a router that translates, and a server: real kernels, real conntrack, captured at every interface.

``record`` runs in the calling process; what the two sockets of each exchange call their ends is the truth. The router
gives 10.1.1.100 (the service's address) to the server on another port, and hides clients behind a rewritten port.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CLIENT, VIP, SERVER, ROUTER = "10.1.1.2", "10.1.1.100", "10.2.2.2", "10.2.2.1"
VIP_PORT, SERVER_PORT, CLOSED_PORT = 80, 9080, 9999
POINTS = {"client": ("c0",), "router": ("r0", "r1"), "server": ("s0",)}
_NFT = f"""
table ip rig {{
  chain to {{
    type nat hook prerouting priority dstnat;
    ip daddr {VIP} tcp dport {VIP_PORT} dnat to {SERVER}:{SERVER_PORT}
    ip daddr {VIP} udp dport {VIP_PORT} dnat to {SERVER}:{SERVER_PORT}
    ip daddr {VIP} udp dport {CLOSED_PORT} dnat to {SERVER}
    ip daddr {VIP} icmp type echo-request dnat to {SERVER}
  }}
  chain from {{
    type nat hook postrouting priority srcnat;
    ip saddr 10.1.1.0/24 masquerade random
  }}
}}
"""
# Both programs run inside a namespace; the server tells who called whom, the client what it used itself.
_SERVE = """
import json, socket, sys, threading
address, port = sys.argv[1], int(sys.argv[2])
tcp = socket.create_server((address, port))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind((address, port))
def datagrams():
    while True:
        data, peer = udp.recvfrom(4096)
        print(json.dumps({"proto": "udp", "key": data.decode(), "peer": peer}), flush=True)
        udp.sendto(data, peer)
threading.Thread(target=datagrams, daemon=True).start()
print("ready", flush=True)
while True:
    one, peer = tcp.accept()
    asked = b""
    while not asked.endswith(b"\\n"):
        asked += one.recv(4096)
    key, size = asked.split()
    print(json.dumps({"proto": "tcp", "key": key.decode(), "peer": peer}), flush=True)
    one.sendall(bytes(int(size)))
    one.close()
"""
_CALL = """
import json, socket, sys
vip, port, closed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for number, size in enumerate((10, 400_000, 10, 90_000)):
    with socket.create_connection((vip, port), timeout=5) as one:
        print(json.dumps({"proto": "tcp", "key": f"tcp-{number}", "own": one.getsockname()}), flush=True)
        one.sendall(f"tcp-{number} {size}\\n".encode())
        while one.recv(65536):
            pass
for number in range(3):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect((vip, port)); one.settimeout(5)
        for _ in range(2):
            one.send(f"datagram-{number}".encode())
            one.recv(4096)
        print(json.dumps({"proto": "udp", "key": f"datagram-{number}", "own": one.getsockname()}), flush=True)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.connect((vip, closed)); one.settimeout(5)
    print(json.dumps({"proto": "closed", "key": "closed", "own": one.getsockname()}), flush=True)
    one.send(b"nobody listens here")
    try:
        one.recv(4096)
    except ConnectionRefusedError:
        pass
"""


@dataclass(frozen=True)
class Exchange:
    """One connection or datagram exchange: the client's own end, and what the server called it."""

    proto: str
    own: tuple[str, int]
    peer: tuple[str, int] | None


@contextmanager
def _namespaces() -> Iterator[dict[str, int]]:
    holders = {name: subprocess.Popen(["unshare", "--net", "sleep", "60"]) for name in POINTS}
    try:
        here = os.readlink("/proc/self/ns/net")
        for one in holders.values():
            while os.readlink(f"/proc/{one.pid}/ns/net") == here:
                time.sleep(0.01)
        yield {name: one.pid for name, one in holders.items()}
    finally:
        for one in holders.values():
            one.kill()
            one.wait()


def _inside(pid: int, *argv: str) -> list[str]:
    return ["nsenter", "--target", str(pid), "--net", *argv]


def _run(pid: int, *argv: str, text: str = "") -> None:
    subprocess.run(_inside(pid, *argv), input=text, text=True, check=True, capture_output=True, timeout=20)


def _wire(pids: dict[str, int]) -> None:
    client, router, server = (pids[name] for name in ("client", "router", "server"))
    for near, far, a, b in ((client, router, "c0", "r0"), (server, router, "s0", "r1")):
        _run(near, "ip", "link", "add", a, "type", "veth", "peer", "name", b, "netns", str(far))
    for pid, name, address in ((client, "c0", f"{CLIENT}/24"), (router, "r0", "10.1.1.1/24"),
                               (router, "r1", f"{ROUTER}/24"), (server, "s0", f"{SERVER}/24")):  # fmt: skip
        _run(pid, "ip", "address", "add", address, "dev", name)
        _run(pid, "ip", "link", "set", name, "up")
    # The server's side shows super-frames, which the router splits on their way out to the client.
    _run(router, "ethtool", "-K", "r0", "tso", "off", "gso", "off")
    _run(client, "ip", "route", "add", f"{VIP}/32", "via", "10.1.1.1")
    _run(server, "ip", "route", "add", "default", "via", ROUTER)
    _run(router, "sysctl", "-w", "net.ipv4.ip_forward=1")
    _run(router, "nft", "-f", "-", text=_NFT)


def record(folder: Path) -> list[Exchange]:
    """Record the traffic of the rig as ``NODE__IFACE.pcap`` files in ``folder`` and return what the sockets said."""
    with _namespaces() as pids:
        _wire(pids)
        tools = []
        for node, names in POINTS.items():
            for name in names:
                argv = [
                    "tcpdump",
                    "-Z",
                    "root",
                    "-U",
                    "-n",
                    "-i",
                    name,
                    "-w",
                    str(folder / f"{node}__{name}.pcap"),
                    "ip",
                ]
                tools.append(subprocess.Popen(_inside(pids[node], *argv), stderr=subprocess.PIPE, text=True))
        for tool in tools:
            assert tool.stderr is not None and any("listening on" in line for line in tool.stderr)
        serve = subprocess.Popen(
            _inside(pids["server"], sys.executable, "-c", _SERVE, SERVER, str(SERVER_PORT)), stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert serve.stdout is not None and serve.stdout.readline() == "ready\n"
        argv = [sys.executable, "-c", _CALL, VIP, str(VIP_PORT), str(CLOSED_PORT)]
        called = subprocess.run(_inside(pids["client"], *argv), capture_output=True, text=True, check=True, timeout=30)
        time.sleep(1.5)  # tcpdump's kernel block retires after a second
        for tool in tools:
            tool.send_signal(signal.SIGINT)
            tool.wait(timeout=10)
        serve.kill()
        served = {one["key"]: one["peer"] for one in map(json.loads, serve.stdout)}
        serve.wait()
    told = [json.loads(line) for line in called.stdout.splitlines()]
    return [
        Exchange(one["proto"], tuple(one["own"]), tuple(served[one["key"]]) if one["key"] in served else None)
        for one in told
    ]
