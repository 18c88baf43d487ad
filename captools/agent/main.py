"""The agent's entry: one channel process per connection, serving on stdin and stdout."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import time
from typing import Any, Dict

from captools.agent import facts
from captools.agent.channel import Channel

AGENT = 2  # the protocol
MOST_FILES = 65536


def greeting(with_facts: bool) -> Dict[str, Any]:
    """Return what the node says first; without facts it says it at once."""
    if with_facts:
        return dict(facts.gather(), agent=AGENT)
    return {
        "agent": AGENT,
        "hostname": socket.gethostname(),
        "system": " ".join(os.uname()),
        "python": sys.version.split()[0],
        "uid": os.getuid(),
        "euid": os.geteuid(),
        "ssh_connection": os.environ.get("SSH_CONNECTION", ""),
        "sudo_said": os.environ.get("CAPTOOLS_SUDO_SAID", ""),
        "time_ns": time.time_ns(),
    }


def _raise_file_limit() -> None:
    """Fifty tools have three pipes each, and a snapshot holds hundreds of segments."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main(with_facts: bool = True) -> None:
    """Serve until the controller leaves. Captures go on in their keepers."""
    _raise_file_limit()
    channel = Channel(sys.stdin.fileno(), sys.stdout.fileno())

    def leave(number: int, frame: object) -> None:
        channel.lost = True

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
    # A handler, not SIG_IGN: ignored signals would stay ignored in the tools, which end by SIGINT.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    channel.run(greeting(with_facts))
