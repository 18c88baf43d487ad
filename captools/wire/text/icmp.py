"""ICMP and ICMPv6 lines (print-icmp.c, print-icmp6.c): echoes, errors with what they quote, neighbour discovery."""

from __future__ import annotations

import re

from captools.model.packets import Proto
from captools.wire.icmp import FRAGMENTATION_NEEDED, PACKET_TOO_BIG_6, UNREACHABLE_4
from captools.wire.text.names import port
from captools.wire.text.network import Ends
from captools.wire.text.table import Row, address

HEADER = 8  # bytes in front of what the packet table calls payload
_LENGTH = re.compile(r", length (\d+)(?=$|[,: ])", re.ASCII)
_ECHO = re.compile(r"echo (?P<what>request|reply), (?:id (?P<id>\d+), )?seq (?P<seq>\d+)", re.ASCII)
_PORT = re.compile(r"(?P<dst>\S+) (?P<proto>tcp|udp) port (?P<port>[\w-]+) unreachable", re.ASCII)
_PROTOCOL = re.compile(r"(?P<dst>\S+) protocol (?P<number>\d+) unreachable", re.ASCII)
_TOO_LONG = re.compile(r"(?P<dst>\S+) unreachable - need to frag(?: \(mtu (?P<mtu>\d+)\))?", re.ASCII)
_UNREACHABLE = re.compile(r"(?:(?P<what>host|net) )?(?P<dst>\S+) unreachable(?P<why> - [^,]+)?", re.ASCII)
# RFC 792 and RFC 1812, section 5.2.7.1; the words are print-icmp.c's.
_CODES = {
    ("net", ""): 0, ("host", ""): 1, ("", " - source route failed"): 5, ("net", " - unknown"): 6,
    ("host", " - unknown"): 7, ("", " - source host isolated"): 8, ("net", " - admin prohibited"): 9,
    ("host", " - admin prohibited"): 10, ("net", " - tos prohibited"): 11, ("host", " - tos prohibited"): 12,
    ("", " - admin prohibited filter"): 13, ("host", " - admin prohibited filter"): 13,
    ("host", " - host precedence violation"): 14, ("", " - precedence cutoff"): 15,
    ("host", " - precedence cutoff"): 15,
}  # fmt: skip
_TYPES_4 = {
    "time exceeded in-transit": (11, 0), "ip reassembly time exceeded": (11, 1), "source quench": (4, None),
    "router advertisement": (9, None), "router solicitation": (10, None), "parameter problem": (12, None),
    "time stamp query": (13, None), "time stamp reply": (14, None), "address mask request": (17, None),
    "address mask is": (18, None),
}  # fmt: skip
_TYPES_6 = {
    "time exceeded in-transit": (3, 0), "router solicitation": (133, None), "router advertisement": (134, None),
    "neighbor solicitation": (135, None), "neighbor advertisement": (136, None), "redirect": (137, None),
    "multicast listener query": (130, None), "multicast listener report v2": (143, None),
    "multicast listener done": (132, None), "destination unreachable, unreachable route": (1, 0),
    "destination unreachable, unreachable prohibited": (1, 1), "destination unreachable, beyond scope": (1, 2),
    "destination unreachable, unreachable address": (1, 3), "destination unreachable, unreachable port": (1, 4),
}  # fmt: skip
_PORT_6 = re.compile(r"unreachable port, (?P<dst>\S+) (?P<proto>tcp|udp) port (?P<port>[\w-]+)", re.ASCII)
_TOO_BIG_6 = re.compile(r"packet too big, mtu (\d+)", re.ASCII)
_PROTOCOLS = {"tcp": Proto.TCP, "udp": Proto.UDP}
ERRORS_4, ERRORS_6 = (3, 4, 5, 11, 12), (1, 2, 3, 4)


def icmp(row: Row, text: str) -> bool:
    """Read ``ICMP …`` or ``ICMP6, …`` into ``row``; False where the line is neither. Codes it does not tell stay null."""
    if text.startswith("ICMP6, "):
        row["proto"], text = int(Proto.ICMPV6), text[7:]
        reader = _icmp6
    elif text.startswith("ICMP "):
        row["proto"], text = int(Proto.ICMP), text[5:]
        reader = _icmp4
    else:
        return False
    length = _LENGTH.search(text)
    if length is not None and int(length[1]) >= HEADER:
        row["payload_len"] = int(length[1]) - HEADER
    reader(row, text)
    return True


def _icmp4(row: Row, text: str) -> None:
    if echo := _ECHO.match(text):
        _echo(row, echo, 8 if echo["what"] == "request" else 0)
    elif found := _PORT.match(text):
        _error(row, (UNREACHABLE_4, 3), found["dst"], _PROTOCOLS[found["proto"]])
        row["quoted_dport"] = port(found["port"])
    elif found := _PROTOCOL.match(text):
        _error(row, (UNREACHABLE_4, 2), found["dst"], int(found["number"]))
    elif found := _TOO_LONG.match(text):
        _error(row, (UNREACHABLE_4, FRAGMENTATION_NEEDED), found["dst"], None)
        row["icmp_mtu"] = int(found["mtu"]) if found["mtu"] else None
    elif found := _UNREACHABLE.match(text):
        _error(row, (UNREACHABLE_4, _CODES.get((found["what"] or "", found["why"] or ""))), found["dst"], None)
    elif text.startswith("redirect "):
        row["icmp_type"] = 5
    else:
        _by_words(row, text, _TYPES_4)


def _icmp6(row: Row, text: str) -> None:
    if echo := _ECHO.match(text):
        _echo(row, echo, 128 if echo["what"] == "request" else 129)
    elif found := _TOO_BIG_6.match(text):
        row["icmp_type"], row["icmp_mtu"] = PACKET_TOO_BIG_6, int(found[1])
    else:
        _by_words(row, text, _TYPES_6)
        if found := _PORT_6.search(text):
            row["quoted_dst"], row["quoted_proto"] = address(found["dst"]), int(_PROTOCOLS[found["proto"]])
            row["quoted_dport"] = port(found["port"])


def _echo(row: Row, found: re.Match[str], kind: int) -> None:
    row["icmp_type"], row["icmp_seq"] = kind, int(found["seq"])
    row["icmp_id"] = int(found["id"]) if found["id"] else None


def _error(row: Row, kind: tuple[int, int | None], quoted: str, proto: int | None) -> None:
    row["icmp_type"], row["icmp_code"] = kind
    row["quoted_dst"], row["quoted_proto"] = address(quoted), proto


def _by_words(row: Row, text: str, kinds: dict[str, tuple[int, int | None]]) -> None:
    for words, (kind, code) in kinds.items():
        if text.startswith(words):
            row["icmp_type"], row["icmp_code"] = kind, code
            return


def quotes(row: Row) -> bool:
    """Tell whether the line is an ICMP error, under which ``-v`` prints the packet it is about."""
    errors = ERRORS_6 if row.get("proto") == Proto.ICMPV6 else ERRORS_4 if row.get("proto") == Proto.ICMP else ()
    return row.get("icmp_type") in errors


def quoted(row: Row, inner: Row, ends: Ends) -> None:
    """Take the addresses, protocol and ports of the packet an error quotes. Its TCP numbers may be relative."""
    row["quoted_src"], row["quoted_dst"] = inner.get("src"), inner.get("dst")
    row["quoted_proto"] = inner.get("proto")
    if inner.get("proto") in (Proto.TCP, Proto.UDP, Proto.SCTP):
        row["quoted_sport"], row["quoted_dport"] = ends.sport, ends.dport
