"""What the node says of itself: system, tools, links, addresses, rules, every route table, neighbours, WireGuard.

Outputs are kept as text, exactly as the node's own tools print them: iproute2 repeats keys inside one JSON
object (an encapsulated route has "dst" twice), which a parse and a second print would lose.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from typing import Any, Dict, List, Optional

# Logins without a login shell often lack the sbin folders, where tcpdump and ip live.
EXTRA_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
COMMAND_TIMEOUT_S = 10.0

# name in the report -> the commands whose outputs are joined. `ip -j` prints one JSON array each time.
NETWORK = {
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
# Facts that a few minutes of traffic change: taken again when the capture stops.
CHANGING = ("ip-neigh.json", "wg.txt")
VERSIONS = {"tcpdump": ["tcpdump", "--version"], "ngrep": ["ngrep", "-V"]}


def environment() -> Dict[str, str]:
    """Return the environment every program on the node gets: plain English, a complete PATH."""
    env = dict(os.environ)
    env["LC_ALL"] = "C"
    env["PATH"] = env.get("PATH", "") + ":" + EXTRA_PATH
    return env


def run(argv: List[str]) -> Optional[str]:
    """Return what a program prints on stdout and stderr, or None where it is missing, fails or hangs."""
    env = environment()
    program = shutil.which(argv[0], path=env["PATH"])
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program] + argv[1:],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            timeout=COMMAND_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def join_json_arrays(texts: List[str]) -> str:
    """Join JSON arrays as text, so that repeated keys inside them survive."""
    inner = [text.strip()[1:-1].strip() for text in texts if text.strip().startswith("[")]
    return "[" + ",".join(part for part in inner if part) + "]"


def network(names: Optional[List[str]] = None) -> Dict[str, str]:
    """Return the node's network state as text per file name; one that says nothing is left out."""
    found = {}
    for name in names if names is not None else list(NETWORK):
        texts = [text for text in (run(argv) for argv in NETWORK[name]) if text is not None]
        text = join_json_arrays(texts) if name.endswith(".json") and texts else "".join(texts)
        if text:
            found[name] = text
    return found


def tools() -> Dict[str, Dict[str, str]]:
    """Return path and version line of every capture tool that is installed."""
    path = environment()["PATH"]
    found = {}
    for name, argv in VERSIONS.items():
        program = shutil.which(name, path=path)
        if program is not None:
            found[name] = {"path": program, "version": first_line(run(argv) or "")}
    return found


def first_line(text: str) -> str:
    """Return the first line that says anything."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def gather() -> Dict[str, Any]:
    """Return everything the controller wants to know before it decides what to capture."""
    return {
        "hostname": socket.gethostname(),
        "system": " ".join(platform.uname()[:5]),
        "python": sys.version.split()[0],
        "uid": os.getuid(),
        "euid": os.geteuid(),
        "ssh_connection": os.environ.get("SSH_CONNECTION", ""),
        # Set by the launcher where the login is not root and sudo refused.
        "sudo_said": os.environ.get("CAPTOOLS_SUDO_SAID", ""),
        "tools": tools(),
        "network": network(),
        "time_ns": time.time_ns(),
    }
