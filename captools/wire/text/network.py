"""The network layer of a line: ``IP a.p > b.p: ``, with the header in brackets that ``-v`` puts in front."""

from __future__ import annotations

import re
from dataclasses import dataclass

from captools.model.packets import DecodeStop, EtherType, Proto, Tunnel
from captools.wire.text.names import port
from captools.wire.text.table import Row, address

_KEYWORD = re.compile(
    r"IP(?P<six>6?) (?:truncated-ip6? - \d+ bytes missing! ?)?(?: ?\[[^\]]{0,80}\] \(invalid\) ?)?", re.ASCII
)
_ENDS = re.compile(r"(?P<src>\S+) > (?P<dst>\S+):(?: |$)", re.ASCII)
_V4 = re.compile(r"^(\d{1,3}(?:\.\d{1,3}){3})(?:\.(.+))?$", re.ASCII)
_EXTENSION = re.compile(r"(?:(?:HBH|DSTOPT|srcrt)(?: ?\([^()]*\))*|AH\([^()]*\)):? ", re.ASCII)
_FRAGMENT = re.compile(
    r"frag \((?:0x[0-9a-f]+:)?(?P<offset>\d+)\|\d+\) ?(?:(?P<sport>\S+) > (?P<dport>\S+): )?", re.ASCII
)
_PROTOCOL = r"(?:proto|next-header) [^()]{1,40}\((\d+)\)"


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends as they are printed, their ports, and what follows the colon."""

    src: str
    dst: str
    sport: int | None
    dport: int | None
    rest: str

    @property
    def pair(self) -> tuple[str, str]:
        """Both ends as printed: the name of a direction of a connection."""
        return self.src, self.dst


def network(row: Row, text: str) -> Ends | None:
    """Read the network layer into ``row``; None where the line has no ``a > b:``."""
    keyword = _KEYWORD.match(text)
    if keyword is not None:
        text = text[keyword.end() :]
    text = text.lstrip()
    header = ""
    if text.startswith("("):
        header, text = _bracketed(text)
    found = _ENDS.match(text)
    if found is None:
        return None
    src, sport = _end(found["src"])
    dst, dport = _end(found["dst"])
    row["src"], row["dst"] = address(src), address(dst)
    if keyword is not None:
        row["ip_version"] = 6 if keyword["six"] else 4
    elif row["src"] is not None or row["dst"] is not None:
        row["ip_version"] = 6 if ":" in (src if row["src"] is not None else dst) else 4
    version = row.get("ip_version")
    if version is not None and row["tunnel"] in (Tunnel.NONE, Tunnel.VXLAN):  # others may carry IP without a type
        row.setdefault("ethertype", int(EtherType.IPV6 if version == 6 else EtherType.IPV4))
    if header:
        (_header6 if version == 6 else _header4)(row, header)
    rest = text[found.end() :]
    if version == 6:
        rest, sport, dport = _extensions(row, rest, sport, dport)
    return Ends(found["src"], found["dst"], sport, dport, rest)


def begins(text: str) -> bool:
    """Tell whether a text begins with a network layer of its own: ``-e`` leaves the word IP out."""
    if text.startswith(("IP ", "IP6 ", "(tos 0x", "(class 0x", "(flowlabel 0x", "(hlim ")):
        return True
    found = _ENDS.match(text)
    return found is not None and all(address(_end(found[end])[0]) is not None for end in ("src", "dst"))


def _bracketed(text: str) -> tuple[str, str]:
    """Split ``(tos 0x0, … proto TCP (6) …) rest`` at the bracket that closes the first."""
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:at], text[at + 1 :].lstrip()
    return "", text


def _end(text: str) -> tuple[str, int | None]:
    """Split ``10.0.0.1.80``, ``fe80::1.80`` or ``name.http`` into address or name, and port."""
    v4 = _V4.match(text)
    if v4 is not None:
        return v4[1], port(v4[2]) if v4[2] else None
    if ":" in text and address(text) is not None:
        return text, None
    host, dot, last = text.rpartition(".")
    number = port(last) if dot else None
    return (text, None) if number is None else (host, number)


def _number(pattern: str, header: str, base: int = 10) -> int | None:
    found = re.search(pattern, header, re.ASCII)
    return int(found[1], base) if found else None


def _class(row: Row, value: int) -> None:
    row["dscp"], row["ecn"] = value >> 2, value & 3


def _header4(row: Row, header: str) -> None:
    """Read ``tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60`` (print-ip.c)."""
    tos = _number(r"tos 0x([0-9a-f]{1,2})\b", header, 16)
    if tos is not None:
        _class(row, tos)
    row["ttl"], row["ip_id"] = _number(r"\bttl (\d+)", header), _number(r"\bid (\d+)", header)
    row["ip_len"] = _number(r"\blength (\d+)", header)
    row["proto"] = _number(_PROTOCOL, header)
    row["frag_offset"] = _number(r"\boffset (\d+)", header)
    flags = re.search(r"flags \[([^\]]*)\]", header)
    if flags:
        row["dont_fragment"], row["more_fragments"] = "DF" in flags[1], "+" in flags[1]
    if row["frag_offset"]:
        row["decode_stop"] = DecodeStop.FRAGMENT.value


def _header6(row: Row, header: str) -> None:
    """Read ``flowlabel 0x1, hlim 64, next-header TCP (6), payload length 40`` (print-ip6.c, with its older colon)."""
    _class(row, _number(r"\bclass 0x([0-9a-f]{1,2})\b", header, 16) or 0)  # printed where it is not zero
    row["ttl"] = _number(r"\bhlim (\d+)", header)
    row["proto"] = _number(_PROTOCOL, header)
    length = _number(r"payload length:? (\d+)", header)
    row["ip_len"] = length + 40 if length else None  # 0: a super-frame, whose length the header does not tell


def _extensions(row: Row, rest: str, sport: int | None, dport: int | None) -> tuple[str, int | None, int | None]:
    """Pass extension headers; a fragment header repeats the ports without their addresses."""
    while True:
        if fragment := _FRAGMENT.match(rest):
            row["frag_offset"] = int(fragment["offset"])
            row.pop("proto", None)
            if row["frag_offset"]:
                row["decode_stop"] = DecodeStop.FRAGMENT.value
            if fragment["sport"]:
                sport, dport = port(fragment["sport"]), port(fragment["dport"])
            return rest[fragment.end() :], sport, dport
        extension = _EXTENSION.match(rest)
        if extension is None:
            return rest, sport, dport
        row.pop("proto", None)  # that was the extension's number
        if rest.startswith("AH"):
            row["proto"] = int(Proto.AH)
        rest = rest[extension.end() :]
