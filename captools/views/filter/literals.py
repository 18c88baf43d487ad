"""Values as people write them in a filter, read as the kind of the field they are compared with.

Every reader raises ValueError with a sentence that fits behind "`VALUE` ".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from ipaddress import IPv4Address, ip_address, ip_network

from captools.model.addresses import V4_PREFIX, to_bytes
from captools.model.units import NS_PER_S, from_rfc3339
from captools.views.filter.kinds import ADDRESSES, Kind
from captools.views.filter.registry import Field

_YES = {"1": True, "true": True, "set": True, "0": False, "false": False, "not set": False}
_SEPARATED = re.compile(r"[0-9A-Fa-f]{1,2}(?:([:.-])[0-9A-Fa-f]{1,2}(?:\1[0-9A-Fa-f]{1,2})*)?")
_RUN = re.compile(r"(?:0x)?((?:[0-9A-Fa-f]{2})+)")
_CISCO = re.compile(r"[0-9A-Fa-f]{4}(?:\.(?:[0-9A-Fa-f]{4}|[0-9A-Fa-f]{2}))+")
_SECONDS = re.compile(r"[-+]?\d{1,12}(?:\.\d{0,9})?|[-+]?\.\d{1,9}", re.ASCII)
_MAC_BYTES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Net:
    """The addresses from ``low`` to ``high``, both included: a prefix such as 172.20.0.0/16."""

    low: bytes
    high: bytes


class NotKept(ValueError):
    """A value that a field can have and that our tables leave out."""


Value = int | bool | str | bytes | Net


def value_of(text: str, quoted: bool, kind: Kind, field: Field, *, letter: bool = False) -> Value:
    """Return the value that ``text`` means for a field of this kind; ValueError says what it is not.

    ``letter``: it stood in single quotes, and is a letter's number where a number is wanted.
    """
    if kind is Kind.NUMBER:
        return _number(text, letter, field)
    if kind is Kind.FLAG:
        return _flag(text)
    if kind in ADDRESSES:
        return _address(text, kind)
    if kind is Kind.MAC:
        return _exactly(octets(text), _MAC_BYTES)
    if kind is Kind.BYTES:
        return text.encode("latin-1", "replace") if quoted else octets(text)
    if kind is Kind.EPOCH or kind is Kind.DURATION:
        return seconds(text)
    if kind is Kind.TIME:
        return _time(text)
    return text


def number(text: str) -> int:
    """Return a whole number: decimal, 0x hexadecimal, 0b binary, or octal with a 0 before it."""
    sign, digits = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
    try:
        if not digits.isascii() or "_" in digits or len(digits) > BITS:
            raise ValueError(digits)
        octal = digits.startswith("0") and digits.isdigit()
        return sign * int(digits, 8 if octal else 0 if digits[:1] == "0" else 10)
    except ValueError:
        raise ValueError("is not a whole number such as 80, 0x50 or 0b1010000") from None


BITS = 66  # "0b" and 64 of them: the longest number


def _number(text: str, letter: bool, field: Field) -> int:
    if text in field.words:
        return int(field.words[text])
    found = ord(text) if letter and len(text) == 1 else number(text)
    if not field.least <= found <= field.most:
        raise ValueError(f"does not fit: {field.name} is from {field.least:,} to {field.most:,}")
    if field.known and found not in field.known:
        raise NotKept(f"is not kept: of {field.name} the table has {' and '.join(field.known.values())} only")
    return found


def _flag(text: str) -> bool:
    if text.lower() in _YES:
        return _YES[text.lower()]
    try:
        return number(text) != 0
    except ValueError:
        raise ValueError("is neither 1 nor 0 (or True, False)") from None


def _address(text: str, kind: Kind) -> bytes | Net:
    try:
        if "%" in text:
            raise ValueError(text)
        if "/" not in text:
            one = ip_address(text)
            four, found = isinstance(one, IPv4Address), to_bytes(text)
        else:
            if not text.partition("/")[2].isdecimal():
                raise ValueError(text)
            net = ip_network(text, strict=False)
            four = isinstance(net.network_address, IPv4Address)
            low, high = net.network_address.packed, net.broadcast_address.packed
            prefix = V4_PREFIX if four else b""
            if (kind is Kind.IPV4) is four or kind is Kind.ADDRESS:
                return Net(low=prefix + low, high=prefix + high)
    except ValueError:
        example = "fe80::1 or fd00::/8" if kind is Kind.IPV6 else "172.20.0.88 or 172.20.0.0/16"
        raise ValueError(f"is not an address such as {example} (names are not looked up)") from None
    if kind is not Kind.ADDRESS and (kind is Kind.IPV4) is not four:
        raise ValueError(f"is not an {kind.value}; use {'ip' if four else 'ipv6'}.addr for it")
    return found


def octets(text: str) -> bytes:
    """Return bytes written as ``08:00:27``, ``08-00-27``, ``08.00.27``, ``0800.2701.0203``, ``080027`` or ``0x08``."""
    if _CISCO.fullmatch(text):
        return bytes.fromhex(text.replace(".", ""))
    if _SEPARATED.fullmatch(text):
        return bytes(int(one, 16) for one in re.split(r"[:.-]", text))
    run = _RUN.fullmatch(text)
    if run is None:
        raise ValueError("is not bytes such as 08:00:27")
    return bytes.fromhex(run[1])


def _exactly(found: bytes, width: int) -> bytes:
    if len(found) != width:
        raise ValueError(f"has {len(found)} bytes, where {width} are needed; a part is compared as in eth.src[0:3]")
    return found


def seconds(text: str) -> int:
    """Return nanoseconds from seconds with up to nine digits behind the point."""
    try:
        if not _SECONDS.fullmatch(text):
            raise ValueError(text)
        return int(Decimal(text) * NS_PER_S)
    except (ValueError, InvalidOperation):
        raise ValueError("is not a number of seconds such as 0.25") from None


def _time(text: str) -> int:
    try:
        return from_rfc3339(text.replace(" ", "T", 1))
    except (ValueError, OverflowError):
        raise ValueError('is not a time with its zone, such as "2026-11-20T10:15:00Z"') from None
