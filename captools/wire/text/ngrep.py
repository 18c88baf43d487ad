"""ngrep's text: a header line per packet, its payload below (byline and default form), hashes for packets between."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from captools.model.packets import EtherType, Proto
from captools.wire.text import heads
from captools.wire.text.lines import clean_lines
from captools.wire.text.stamps import NO_START, NO_TIME, PATTERN, Stamp, StampKind, stamp, times
from captools.wire.text.table import Row, address, new_row
from captools.wire.text.tcpdump import Reading
from captools.wire.text.transport import FLAG_LETTERS

_PROTOCOLS = {"T": Proto.TCP, "U": Proto.UDP, "I": Proto.ICMP}
# T 2025/08/20 09:35:14.972128 10.0.2.15:45812 -> 172.20.1.102:9080 [AP] #4
_HEADER = re.compile(
    rf"(?P<proto>[TUIG?])(?:\((?P<number>\d{{1,3}})\))? (?:(?:{PATTERN}|\+(?P<delta>\d{{1,11}}\.\d{{6}})) )?"
    r"(?P<src>[0-9A-Fa-f.:]{2,45}) -> (?P<dst>[0-9A-Fa-f.:]{2,45})"
    r"(?: \[(?P<flags>[ASRFUPEC]*)\])?(?: (?P<type>\d{1,3}):(?P<code>\d{1,3}))?(?: \+?\d+@\d+:\d+)?(?: #(?P<frame>\d+))?"
    r"(?P<payload> .*)?$",
    re.ASCII,
)
_MATCH = re.compile(r"(?:don't )?match(?: \(JIT\))?: ")
_MARKS = re.compile(r"#+(?:exit)?$", re.ASCII)
_NO_PATTERN = "(none, but ngrep shows packets with a payload only)"


@dataclass(slots=True)
class _Entry:
    line: int
    head: re.Match[str]
    payload: list[str] = field(default_factory=list)


def is_packet(line: str) -> bool:
    """Tell whether a line is the header of a packet."""
    return _HEADER.match(line) is not None


def read_ngrep(text: str, point: str) -> Reading:
    """Read ngrep's text; ``point`` is where it was captured. Nothing raises.

    A packet pasted twice (same number, time and ends) is one packet.
    """
    found = Reading()
    entries, repeated = _entries(found, text)
    stamps, warnings = times([_stamp(entry.head) for entry in entries])
    for number, (entry, ts_ns) in enumerate(zip(entries, stamps, strict=True)):
        row = _row(entry.head)
        row["point"], row["ts_ns"] = point, ts_ns
        head = _http(entry) if row.get("proto") == Proto.TCP else None
        if head is not None:
            found.heads.append({**head, "row": number})
        found.rows.append(row)
        found.lines.append(entry.line)
    found.dated = not {NO_TIME, NO_START} & set(warnings)
    found.match = found.match or _NO_PATTERN
    found.warnings = [f"line {line} repeats a packet above and is left out" for line in repeated[:1]] + list(warnings)
    return found


def _entries(found: Reading, text: str) -> tuple[list[_Entry], list[int]]:
    """Return the packets, and the lines where one was pasted again."""
    entries: list[_Entry] = []
    repeated: list[int] = []
    seen: set[str] = set()
    payload: list[str] | None = None
    for number, line in enumerate(clean_lines(text), 1):
        head = _HEADER.match(line)
        if head is not None:
            payload = []
            name = head[0] if head["frame"] and head["clock"] else ""
            if name and name in seen:
                repeated.append(number)
                continue
            seen.add(name)
            entries.append(_Entry(number, head, payload))
            if head["payload"]:  # -W single: the payload goes on behind the header
                payload.append(head["payload"][1:])
        elif _MARKS.match(line):
            payload = None
        elif payload is not None:
            payload.append(line)
        elif _MATCH.match(line):
            found.match = line
    return entries, repeated


def _stamp(head: re.Match[str]) -> Stamp | None:
    if head["delta"]:
        seconds, _, part = head["delta"].partition(".")
        return Stamp(StampKind.DELTA, int(seconds) * 1_000_000_000 + int(part) * 1_000)
    return stamp(head) if head["clock"] or head["seconds"] else None


def _row(head: re.Match[str]) -> Row:
    row = new_row()
    proto = int(head["number"]) if head["number"] else _PROTOCOLS.get(head["proto"])
    ported = proto in (Proto.TCP, Proto.UDP)
    for end, number in (("src", "sport"), ("dst", "dport")):
        host, colon, port = head[end].rpartition(":") if ported else (head[end], "", "")
        row[end] = address(host if colon else head[end])
        row[number] = int(port) if colon and port.isdigit() and len(port) < 6 else None
    six = ":" in (head["src"].rpartition(":")[0] if ported else head["src"])
    row["ip_version"], row["ethertype"] = (6, int(EtherType.IPV6)) if six else (4, int(EtherType.IPV4))
    row["proto"] = int(Proto.ICMPV6) if six and proto == Proto.ICMP else None if proto is None else int(proto)
    if head["flags"] is not None:
        letters = head["flags"].replace("A", ".").replace("C", "W")
        row["tcp_flags"] = sum({int(FLAG_LETTERS[letter]) for letter in letters})
    if head["type"] is not None:
        row["icmp_type"], row["icmp_code"] = int(head["type"]), int(head["code"])
    return row


def _http(entry: _Entry) -> Row | None:
    """Return the HTTP head a payload begins with, in whatever form it was printed."""
    lines = entry.payload
    if not lines:
        return None
    if lines[0].startswith("  "):  # the default form: folded at one width, and a paste may have cut trailing blanks
        lines = [line[2:] for line in lines if line.startswith("  ")]
        width = max(map(len, lines))
        return heads.from_stream("".join(line.ljust(width) for line in lines[:-1]) + lines[-1])
    streamed = heads.from_stream(lines[0]) if heads.looks_streamed(lines[0]) else None
    return streamed or heads.from_lines(lines, dots=True)
