"""Units: integer nanoseconds since 1970 inside, RFC 3339 text with nine digits at every edge."""

from __future__ import annotations

import re
from datetime import UTC, datetime

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000

# RFC 3339, section 5.6; digits beyond the ninth are dropped.
_RFC3339 = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d:\d\d)(\.(?P<rest>\d+))?(?P<zone>[Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)


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
    return f"{day.isoformat()[:19]}.{rest:09d}Z"  # strftime does not pad years before 1000


def from_rfc3339(text: str) -> int:
    """Return nanoseconds since 1970 of an RFC 3339 time; raise ValueError for anything else.

    >>> from_rfc3339("2023-11-14T22:13:20.000000001Z")
    1700000000000000001
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not an RFC 3339 time such as 2023-11-14T22:13:20.5Z")
    zone = "+00:00" if found["zone"] in "Zz" else found["zone"]
    whole = datetime.fromisoformat(f"{found['day']}T{found['time']}{zone}")
    since = whole - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * NS_PER_S + int((found["rest"] or "").ljust(9, "0")[:9])


def duration(ns: int | None) -> str:
    """Return a length of time as people read it, three significant digits.

    >>> duration(17_000), duration(2_340_000), duration(None)
    ('17.0 µs', '2.34 ms', '-')
    """
    if ns is None:
        return "-"
    for unit, size in (("s", NS_PER_S), ("ms", NS_PER_MS), ("µs", NS_PER_US)):
        rounded = abs(float(f"{ns / size:.3g}"))  # 999.9 µs reads 1.00 ms
        if rounded >= 1:
            digits = 2 if rounded < 10 else 1 if rounded < 100 else 0
            return f"{ns / size:.{digits}f} {unit}"
    return f"{ns} ns"


_LENGTH = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d+)(\.(?P<rest>\d+))? ?(?P<unit>ns|us|µs|ms|s|min|h)", re.ASCII)
_UNITS = {
    "ns": 1,
    "us": NS_PER_US,
    "µs": NS_PER_US,
    "ms": NS_PER_MS,
    "s": NS_PER_S,
    "min": 60 * NS_PER_S,
    "h": 3600 * NS_PER_S,
}


def from_duration(text: str) -> int:
    """Return the nanoseconds of a length of time with sign and unit; raise ValueError for anything else.

    >>> from_duration("+250ms"), from_duration("-1.5 s"), from_duration("10min")
    (250000000, -1500000000, 600000000000)
    """
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a length of time such as +250ms, -5s or 10min")
    unit, rest = _UNITS[found["unit"]], found["rest"] or ""
    part = int((rest + "000000000000000")[:15]) * unit // 10**15
    length: int = int(found["whole"]) * unit + part
    return -length if found["sign"] == "-" else length


def size(count: int) -> str:
    """Return a number of bytes as people read it.

    >>> size(512), size(2_097_152)
    ('512 B', '2.0 MiB')
    """
    if count < 1024:
        return f"{count} B"
    value, unit = count / 1024, "KiB"
    for larger in ("MiB", "GiB"):
        if value < 1023.95:  # 1024.0 KiB reads 1.0 MiB
            break
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}"
