"""Units: integer nanoseconds since 1970 inside, RFC 3339 text with nine digits at every edge."""

from __future__ import annotations

from datetime import UTC, datetime

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


def rfc3339(ts_ns: int) -> str:
    """Return ``ts_ns`` as RFC 3339 text in UTC with nine digits.

    >>> rfc3339(1_700_000_000_000_000_001)
    '2023-11-14T22:13:20.000000001Z'
    """
    seconds, rest = divmod(ts_ns, NS_PER_S)
    try:
        day = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        # A damaged record can carry a time beyond the year 9999: say so rather than fail.
        return f"out-of-range:{ts_ns}ns"
    return f"{day:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def from_rfc3339(text: str) -> int:
    """Return nanoseconds since 1970 of an RFC 3339 time; raise ValueError for anything else.

    >>> from_rfc3339("2023-11-14T22:13:20.000000001Z")
    1700000000000000001
    """
    head, dot, tail = text.partition(".")
    if not dot:
        return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) * NS_PER_S
    digits = ""
    while tail and tail[0].isdigit():
        digits, tail = digits + tail[0], tail[1:]
    zone = "+00:00" if tail in ("Z", "z", "") else tail
    whole = int(datetime.fromisoformat(head + zone).timestamp())
    return whole * NS_PER_S + int(digits.ljust(9, "0")[:9])


def duration(ns: int | None) -> str:
    """Return a length of time as people read it, three significant digits.

    >>> duration(17_000), duration(2_340_000), duration(None)
    ('17.0 µs', '2.34 ms', '-')
    """
    if ns is None:
        return "-"
    for unit, size in (("s", NS_PER_S), ("ms", NS_PER_MS), ("µs", NS_PER_US)):
        if abs(ns) >= size:
            value = ns / size
            digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
            return f"{value:.{digits}f} {unit}"
    return f"{ns} ns"


def size(count: int) -> str:
    """Return a number of bytes as people read it.

    >>> size(512), size(2_097_152)
    ('512 B', '2.0 MiB')
    """
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError("unreachable")
