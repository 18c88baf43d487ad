"""How fast packets may come on a real interface until tcpdump, with our decoder behind its pipe, loses one.

A veth pair in two network namespaces of its own; the sender fills a ring that the kernel sends from (packet(7),
PACKET_TX_RING), in bursts spread over each second. tcpdump and decoder share one processor.
"""

from __future__ import annotations

import mmap
import os
import re
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.bench.measure import python

_SOL_PACKET, _TX_RING, _QDISC_BYPASS = 263, 13, 20
_FRAME, _FRAMES, _BLOCK = 2_048, 2_048, 1 << 20
_DATA = 32  # of a ring frame: behind struct tpacket_hdr
_SECONDS = 3
_DROPPED = re.compile(r"(\d+) packets? dropped by kernel")
RATES = (250_000, 500_000, 1_000_000, 1_500_000)


def send(interface: str, capture: str, rate: int, seconds: float) -> int:
    """Send the first frames of ``capture`` again and again, ``rate`` a second; return how many went out."""
    from captools.wire.pcap import read_pcap

    data = Path(capture).read_bytes()[: _FRAMES * 2_000]
    records = read_pcap(data, capture)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as link:
        link.setsockopt(_SOL_PACKET, _QDISC_BYPASS, 1)
        link.setsockopt(_SOL_PACKET, _TX_RING, struct.pack("4I", _BLOCK, _FRAME * _FRAMES // _BLOCK, _FRAME, _FRAMES))
        link.bind((interface, 0))
        ring = np.frombuffer(mmap.mmap(link.fileno(), _FRAME * _FRAMES), np.uint8).reshape(_FRAMES, _FRAME)
        status, length = ring[:, :8].view(np.uint64)[:, 0], ring[:, 8:12].view(np.uint32)[:, 0]
        fits = np.flatnonzero((records.cap_len >= 60) & (records.cap_len <= 1_514))[:_FRAMES]
        for place, row in enumerate(np.resize(fits, _FRAMES).tolist()):
            at, size = int(records.offset[row]), int(records.cap_len[row])
            ring[place, _DATA : _DATA + size] = np.frombuffer(data, np.uint8, size, at)
            length[place] = size
        sent, begun = 0, time.perf_counter()
        while sent < rate * seconds:
            status[:] = 1  # TP_STATUS_SEND_REQUEST
            link.send(b"")
            sent += _FRAMES
            wait = sent / rate - (time.perf_counter() - begun)
            if wait > 0:
                time.sleep(wait)
    return sent


def decode(capture: str) -> int:
    """Decode a pcap from stdin as it comes; return how many packets it held. ``capture`` is a file to warm up with."""
    from captools.store import kernels

    kernels.prepare(lambda words: None)
    from captools.wire.kernels.session import Options
    from captools.wire.runs import HEAD, open_run
    from tests.bench.decode import kernel

    kernel(capture, 1)  # compiled and loaded before anything is sent
    print("ready", flush=True)
    source = os.fdopen(0, "rb", buffering=0)
    run, rows = open_run(source.read(HEAD), "tcpdump's pipe", Options(fresh=False)), 0
    while count := source.readinto(run.space()) or 0:  # type: ignore[attr-defined]
        rows += sum(len(part.packets.lane) for part in run.filled(count))
    last = run.finish()
    return rows + (len(last.packets.lane) if last else 0)


@contextmanager
def _link() -> Iterator[tuple[str, str]]:
    """Give two namespaces, ``a`` with interface veth0 and ``b`` with veth1, joined; they go at the end."""
    names = (f"captools-live-a-{os.getpid()}", f"captools-live-b-{os.getpid()}")
    try:
        for name in names:
            _run("ip", "netns", "add", name)
        _run(
            "ip", "link", "add", "veth0", "netns", names[0], "type", "veth", "peer", "name", "veth1", "netns", names[1]
        )
        for name, interface in zip(names, ("veth0", "veth1"), strict=True):
            _run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
            _run("ip", "-n", name, "link", "set", interface, "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True)


def one_rate(capture: Path, rate: int) -> tuple[int, int, int, float]:
    """Return packets sent, decoded, dropped by the kernel, and the rate that was reached."""
    with _link() as (sender, receiver):
        tcpdump = subprocess.Popen(
            ["taskset", "-c", "1", "ip", "netns", "exec", receiver, "tcpdump", "-Z", "root", "-i", "veth1", "-w", "-",
             "-B", "65536", "-n"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        decoder = subprocess.Popen(
            ["taskset", "-c", "1", *python("-m", "tests.bench.live", "decode", str(capture))],
            stdin=tcpdump.stdout, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert tcpdump.stdout is not None and tcpdump.stderr is not None and decoder.stdout is not None
        tcpdump.stdout.close()
        assert decoder.stdout.readline() == "ready\n"
        argv = ["taskset", "-c", "0", "ip", "netns", "exec", sender,
                *python("-m", "tests.bench.live", "send", "veth0", str(capture), str(rate), str(_SECONDS))]  # fmt: skip
        begun = time.perf_counter()
        sent = int(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
        reached = sent / (time.perf_counter() - begun)
        time.sleep(1)
        tcpdump.terminate()
        told = tcpdump.stderr.read().decode()
        tcpdump.wait()
        decoded = int(decoder.stdout.read())
        decoder.wait()
    dropped = _DROPPED.search(told)
    return sent, decoded, int(dropped[1]) if dropped else -1, reached


def fastest(capture: Path) -> tuple[float, str]:
    """Return the highest rate (packets per second) at which nothing was lost, and what was seen at each."""
    best, told = 0.0, []
    for rate in RATES:
        sent, decoded, dropped, reached = one_rate(capture, rate)
        told.append(f"{reached / 1e6:.2f} M: {sent:,} sent, {decoded:,} decoded, {dropped:,} dropped")
        if dropped or decoded != sent:
            break
        best = max(best, reached)
    return best, "; ".join(told)


if __name__ == "__main__":
    if sys.argv[1] == "send":
        print(send(sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])))
    elif sys.argv[1] == "decode":
        print(decode(sys.argv[2]))
    else:
        print(fastest(Path(sys.argv[1])))
