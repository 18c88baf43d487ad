"""tcpdump: packets as pcap on stdout, three counts on stderr. Pure.

Sources: tcpdump(1), pcap(3PCAP); Debian 12 has 4.99.3 with libpcap 1.10.3.
"""

from __future__ import annotations

import re

from captools.collect.clean import clean
from captools.collect.tools import Failure, Fault, Wish
from captools.model.session import ToolCounts

PACKETS = "stdout"
READY = "listening on"
READY_IN = "stderr"
POLL_SIGNAL = 10  # SIGUSR1 on Linux, where signal.SIGINFO does not exist

# End of a run: one count per line. After SIGUSR1: all three on one line that starts with "tcpdump: ".
_CAPTURED = re.compile(r"(\d+) packets? captured")
_RECEIVED = re.compile(r"(\d+) packets? received by filter")
_DROPPED = re.compile(r"(\d+) packets? dropped by kernel")
# What libpcap says of a filter (gencode.c, grammar.y, nametoaddr.c), tried with 4.99.3 and libpcap 1.10.3.
_REFUSED = re.compile(
    r"parse filter|expression|^illegal |^unknown (host|port|network|protocol|[\w ]+ proto)|^invalid IP|^non-network bits"
    r"|overflows 32 bits|^mask length|not supported in this configuration|link-layer types supported only|^VLAN tag"
    r"|modifier applied|^port '[^']*' is "
)


def argv(wish: Wish) -> list[str]:
    """Return tcpdump's command line.

    ``-w -``: Debian's tcpdump changes its user before it opens files, so packets go to stdout and stay root's
    business. ``-p``: what a NIC picks up although it is not for this node must not count as "arrived here".
    Never ``--immediate-mode``, which loses packets above 50,000 a second; ``-U`` (a write per packet) only
    where someone reads along.
    """
    command = ["tcpdump", "-i", wish.interface, "-n", "-p", "-w", "-", "--time-stamp-precision=nano"]
    if wish.live:
        command.append("-U")
    if wish.snaplen is not None:
        command += ["-s", str(wish.snaplen)]
    command += ["-B", str(max(1, wish.ring_bytes // 1024))]
    return [*command, "--", wish.filter] if wish.filter else command


def counts(said: str) -> ToolCounts:
    """Return the newest captured, received and dropped counts."""
    newest = [pattern.findall(said) for pattern in (_CAPTURED, _RECEIVED, _DROPPED)]
    captured, received, dropped = (int(found[-1]) if found else None for found in newest)
    return ToolCounts(captured=captured, received=received, dropped=dropped)


def failure(said: str) -> Failure | None:
    """Return why tcpdump ended early."""
    lines = [clean(line.removeprefix("tcpdump: ")) for line in said.splitlines() if line.startswith("tcpdump: ")]
    # The last line is the error; warnings stand before it.
    words = next(
        (
            line
            for line in reversed(lines)
            if not line.startswith(("listening on", "Warning")) and "captured" not in line
        ),
        "",
    )
    if not words:
        return None
    if "No such device" in words or "SIOCGIFHWADDR" in words:
        return Failure(fault=Fault.NO_DEVICE, said=words, hint="the interface does not exist there")
    if "disappeared" in words or "went down" in words:
        return Failure(fault=Fault.NO_DEVICE, said=words, hint="what came before is kept")
    if words.startswith("Couldn't change to"):
        # Debian's and Ubuntu's change to user tcpdump, which takes SETUID and SETGID.
        hint = "this tcpdump gives up root, and may not there: captools agent manifest --with-setuid lets it"
        return Failure(fault=Fault.PERMISSION, said=words, hint=hint)
    if "permission" in words.lower() or "not permitted" in words:
        return Failure(fault=Fault.PERMISSION, said=words, hint="log in as root, or allow sudo without a password")
    if _REFUSED.search(words):
        return Failure(fault=Fault.EXPRESSION, said=words, hint="correct the filter; man pcap-filter has the syntax")
    return Failure(fault=Fault.OTHER, said=words, hint="try the same tcpdump command on the node")


def version(line: str) -> str:
    """Return ``4.99.3`` from ``tcpdump version 4.99.3``."""
    found = re.search(r"version (\S+)", line)
    return found[1] if found else clean(line, 40)
