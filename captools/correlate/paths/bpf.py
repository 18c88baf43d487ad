"""Would a capture filter have let this packet by? The plain primitives of pcap-filter(7), and no guess at the others.

Answers are True, False, or None where the filter uses what is not read here (``vlan``, byte slices, ``portrange`` of
names …) or asks what is not known of the packet.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from captools.model.addresses import contains, network
from captools.model.packets import Proto

Answer = bool | None
_TOKEN = re.compile(r"\(|\)|&&|\|\||!(?!=)|[^\s()!&|]+|\S")
_PROTOS = {"tcp": Proto.TCP, "udp": Proto.UDP, "icmp": Proto.ICMP, "icmp6": Proto.ICMPV6, "sctp": Proto.SCTP,
           "esp": Proto.ESP, "ah": Proto.AH}  # fmt: skip
_FAMILIES = {"ip": 4, "ip6": 6}
_DIRECTIONS = ("src", "dst")
_KINDS = ("host", "net", "port", "portrange", "proto")
_NAMED_PORTS = {"http": 80, "https": 443, "domain": 53, "ssh": 22}  # as in any /etc/services


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a filter sees of a packet at a point: its first IP header and ports; None for a port that is not known.

    Of an ARP packet ``src`` and ``dst`` are the addresses that it carries, which ``host`` and ``net`` look at too.
    """

    src: str
    dst: str
    proto: int
    sport: int | None = None
    dport: int | None = None
    arp: bool = False

    @property
    def version(self) -> int:
        """IP version; 0 for ARP."""
        return 0 if self.arp else 6 if ":" in self.src else 4


class _Unread(Exception):
    """The filter is beyond what is read here."""


def passes(expression: str, header: Header) -> Answer:
    """Tell whether a capture filter lets a packet by; None where that cannot be told. An empty filter passes all."""
    tokens = _TOKEN.findall(expression)
    if not tokens:
        return True
    try:
        reader = _Reader(tokens, header)
        answer = reader.either()
        return answer if reader.at == len(tokens) else None
    except _Unread:
        return None


def _not(one: Answer) -> Answer:
    return None if one is None else not one


def _and(one: Answer, other: Answer) -> Answer:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _or(one: Answer, other: Answer) -> Answer:
    return _not(_and(_not(one), _not(other)))


class _Reader:
    """Recursive descent; "and" and "or" bind alike and from the left in pcap-filter(7)."""

    def __init__(self, tokens: list[str], header: Header) -> None:
        self.tokens, self.header, self.at = tokens, header, 0
        self.qualifiers: tuple[str, ...] = ()  # of the primitive before: "port 80 or 443"

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        if self.at >= len(self.tokens):
            raise _Unread
        self.at += 1
        return self.tokens[self.at - 1]

    def either(self) -> Answer:
        found = self.negated()
        while self.peek() in ("and", "&&", "or", "||"):
            join: Callable[[Answer, Answer], Answer] = _and if self.take() in ("and", "&&") else _or
            found = join(found, self.negated())
        return found

    def negated(self) -> Answer:
        if self.peek() in ("not", "!"):
            self.take()
            return _not(self.negated())
        if self.peek() == "(":
            self.take()
            found = self.either()
            if self.take() != ")":
                raise _Unread
            return found
        return self.primitive()

    def primitive(self) -> Answer:
        words: list[str] = []
        while self.peek() in (*_PROTOS, *_FAMILIES, *_DIRECTIONS, *_KINDS, "arp"):
            word = self.take()
            words.append(word)
            if (
                word in _DIRECTIONS
                and self.peek() in ("or", "and")
                and self.tokens[self.at + 1 : self.at + 2] == ["dst"]
            ):
                words[-1] = f"{word} {self.take()} {self.take()}"
        if self.peek() in ("", ")", "and", "or", "&&", "||"):
            if not words:
                raise _Unread
            return self._protocol(words)
        if not words:  # a bare value takes the qualifiers of the one before
            words = list(self.qualifiers)
        if not words:
            words = ["host"]
        self.qualifiers = tuple(words)
        return self._value(words, self.take())

    def _protocol(self, words: list[str]) -> Answer:
        found: Answer = True
        for word in words:
            if word == "arp":
                found = _and(found, self.header.arp)
            elif word in _FAMILIES:
                found = _and(found, self.header.version == _FAMILIES[word])
            elif word in _PROTOS:
                found = _and(found, self.header.proto == _PROTOS[word])
            else:
                raise _Unread
        return found

    def _value(self, words: list[str], value: str) -> Answer:
        kind = next((word for word in words if word in _KINDS), "host")
        ways = [word for word in words if word.partition(" ")[0] in _DIRECTIONS]
        found = self._protocol([word for word in words if word in _PROTOS or word in _FAMILIES or word == "arp"])
        if kind == "proto":
            number = _PROTOS.get(value, int(value) if value.isdecimal() else None)
            if number is None:
                raise _Unread
            return _and(found, self.header.proto == number)
        one, other = self._ends(kind, value)
        both = " ".join(ways)
        picked = {"src": one, "dst": other, "src and dst": _and(one, other)}.get(both)
        if both in ("", "src or dst"):
            picked = _or(one, other)
        elif both not in ("src", "dst", "src and dst"):
            raise _Unread
        return _and(found, picked)

    def _ends(self, kind: str, value: str) -> tuple[Answer, Answer]:
        """Return the answers for the source and for the destination."""
        if kind in ("port", "portrange"):
            first, _, last = value.partition("-")
            low, high = _port(first), _port(last or first)
            if self.header.proto not in (Proto.TCP, Proto.UDP, Proto.SCTP):
                return False, False
            ports = self.header.sport, self.header.dport
            one, other = (None if port is None else low <= port <= high for port in ports)
            return one, other
        try:
            network(value)
        except ValueError:  # a name, or one of the short forms of a network
            raise _Unread from None
        return contains(value, self.header.src), contains(value, self.header.dst)


def _port(text: str) -> int:
    if text.isdecimal():
        return int(text)
    if text in _NAMED_PORTS:
        return _NAMED_PORTS[text]
    raise _Unread
