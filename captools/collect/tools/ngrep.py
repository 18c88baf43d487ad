"""ngrep: the packets whose payload matches a pattern, as pcap and as byline text. Pure.

Sources: ngrep(8); Debian 12 has 1.47.1. A match is per packet (no reassembly), so nothing negative rests on
such a capture.
"""

from __future__ import annotations

import re

from captools.collect.clean import clean
from captools.collect.tools import Failure, Fault, Wish
from captools.model.session import ToolCounts

PACKETS = "pipe"  # -O opens its file by name; the agent gives it the name of a pipe, so no file is needed
READY = "output: "  # printed last, after device, filter and pattern were accepted
READY_IN = "text"
POLL_SIGNAL = 0

# Without a filter argument of its own ngrep would try the pattern as one.
EVERYTHING = "ip or ip6"


def argv(wish: Wish) -> list[str]:
    """Return ngrep's command line: quiet (-q), with dates (-t), line by line (-l), not promiscuous (-p).

    ngrep has no option for the kernel ring, and stamps packets in microseconds.
    """
    command = ["ngrep", "-q", "-t", "-l", "-p", "-W", "byline", "-d", wish.interface, "-O", "{pcap}"]
    if wish.snaplen is not None:
        command += ["-s", str(wish.snaplen)]
    return [*command, "--", wish.match, wish.filter or EVERYTHING]


def counts(said: str) -> ToolCounts:
    """ngrep tells nothing about what the kernel dropped: no count is known."""
    return ToolCounts()


def failure(said: str) -> Failure | None:
    """Return why ngrep ended early."""
    words = next((clean(line) for line in said.splitlines() if line.strip()), "")
    if not words:
        return None
    if "No such device" in words:
        return Failure(fault=Fault.NO_DEVICE, said=words, hint="the interface does not exist there")
    if "drop privileges" in words:
        hint = "this ngrep gives up root, and may not there: captools agent manifest --with-setuid lets it"
        return Failure(fault=Fault.PERMISSION, said=words, hint=hint)
    if "permission" in words.lower() or "not permitted" in words:
        return Failure(fault=Fault.PERMISSION, said=words, hint="log in as root, or allow sudo without a password")
    if "regex compile failed" in words:
        return Failure(fault=Fault.EXPRESSION, said=words, hint="correct the pattern given with --match")
    if "parse filter" in words or "expression" in words:
        return Failure(fault=Fault.EXPRESSION, said=words, hint="correct the filter; man pcap-filter has the syntax")
    return Failure(fault=Fault.OTHER, said=words, hint="try the same ngrep command on the node")


def version(line: str) -> str:
    """Return ``1.47.1-git`` from ``ngrep: V1.47.1-git, libpcap version …``."""
    found = re.search(r"V(\d[^,\s]*)", line)
    return found[1] if found else clean(line, 40)
