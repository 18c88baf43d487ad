"""What the node says of itself: system, tools, and its network state as the texts of its own programs.

Two groups. ``quick`` goes with the greeting: links, addresses, rules, every route table, neighbours, WireGuard.
``slow`` is asked for afterwards and gathered beside the agent's loop: connection tracking, packet filter
counters, settings and counters of /proc, and what a local Cilium agent tells.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import platform
import shutil
import signal
import socket
import sys
import time
from typing import Any, Dict, Iterable, List, Optional, Tuple

from captools.agent.outputs import environment, first_lines, outputs

# name in the report -> the commands whose outputs are joined. `ip -j` prints one JSON array each time.
QUICK = {
    "ip-link.json": [["ip", "-d", "-j", "link"]],
    "ip-addr.json": [["ip", "-j", "addr"]],
    "ip-rule.json": [["ip", "-j", "rule"], ["ip", "-6", "-j", "rule"]],
    "ip-route.json": [
        ["ip", "-4", "-j", "route", "show", "table", "all"],
        ["ip", "-6", "-j", "route", "show", "table", "all"],
    ],
    "ip-neigh.json": [["ip", "-j", "neigh"]],
    # Never `wg showconf` and never `wg show all dump`: both print the private key.
    "wg.txt": [["wg", "show"]],
}
# Read from /proc, which needs no program: name in the report -> files.
FILES = {
    "conntrack.txt": ["/proc/net/nf_conntrack"],
    "net-dev.txt": ["/proc/net/dev"],
    "net-stat.txt": ["/proc/net/snmp", "/proc/net/netstat"],
}
# Never `cilium` alone: on a host that is the command line tool, which talks to the API server.
SLOW = {
    "conntrack.txt": [["conntrack", "-L", "-o", "extended"], ["conntrack", "-L", "-f", "ipv6", "-o", "extended"]],
    "nft.txt": [["nft", "-a", "list", "ruleset"]],
    "iptables.txt": [["iptables-save", "-c"], ["ip6tables-save", "-c"]],
    "cilium-status.txt": [["cilium-dbg", "status", "--verbose"]],
    "cilium-endpoints.json": [["cilium-dbg", "endpoint", "list", "-o", "json"]],
    "cilium-ip.json": [["cilium-dbg", "ip", "list", "-o", "json"]],
    "cilium-identities.json": [["cilium-dbg", "identity", "list", "-o", "json"]],
    "cilium-ipcache.json": [["cilium-dbg", "bpf", "ipcache", "list", "-o", "json"]],
    "cilium-services.json": [["cilium-dbg", "service", "list", "-o", "json"]],
    "cilium-ct.txt": [["cilium-dbg", "bpf", "ct", "list", "global"]],
}
# Only where the first says nothing: `iptables-save` may load modules, and nft shows the same rules.
INSTEAD = {"iptables.txt": "nft.txt"}
SYSCTL = "sysctl.txt"
# What decides whether a packet that came in goes on, per address family and interface (ip-sysctl.rst).
SETTINGS = (
    "net/ipv4/ip_forward", "net/ipv4/ip_local_port_range", "net/ipv4/conf/*/rp_filter", "net/ipv4/conf/*/forwarding",
    "net/ipv4/conf/*/accept_local", "net/ipv4/conf/*/route_localnet", "net/ipv4/conf/*/proxy_arp",
    "net/ipv6/conf/*/forwarding", "net/ipv6/conf/*/disable_ipv6", "net/netfilter/nf_conntrack_count",
    "net/netfilter/nf_conntrack_max", "net/netfilter/nf_conntrack_tcp_be_liberal",
)  # fmt: skip
MOST_SETTINGS = 20_000
GROUPS = {"quick": tuple(QUICK), "slow": tuple(dict.fromkeys([SYSCTL, *FILES, *SLOW]))}
NETWORK = {**QUICK, **SLOW}
VERSIONS = {"tcpdump": ["tcpdump", "--version"], "ngrep": ["ngrep", "-V"]}

# One frame carries them all (frames.MAX_PAYLOAD).
MOST_BYTES = 6 * 1024 * 1024
GREETING_S = 4.0  # what has not answered by then is left out of the greeting
LATER_S = 25.0  # how long a gathering beside the loop may take

# Of an endpoint's many words those that name it: its policies may match on the values of headers.
ENDPOINT = ("external-identifiers", "identity", "networking", "state")

Texts = Dict[str, str]


def join_json_arrays(texts: List[str]) -> str:
    """Join JSON arrays as text, so that repeated keys inside them survive."""
    inner = [text.strip()[1:-1].strip() for text in texts if text.strip().startswith("[")]
    return "[" + ",".join(part for part in inner if part) + "]"


def wanted(names: Optional[Iterable[str]]) -> List[str]:
    """Return the file names that ``names`` (files or groups) mean; None means all, unknown ones mean nothing."""
    found: Dict[str, None] = {}
    for name in ("quick", "slow") if names is None else names:
        for one in GROUPS.get(name, (name,)):
            if one in NETWORK or one in FILES or one == SYSCTL:
                found[one] = None
    return list(found)


def network(names: Optional[Iterable[str]] = None) -> Texts:
    """Return the node's network state as text per file name; what says nothing is left out."""
    return taken(names)[0]


def taken(names: Optional[Iterable[str]] = None, timeout_s: Optional[float] = None) -> Tuple[Texts, Dict[str, int]]:
    """Return the texts, and when each was taken: nanoseconds since 1970 on the node's clock."""
    left = wanted(names)
    found: Texts = {}
    times: Dict[str, int] = {}

    def keep(name: str, text: str) -> None:
        # One that does not fit is left out whole; the quick ones, which the plan needs, come first.
        if text and sum(map(len, found.values())) + len(text) <= MOST_BYTES:
            found[name] = text
            times[name] = time.time_ns()

    for name in [name for name in left if name in FILES or name == SYSCTL]:
        keep(name, settings() if name == SYSCTL else "".join(first_lines(path) or "" for path in FILES[name]))
    _ask([name for name in left if name in NETWORK and name not in found and name not in INSTEAD], keep, timeout_s)
    _ask([name for name in left if name in INSTEAD and INSTEAD[name] not in found], keep, timeout_s)
    return found, times


def _ask(names: List[str], keep: Any, timeout_s: Optional[float]) -> None:
    """Run the commands of ``names``, all at once, and keep what they say."""
    said = iter(outputs([argv for name in names for argv in NETWORK[name]], timeout_s))
    for name in names:
        texts = [text for text in (next(said) for _ in NETWORK[name]) if text is not None]
        # Others than `ip` print one document, and each of theirs comes from one command.
        joined = name.endswith(".json") and len(NETWORK[name]) > 1 and bool(texts)
        text = join_json_arrays(texts) if joined else "".join(texts)
        keep(name, endpoints(text) if name == "cilium-endpoints.json" else text)


def endpoints(text: str) -> str:
    """Return ``cilium-dbg endpoint list -o json`` with id, names, identity and devices alone; "" where it is no list."""
    try:
        found = json.loads(text)
        rows = [
            {"id": one.get("id"), "status": {key: one["status"][key] for key in ENDPOINT if key in one["status"]}}
            for one in found
        ]
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return ""
    return json.dumps(rows) + "\n"


def settings(root: str = "/proc/sys") -> str:
    """Return the settings that decide on forwarding, one ``key = value`` per line, as sysctl prints them."""
    lines = []
    for pattern in SETTINGS:
        for path in sorted(glob.glob(os.path.join(root, pattern)))[:MOST_SETTINGS]:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                with open(path) as file:
                    value = " ".join(file.read(4096).split())
                # sysctl(8) writes the dots of eth1.100 as slashes.
                key = os.path.relpath(path, root).replace(".", "\0").replace("/", ".").replace("\0", "/")
                lines.append("%s = %s\n" % (key, value))
    return "".join(lines)


def tools() -> Dict[str, Dict[str, str]]:
    """Return path and version line of every capture tool that is installed."""
    path = environment()["PATH"]
    found = {}
    answers = iter(outputs(list(VERSIONS.values()), GREETING_S))
    for name in VERSIONS:
        program, said = shutil.which(name, path=path), next(answers) or ""
        if program is not None:
            found[name] = {"path": program, "version": first_line(said), "libpcap": libpcap(said)}
    return found


def libpcap(said: str) -> str:
    """Return ``1.10.3`` from ``libpcap version 1.10.3 (with TPACKET_V3)``; "" where no version is told."""
    words = said.partition("libpcap version ")[2].split()
    return words[0] if words else ""


def capabilities() -> str:
    """Return what this process may do, as /proc tells it: CapEff in hex (capabilities(7)); "" where it does not."""
    lines = (first_lines("/proc/self/status") or "").splitlines()
    return next((line.split()[1] for line in lines if line.startswith("CapEff:") and len(line.split()) == 2), "")


def room() -> Optional[int]:
    """Return the free bytes where captures would rest (spool.py looks there in the same order); None for nowhere."""
    for base in ("/var/tmp", "/tmp", "/dev/shm"):
        with contextlib.suppress(OSError):
            free = os.statvfs(base)
            if os.access(base, os.W_OK | os.X_OK) and not free.f_flag & os.ST_RDONLY:
                return free.f_bavail * free.f_frsize
    return None


def first_line(text: str) -> str:
    """Return the first line that says anything."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def gather() -> Dict[str, Any]:
    """Return everything the controller wants to know before it decides what to capture."""
    texts, times = taken(["quick"], GREETING_S)
    return {
        "hostname": socket.gethostname(),
        "system": " ".join(platform.uname()[:5]),
        "python": sys.version.split()[0],
        "uid": os.getuid(),
        "euid": os.geteuid(),
        "ssh_connection": os.environ.get("SSH_CONNECTION", ""),
        # Set by the launcher where the login is not root and sudo refused.
        "sudo_said": os.environ.get("CAPTOOLS_SUDO_SAID", ""),
        "capabilities": capabilities(),
        "spool_free": room(),
        "tools": tools(),
        "network": texts,
        "taken": times,
        "time_ns": time.time_ns(),
    }


class Later:
    """Facts gathered by a child while the agent's loop goes on: watch ``fileno()``, then ``read()``."""

    def __init__(self, names: Optional[List[str]] = None) -> None:
        self._names = names
        self._source, sink = os.pipe()
        self._received = bytearray()
        self._open = True
        self._child = os.fork()
        if self._child == 0:
            try:
                os.close(self._source)
                _gather_into(sink, names)
            finally:
                os._exit(0)
        os.close(sink)
        os.set_blocking(self._source, False)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when there is something to `read`."""
        return self._source

    def read(self) -> Optional[Dict[str, Any]]:
        """Return ``{"network": {file: text}, "taken": {file: ns}, "names"}`` when it is complete, until then None.

        After the answer everything is closed. A child that died gives an answer with nothing in it.
        """
        while True:
            try:
                data = os.read(self._source, 256 * 1024)
            except BlockingIOError:
                return None
            if not data:
                break
            self._received += data
        self.close()
        try:
            found = json.loads(self._received.decode())
        except ValueError:
            found = {"network": {}, "taken": {}, "names": self._names}
        return dict(found)

    def close(self) -> None:
        """End the child, whatever it is doing. Twice is once."""
        if self._open:
            self._open = False
            os.close(self._source)
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._child, 0)


def _gather_into(sink: int, names: Optional[List[str]]) -> None:
    """The child: nothing of the agent's channel may be held open or written to."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.alarm(int(LATER_S))
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    texts, times = taken(names)
    left = json.dumps({"network": texts, "taken": times, "names": names}).encode()
    while left:
        left = left[os.write(sink, left) :]
