"""A session of two points and five packets, written by hand: what folders of captures are tested with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from captures.build import ethernet, ipv4, pcap, tcp

START = 1_700_000_000_000_000_000  # 2023-11-14T22:13:20Z
CLIENT, SERVER = "192.168.10.200", "172.20.1.108"
W1, ROUTER = "k8s-w1__eth1.pcap", "router__eth1.pcap"
LINKS = [{"ifindex": 7, "ifname": "eth1", "flags": ["UP"], "mtu": 1500, "operstate": "UP", "link_type": "ether",
          "address": "02:00:00:00:00:02"}]  # fmt: skip


def segment(flags: int, *, back: bool = False, seq: int = 1, ttl: int = 64, payload: bytes = b"") -> bytes:
    """One TCP segment between the client (port 40000) and the server (port 80)."""
    src, dst, sport, dport = (SERVER, CLIENT, 80, 40000) if back else (CLIENT, SERVER, 40000, 80)
    inner = tcp(payload, sport=sport, dport=dport, flags=flags, seq=seq)
    return ethernet(ipv4(inner, src=src, dst=dst, proto=6, ttl=ttl, ident=seq))


def handshake(*, hop: int = 0, ahead_ns: int = 0) -> list[tuple[int, bytes]]:
    """SYN, SYN-ACK and ACK, a millisecond apart, seen at the router (hop 0) or 50 µs further on (hop 1)."""
    way = 50_000
    return [
        (START + ahead_ns + hop * way, segment(2, seq=10, ttl=64 - hop)),
        (START + ahead_ns + 1_000_000 - hop * way, segment(0x12, back=True, seq=70, ttl=63 + hop)),
        (START + ahead_ns + 2_000_000 + hop * way, segment(0x10, seq=11, ttl=64 - hop)),
    ]


def record(file: str, data: bytes, **changes: Any) -> dict[str, Any]:
    """One point of the manifest."""
    node, _, interface = file.removesuffix(".pcap").partition("__")
    return {
        "point": f"{node}/{interface}", "node": node, "interface": interface, "role": "nic", "tool": "tcpdump",
        "file": file, "argv": ["tcpdump", "-i", interface], "filter": "tcp", "user_filter": "tcp", "snaplen": 262144,
        "linktype": 1, "started": "2023-11-14T22:13:19.000000000Z", "stopped": "2023-11-14T22:13:29.500000000Z",
        "counts": {"captured": 3, "received": 4, "dropped": 1}, "packets": 3, "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(), "ok": True, **changes,
    }  # fmt: skip


def manifest(*points: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """``session.json`` as a dictionary."""
    clock = [{"before_ns": START - 1_000, "node_ns": START, "after_ns": START + 1_000}]
    return {
        "schema": 1, "id": "20231114T221319Z", "captools": "0.1.0", "started": "2023-11-14T22:13:19.000000000Z",
        "complete": True, "warnings": [], "command": ["captools", "capture"],
        "nodes": [{"name": "k8s-w1", "clock": clock}, {"name": "router", "clock": clock},
                  {"name": "k8s-w0", "ok": False, "error": "no answer"}],
        "points": list(points), **changes,
    }  # fmt: skip


def write_session(folder: Path, **changes: Any) -> Path:
    """Write a complete session folder; ``changes`` are keys of its manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {W1: pcap(handshake(hop=1)), ROUTER: pcap(handshake())}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    points = [record(name, data) for name, data in files.items()]
    (folder / "session.json").write_text(json.dumps(manifest(*points, **changes)))
    (folder / "inventory").mkdir(exist_ok=True)
    (folder / "inventory" / "k8s-w1__ip-link.json").write_text(json.dumps(LINKS))
    return folder
