"""tcpdump's text, 4.9 to 5.0: each packet's lines become one row, tunnels and their inner packet together."""

from __future__ import annotations

from dataclasses import dataclass, field

from captools.model.packets import DecodeStop, EtherType, Tunnel
from captools.model.session import ToolCounts
from captools.wire.decode import MAX_DEPTH
from captools.wire.text import heads
from captools.wire.text.arp import arp
from captools.wire.text.icmp import quoted, quotes
from captools.wire.text.lines import Entry, split
from captools.wire.text.link import interface, link
from captools.wire.text.network import Ends, network
from captools.wire.text.sequence import Sequences
from captools.wire.text.stamps import NO_DATE, NO_START, NO_TIME, times
from captools.wire.text.table import Row, new_row
from captools.wire.text.transport import transport
from captools.wire.text.tunnels import tunnel


@dataclass(slots=True)
class Reading:
    """What a text log gave: rows, HTTP heads (``row`` counts from 0), the line of each row, and doubts."""

    rows: list[Row] = field(default_factory=list)
    heads: list[Row] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    counts: ToolCounts = ToolCounts()
    warnings: list[str] = field(default_factory=list)
    linktype: int | None = None
    match: str = ""  # the payload filter of ngrep
    dated: bool = False  # the times are of a day, not only within one


def read_tcpdump(text: str, point: str) -> Reading:
    """Read tcpdump's text; ``point`` is where it was captured. Nothing raises."""
    entries = split(text)
    found = Reading(counts=entries.counts, linktype=next((one for one in entries.linktypes if one is not None), None))
    stamps, warnings = times([entry.stamp for entry in entries.packets])
    unknown: list[int] = []
    named: list[int] = []
    guessed = False
    sequences: list[Sequences] = [Sequences() for _ in entries.linktypes]
    for number, (entry, ts_ns) in enumerate(zip(entries.packets, stamps, strict=True)):
        row = new_row()
        row["linktype"] = entries.linktypes[entry.run]
        name, entry.layers[0] = interface(row, entry.layers[0])
        guessed = guessed or (name not in ("", "?") and entries.from_file[entry.run])
        row["point"] = _point(point, "" if entries.from_file[entry.run] else name, row.get("ifindex"))
        understood, ends = _layers(row, list(entry.layers), sequences[entry.run])
        row["ts_ns"] = ts_ns
        if not understood:
            unknown.append(entry.line)
            row.setdefault("decode_stop", DecodeStop.UNREAD.value)
        if ends is not None and (row.get("src") is None or row.get("dst") is None):
            named.append(entry.line)
        head = _head(entry)
        if head is not None:
            found.heads.append({**head, "row": number})
        found.rows.append(row)
        found.lines.append(entry.line)
    if found.linktype is None:
        found.linktype = next((row["linktype"] for row in found.rows if row["linktype"] is not None), None)
    found.dated = not {NO_TIME, NO_DATE, NO_START} & set(warnings)
    found.warnings = [*_doubts(unknown, named, len(entries.packets), guessed), *warnings]
    return found


def _doubts(unknown: list[int], named: list[int], count: int, guessed: bool) -> list[str]:
    doubts = []
    if unknown:
        doubts.append(f"{len(unknown)} of {count} packets are not understood, the first on line {unknown[0]}")
    if named:
        doubts.append(f"line {named[0]} names a host instead of its address; tcpdump -n prints addresses")
    if guessed:
        doubts.append("its interface names are those of the machine that read the capture file, and are left out")
    return doubts


def _point(point: str, name: str, index: int | None) -> str:
    """Return the point of a row: lines of ``-i any`` name their own interface, or its index at least."""
    node = point.partition("/")[0]
    if name and name != "?":
        return f"{node}/{name}"
    return f"{node}/#{index}" if index is not None else point


def _layers(row: Row, layers: list[str], sequences: Sequences) -> tuple[bool, Ends | None]:
    """Read all layers of a packet into ``row``; return whether it was understood, and its innermost ends."""
    text, layers = layers[0], layers[1:]
    for _ in range(MAX_DEPTH + 1):
        text = link(row, text)
        if arp(row, text):
            return True, None
        ends = network(row, text)
        if ends is None and row["depth"]:
            row["decode_stop"] = DecodeStop.UNKNOWN_ETHERTYPE.value
            return True, None
        if ends is None:
            return row.get("ethertype") not in (None, EtherType.IPV4, EtherType.IPV6), None
        inner = tunnel(row, ends) if row.get("decode_stop") is None else None
        if inner is None:
            understood = transport(row, ends, sequences)
            if understood and quotes(row) and layers:
                _quote(row, layers[0])
            return understood, ends
        if not inner:
            if not layers and row["tunnel"] == Tunnel.VXLAN:  # the line of the inner packet is missing
                return False, None
            if not layers:
                row["decode_stop"] = DecodeStop.UNKNOWN_ETHERTYPE.value
                return True, None
            inner, layers = layers[0], layers[1:]
        text = inner
    row["decode_stop"] = DecodeStop.TOO_DEEP.value
    return True, None


def _quote(row: Row, text: str) -> None:
    inner = new_row()
    ends = network(inner, text)
    if ends is not None:
        transport(inner, ends, Sequences())
        quoted(row, inner, ends)


def _head(entry: Entry) -> Row | None:
    """Return the HTTP head that a packet's lines show: ``HTTP: GET / HTTP/1.1``, the lines of -v, or those of -A."""
    last = entry.layers[-1]
    if ": Flags [" not in last:
        return None
    if ": HTTP, length: " in last:
        return heads.from_lines((line.removeprefix("\t") for line in entry.below), dots=False)
    below = [line for line in entry.below if not line.startswith("\t0x")]
    _, told, first = last.partition(": HTTP: ")
    return heads.behind_headers(below) or (heads.from_lines([first], dots=False) if told else None)
