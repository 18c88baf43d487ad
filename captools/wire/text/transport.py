"""TCP, UDP and what else follows ``a > b: `` (print-tcp.c, print-udp.c)."""

from __future__ import annotations

import re

from captools.model.packets import DecodeStop, Proto, TcpFlag
from captools.wire.text.icmp import icmp
from captools.wire.text.names import PROTOCOLS
from captools.wire.text.network import Ends
from captools.wire.text.sequence import Sequences
from captools.wire.text.table import Row

_PORTED = (Proto.TCP, Proto.UDP, Proto.UDPLITE, Proto.SCTP)
ACCURATE_ECN = 0x100  # the bit that tcpdump 5.0 prints as "e" (RFC 9768)
FLAG_LETTERS = {"F": TcpFlag.FIN, "S": TcpFlag.SYN, "R": TcpFlag.RST, "P": TcpFlag.PSH, ".": TcpFlag.ACK,
            "U": TcpFlag.URG, "E": TcpFlag.ECE, "W": TcpFlag.CWR, "e": ACCURATE_ECN}  # fmt: skip
_CHECKSUM = re.compile(r"(?:\[(?:bad )?[\w ]*(?:cksum|sum)[^\]]{0,60}\] )+", re.ASCII)
_FLAGS = re.compile(r"Flags \[(?P<flags>none|[FSRP.UEWe]*)\](?=[, ]|$)", re.ASCII)
_NUMBERS = {name: re.compile(rf", {name} (\d+)", re.ASCII) for name in ("seq", "ack", "win")}
_OPTIONS = {"mss": re.compile(r"\bmss (\d+)", re.ASCII), "wscale": re.compile(r"\bwscale (\d+)", re.ASCII)}
_STAMPS = re.compile(r"\bTS val (\d+) ecr (\d+)", re.ASCII)
_SACK = re.compile(r"\bsack \d+ ((?:\{\d+:\d+\})+)", re.ASCII)
_LENGTH = re.compile(r", length (\d+)", re.ASCII)
_QUIET = re.compile(r"tcp (\d+)(?=$|[ ,])", re.ASCII)
_UDP = re.compile(r"UDP, (?:bad )?length (\d+)", re.ASCII)
# A DNS line ends with the length of the message: 22836+ [1au] A? www.example.org. (56)
_DNS = re.compile(r"\d+(?: |[+*|$%-]|update|stat|notify|op\d).*\((\d+)\)$", re.ASCII)
_CUT = re.compile(r"\[\|(?P<what>\w+)\]", re.ASCII)
_NUMBERED = re.compile(r"ip-proto-(\d+)", re.ASCII)
_NAMES = {"tcp": Proto.TCP, "udp": Proto.UDP, "icmp": Proto.ICMP, "icmp6": Proto.ICMPV6, "sctp": Proto.SCTP}


def without_checksum(text: str) -> str:
    """Return a layer's text without the ``[udp sum ok] `` that ``-v`` puts in front."""
    found = _CHECKSUM.match(text)
    return text[found.end() :] if found else text


def transport(row: Row, ends: Ends, sequences: Sequences) -> bool:
    """Read the transport layer into ``row``; False where the line says nothing that is known here."""
    text = without_checksum(ends.rest).lstrip()
    later = row.get("decode_stop") == DecodeStop.FRAGMENT
    understood = icmp(row, text)
    if not understood and not later:
        understood = _tcp(row, text, ends, sequences) or _cut(row, text)
    understood = understood or _by_name(row, text)
    if not understood and not later and row.get("proto") in (None, Proto.UDP) and None not in (ends.sport, ends.dport):
        row["proto"] = int(Proto.UDP)  # tcpdump prints ports in front of TCP, SCTP, DCCP and UDP; the others are known
        _udp(row, text)
        understood = True
    if row.get("proto") in _PORTED and not later:
        row["sport"], row["dport"] = ends.sport, ends.dport
    if row.get("more_fragments") or row.get("frag_offset") is not None and row.get("ip_version") == 6:
        row.pop("payload_len", None)  # the length printed is that of the whole datagram
    return understood or later or row.get("proto") is not None


def _tcp(row: Row, text: str, ends: Ends, sequences: Sequences) -> bool:
    quiet = _QUIET.match(text)
    if quiet is not None:
        row["proto"], row["payload_len"] = int(Proto.TCP), int(quiet[1])
        return True
    found = _FLAGS.match(text)
    if found is None:
        return False
    letters = "" if found["flags"] == "none" else found["flags"]
    flags = sum({int(FLAG_LETTERS[letter]) for letter in letters})
    row["proto"], row["tcp_flags"] = int(Proto.TCP), flags
    length = _LENGTH.search(text)
    head = text[: length.start()] if length else text  # what follows is the payload's own text
    row["payload_len"] = int(length[1]) if length else None
    numbers = {name: _first(pattern, head) for name, pattern in _NUMBERS.items()}
    row["window"] = numbers["win"]
    syn = bool(flags & TcpFlag.SYN)
    row["seq"], row["ack"] = sequences.numbers(ends.pair, numbers["seq"], numbers["ack"], syn=syn)
    _options(row, head.partition(" options [")[2], ends, sequences)
    if "[|tcp]" in head:
        row["decode_stop"] = DecodeStop.TRUNCATED.value
    return True


def _options(row: Row, text: str, ends: Ends, sequences: Sequences) -> None:
    for name, pattern in _OPTIONS.items():
        row[name] = _first(pattern, text)
    if stamps := _STAMPS.search(text):
        row["tsval"], row["tsecr"] = int(stamps[1]), int(stamps[2])
    if sack := _SACK.search(text):
        edges = [sequences.edge(ends.pair, int(number)) for number in re.findall(r"\d+", sack[1], re.ASCII)]
        row["sack"] = edges if None not in edges else None


def _first(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return int(found[1]) if found else None


def _udp(row: Row, text: str) -> None:
    found = _UDP.match(text) or _DNS.match(text)
    row["payload_len"] = int(found[1]) if found else None


def _cut(row: Row, text: str) -> bool:
    """``[|tcp]``: the capture ends within that header."""
    found = _CUT.match(text)
    if found is None:
        return False
    row.setdefault("proto", _NAMES.get(found["what"]))
    row["decode_stop"] = DecodeStop.TRUNCATED.value
    return True


def _by_name(row: Row, text: str) -> bool:
    numbered = _NUMBERED.match(text)
    if numbered is not None or text.strip() in _NAMES:
        row["proto"] = int(numbered[1]) if numbered else int(_NAMES[text.strip()])
        if row["proto"] in _NAMES.values():  # only a later fragment of these is printed so
            row["decode_stop"] = DecodeStop.FRAGMENT.value
        return True
    for words, proto in PROTOCOLS.items():
        if text.startswith(words):
            row["proto"] = int(proto)
            return True
    return False
