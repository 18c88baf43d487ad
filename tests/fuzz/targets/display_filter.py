"""Any text is a filter over the packet table, or FilterError with a place; nothing else.

What was understood obeys logic: `not` is the opposite, and to ask twice changes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

import atheris
import numpy as np

from captools.views.filter import FIELDS, FilterError, Tables, compile_filter
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.dns import dns_messages
from captools.wire.http import http_heads
from captools.wire.index import read_records
from captools.wire.tls import tls_hellos
from captures import build
from tests.fuzz.frames import stamped, stock

MAX_LEN = 1_024
_VALUES = (
    "0", "1", "80", "-1", "0x10", "4294967296", "99999999999999999999", "1.5", "true", "10.0.1.7", "10.0.0.0/8",
    "10.0.0.0/99", "fd00::7", "fd00::/16", "02:00:00:00:00:01", "02:00", '"GET"', '"a\\x41\\n"', 'r"\\d"', '"("', "'a'",
    '"2023-11-14 22:13:20"', "{1 2 3}", "{1..5, 80}", "{10.0.0.1 .. 10.0.0.9}", '{"a" "b"}', "[0:2]", "[-1:]", "[0]",
    "#1", "#[-1]", "icmp", "tcp", "$x",
)  # fmt: skip
_COMPARISONS = (
    "==", "!=", "===", "!==", "~=", "<", ">", "<=", ">=", "eq", "ne", "lt", "gt", "le", "ge", "&", "in", "not in",
    "contains", "matches", "~",
)  # fmt: skip
_SIGNS = (
    *_COMPARISONS, "&&", "||", "and", "or", "xor", "^^", "not", "!", "any", "all", "(", ")", "lower(", "len(", "upper(",
    "count(", "string(", "max(", ",",
)  # fmt: skip


def seeds() -> Iterator[bytes]:
    """Yield a filter for every field, and one for every form of the grammar."""
    for field in FIELDS:
        yield field.encode()
    for text in (
        "ip.addr == 10.0.0.0/8 && tcp.port in {80, 443, 8000..8100}", "!(arp or icmp) and not udp", "tcp.flags & 0x02",
        'http.host contains "shop" || http.request.method matches "^GET$"', "eth.src[0:3] == 02:00:00",
        "all ip.addr != 10.0.0.1", "any tcp.port > 1024", "ip.src == ip.dst", "frame.len >= 60 and ip.ttl < 2",
        "lower(http.host) == \"a\"", "vxlan.vni == 0x1267", 'frame.time >= "2023-11-14 22:13:20"', "", "tcp.port #1 == 80",
    ):  # fmt: skip
        yield text.encode()


def mutate(data: bytes, size: int, rng: random.Random) -> bytes:
    """Change a word for another of its kind, put one in, take one out; sometimes a byte."""
    if rng.random() < 0.2:
        return atheris.Mutate(data, size)
    parts = data.decode("utf-8", "replace").split(" ")
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        at = rng.randrange(len(parts) + 1)
        word = rng.choice(rng.choice((_VALUES, _SIGNS, tuple(FIELDS), (*parts, "not"))))
        way = rng.randrange(5)
        if way == 0 and at < len(parts):
            del parts[at]
        elif way == 1 and at < len(parts):
            parts[at] = word
        elif way == 2:
            parts = ["(", *parts, ")", rng.choice(("and", "or", "xor")), *rng.choice((parts, [word]))]
        elif way == 3:
            parts.insert(at, word)
        else:
            asked = (rng.choice(tuple(FIELDS)), rng.choice(_COMPARISONS), rng.choice(_VALUES))
            parts = [*parts, rng.choice(("and", "or")), *asked] if parts != [""] else list(asked)
        parts = parts[:200] or [word]
    return " ".join(parts).encode("utf-8", "replace")[:size]


def check(data: bytes) -> None:
    """Understand and apply a filter."""
    text = data.decode("utf-8", "replace")
    try:
        found = compile_filter(text)
    except FilterError:
        return
    mask = np.asarray(found.mask(tables()).to_pylist())
    assert len(mask) == len(tables().packets) and mask.dtype == np.bool_
    if text.strip():
        opposite = compile_filter(f"not ({text})").mask(tables()).to_pylist()
        assert (np.asarray(opposite) == ~mask).all(), "`not` is not the opposite"
        twice = compile_filter(f"({text}) and ({text})").mask(tables()).to_pylist()
        assert (np.asarray(twice) == mask).all(), "asked twice it says something else"


@cache
def tables() -> Tables:
    """Return the tables of a small capture with one frame of each kind."""
    data = build.pcap(stamped(stock()))
    records, view = read_records(data, "fuzz"), BytesView(data)
    packets = decode(view, records, Naming(source="fuzz", points=("n/0",)))
    return Tables(
        packets=packets, http=http_heads(view, records, packets), tls=tls_hellos(view, records, packets),
        dns=dns_messages(view, records, packets),
    )  # fmt: skip
