"""Lines of a tcpdump log: the packets with their continuation lines, what tcpdump says at start and end, and the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from captools.model.session import ToolCounts
from captools.wire.linktypes import EN10MB, IPV4, IPV6, LINUX_SLL, LINUX_SLL2, LOOP, NULL, RAW
from captools.wire.text.stamps import PATTERN, Stamp, stamp
from captools.wire.text.table import MAC_TEXT
from captools.wire.text.tunnels import opens

MAX_LINE = 4_096  # characters; what a payload adds behind them is not read
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NUMBER = r" {0,4}\d{1,9}  "  # tcpdump -#
_TIMED = re.compile(rf"(?:{_NUMBER})?(?:{PATTERN}) +(?=\S)", re.ASCII)
_LAYER = re.compile(rf"IP6? \S|ARP, |{MAC_TEXT}(?: \(oui [^)]*\))? > ", re.ASCII)
# Below a tunnel that -v unfolds, -e has left the words away.
_BARE_LAYER = re.compile(
    r"\((?:tos|class|flowlabel) 0x|\(hlim |Ethernet \(len 6\)|Request who-has |Reply \S+ is-at ", re.ASCII
)
_UNTIMED = re.compile(
    rf"(?:{_NUMBER})?(?=IP6? \S+ > \S+: |IP6? truncated-ip|IP6? {{1,2}}[\[(]\w|ARP, (?:Request|Reply|Ethernet|Announcement|Probe)"
    rf"|{MAC_TEXT}\S* (?:\(oui [^)]*\) )?> \S+|(?:In|Out|B|M|P) (?:{MAC_TEXT} )?ethertype "
    r"|[\w.@:?#-]{1,15} +(?:In|Out|B|M|P) +(?:IP6? |ARP, |ifindex )"
    r"|ip: \S+ > \S+: |AF IPv[46] \(|version \d+, resource ID \d+, family )",
    re.ASCII,
)
_SECOND_LINE = re.compile(r" {4}\S+ > \S+:(?: |$)", re.ASCII)  # -v puts the addresses below the IPv4 header
_START = re.compile(
    r"(?:tcpdump: )?(?P<how>listening on|reading from file) (?P<what>[^,]{1,255}), link-type (?P<link>\w+)", re.ASCII
)
_COUNT = re.compile(r"(\d{1,18}) packets? (captured|received by filter|dropped by kernel)", re.ASCII)
_COUNTS = {"captured": "captured", "received by filter": "received", "dropped by kernel": "dropped"}
_LINKTYPES = {"EN10MB": EN10MB, "RAW": RAW, "LINUX_SLL": LINUX_SLL, "LINUX_SLL2": LINUX_SLL2, "NULL": NULL,
              "LOOP": LOOP, "IPV4": IPV4, "IPV6": IPV6}  # fmt: skip


@dataclass(slots=True)
class Entry:
    """One packet: the number of its first line (from 1), its time, a text per layer, and other lines below it.

    ``run`` counts the tcpdump processes whose output stands in the log.
    """

    line: int
    stamp: Stamp | None
    layers: list[str]
    below: list[str] = field(default_factory=list)
    run: int = 0


@dataclass(slots=True)
class Entries:
    """All packets of a log and what tcpdump said around them."""

    packets: list[Entry] = field(default_factory=list)
    linktypes: list[int | None] = field(default_factory=lambda: [None])  # one per run
    from_file: list[bool] = field(default_factory=lambda: [False])  # tcpdump -r: names of interfaces are the reader's
    counts: ToolCounts = ToolCounts()


def clean_lines(text: str) -> Iterator[str]:
    """Return the lines of a text without colours and line ends, each cut at MAX_LINE."""
    for line in text.removeprefix("\ufeff").split("\n"):
        line = line[: 2 * MAX_LINE]
        yield (_COLOURS.sub("", line) if "\x1b" in line else line).rstrip("\r")[:MAX_LINE]


def is_packet(line: str) -> bool:
    """Tell whether a line is the first of a packet, as sure as one line can be."""
    timed = _TIMED.match(line)
    return _UNTIMED.match(line, timed.end() if timed else 0) is not None


def is_preamble(line: str) -> bool:
    """Tell whether a line is what tcpdump says at its start."""
    return _START.match(line) is not None


def split(text: str) -> Entries:
    """Return the packets of a tcpdump log, in order."""
    found = Entries()
    counts: dict[str, int] = {}
    timed_log = any(_TIMED.match(line) for line in clean_lines(text))
    last: Entry | None = None
    for number, line in enumerate(clean_lines(text), 1):
        timed = _TIMED.match(line)
        if timed is not None:
            last = Entry(number, stamp(timed), [line[timed.end() :]])
        elif last is not None and _continues(last, line):
            continue
        elif not timed_log and (untimed := _UNTIMED.match(line)):
            last = Entry(number, None, [line[untimed.end() :]])
        else:
            _said(found, counts, line)
            if last is not None:
                last.below.append(line)
            continue
        last.run = len(found.linktypes) - 1
        found.packets.append(last)
    found.counts = ToolCounts(
        captured=counts.get("captured"), received=counts.get("received"), dropped=counts.get("dropped")
    )
    return found


def _continues(entry: Entry, line: str) -> bool:
    """Add a line to the packet above if it is a layer of it: the rest of a header, or what a tunnel or an error holds."""
    if _SECOND_LINE.match(line) and entry.layers[-1].rstrip().endswith(")"):
        entry.layers[-1] += " " + line.lstrip()
        return True
    tab = line.startswith("\t")
    layer = line[1:] if tab else line if opens(entry.layers[-1]) else ""
    if _LAYER.match(layer) or (tab and _BARE_LAYER.match(layer)):
        entry.layers.append(layer)
        return True
    return False


def _said(found: Entries, counts: dict[str, int], line: str) -> None:
    """Read what tcpdump says at its start and its end."""
    if start := _START.match(line):
        found.linktypes.append(_LINKTYPES.get(start["link"]))
        found.from_file.append(start["how"] == "reading from file")
    elif count := _COUNT.match(line):
        name = _COUNTS[count[2]]
        counts[name] = counts.get(name, 0) + int(count[1])
