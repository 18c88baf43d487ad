"""Real traffic inside the lab, and the truth about it: each generator reports what it sent and what came back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from captools.lab.cluster import Lab
from captools.lab.netns import INSIDE, Machine, python
from captools.lab.topology import HTTP_PORT, NODES, ROUTER, ROUTER_ADDRESSES
from captools.lab.truth import Truth, of_http, of_ping
from captools.model.errors import CaptureFailed

HTTP_TIMEOUT_S = 3.0
HEALTH_INTERVAL_S = 0.2
_HEALTH_ID = 0x4000  # health pings count up from here, so that no test ping shares their identifier


def ping(machine: Machine, address: str, *, identifier: int, count: int = 3, interval_s: float = 0.2) -> Truth:
    """Send echo requests from a machine and wait up to a second for the last answer."""
    return of_ping(json.loads(machine.run(python("ping", address, str(identifier), str(count), str(interval_s)))))


def pings(
    runs: Sequence[tuple[Machine, str, int]],
    *,
    count: int,
    interval_s: float,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[Truth]:
    """Send echo requests from several machines at the same time: (machine, address, identifier) each.

    ``meanwhile`` is called while they run.
    """
    running = [
        machine.start(python("ping", address, str(identifier), str(count), str(interval_s)))
        for machine, address, identifier in runs
    ]
    meanwhile()
    truth = []
    for process in running:
        out, error = process.communicate(timeout=count * interval_s + 30)
        if not out:
            raise CaptureFailed(f"lab: a ping failed: {error.strip()}")
        truth.append(of_ping(json.loads(out)))
    return truth


def http(
    machine: Machine,
    address: str,
    *paths: str,
    port: int = HTTP_PORT,
    timeout_s: float = HTTP_TIMEOUT_S,
    sni: str = "",
    headers: Mapping[str, str] | None = None,
    pause_s: float = 0.0,
) -> Truth:
    """Make one GET per path, all over one connection of its own, ``pause_s`` apart; with ``sni`` over TLS."""
    argv = _http(address, paths, port=port, timeout_s=timeout_s, sni=sni, headers=headers or {}, pause_s=pause_s)
    return of_http(json.loads(machine.run(argv)), len(paths))


def together(machines: Sequence[Machine], address: str, *paths: str, headers: Mapping[str, str] | None = None) -> Truth:
    """Let several clients, one per item of ``machines``, make the same requests at the same time."""
    argv = _http(address, paths, port=HTTP_PORT, timeout_s=HTTP_TIMEOUT_S, sni="", headers=headers or {})
    running = [machine.start(argv) for machine in machines]
    truth = Truth()
    for process in running:
        out, error = process.communicate(timeout=30)
        if not out:
            raise CaptureFailed(f"lab: an HTTP client failed: {error.strip()}")
        truth += of_http(json.loads(out), len(paths))
    return truth


def http2(machine: Machine, address: str, *paths: str, host: str) -> Truth:
    """Make one GET per path over HTTP/2 in clear, all at once over one connection."""
    argv = [sys.executable, "-I", str(INSIDE / "http2_client.py"), address, str(HTTP_PORT), host, *paths]
    return of_http(json.loads(machine.run(argv)), len(paths))


def _http(
    address: str,
    paths: Sequence[str],
    *,
    port: int,
    timeout_s: float,
    sni: str,
    headers: Mapping[str, str],
    pause_s: float = 0.0,
) -> list[str]:
    options = ["--sni", sni] if sni else []
    options += ["--pause", str(pause_s)] if pause_s else []
    options += [word for name, value in headers.items() for word in ("--header", f"{name}:{value}")]
    return python("http_client", address, str(port), str(timeout_s), *options, *paths)


def bulk(machine: Machine, address: str, size: int) -> Truth:
    """Fetch ``size`` bytes from a webpod in one answer: large enough, it travels in super-frames."""
    return http(machine, address, f"/data?size={size}", timeout_s=20.0)


def health_pairs(lab: Lab) -> list[tuple[str, str, str]]:
    """Return who checks on whom: (machine, target address, source address or "").

    Between node addresses, as cilium-health does, and from the router to one node per subnet. With WireGuard
    between the cilium_host addresses instead: node addresses are not encrypted by default, and a scenario about
    encryption should show nothing but WireGuard between its nodes.
    """
    pairs = []
    for index, here in enumerate(NODES):
        for other in NODES[index + 1 :]:
            if lab.mode.encrypted:
                pairs.append((here.name, other.cilium_host, here.cilium_host))
            else:
                pairs.append((here.name, other.address, ""))
    if not lab.mode.encrypted:
        pairs += [(ROUTER, NODES[0].address, ROUTER_ADDRESSES["eth1"]), (ROUTER, NODES[2].address, "")]
    return pairs


class Background:
    """Pings that go on until they are ended: (machine, address, identifier, source or "") each."""

    def __init__(self, runs: Iterable[tuple[Machine, str, int, str]], interval_s: float) -> None:
        self._running = [
            machine.start(python("ping", address, str(identifier), "0", str(interval_s), source))
            for machine, address, identifier, source in runs
        ]

    def stop(self) -> Truth:
        """End the pings and return what they saw; CaptureFailed if one did not run."""
        truth = Truth()
        for process in self._running:
            _signal(process, signal.SIGTERM)
        for process in self._running:
            out, error = process.communicate(timeout=10)
            if not out:
                raise CaptureFailed(f"lab: a background ping failed: {error.strip()}")
            truth += of_ping(json.loads(out))
        return truth

    def kill(self) -> None:
        """End the pings without asking what they saw."""
        for process in self._running:
            _signal(process, signal.SIGKILL)
            process.communicate()


@contextmanager
def health(lab: Lab, collected: list[Truth], interval_s: float = HEALTH_INTERVAL_S) -> Iterator[None]:
    """Ping between the machines during a block, which shows that every wire is listened to.

    What the pings saw is added to ``collected`` at the end.
    """
    runs = [
        (lab.machine(name), address, _HEALTH_ID + number, source)
        for number, (name, address, source) in enumerate(health_pairs(lab))
    ]
    told: list[Truth] = []
    with background(runs, told, interval_s):
        yield
    collected += [truth.as_health() for truth in told]


@contextmanager
def background(
    runs: Iterable[tuple[Machine, str, int, str]], collected: list[Truth], interval_s: float
) -> Iterator[None]:
    """Let pings go on during a block and add what they saw to ``collected`` at its end."""
    running = Background(runs, interval_s)
    try:
        yield
        collected.append(running.stop())
    finally:
        running.kill()


def total(parts: Sequence[Truth]) -> Truth:
    """Return all parts as one truth."""
    return sum(parts, Truth())


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """Signal a process and what it entered the namespaces for."""
    if process.poll() is None:
        os.killpg(process.pid, number)
