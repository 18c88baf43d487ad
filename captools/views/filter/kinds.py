"""What kinds of values fields hold, and which of them can be compared."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """The kind of a field's values. Addresses are 16 bytes each (IPv4 mapped), hardware addresses six."""

    NUMBER = "number"
    FLAG = "yes or no"
    IPV4 = "IPv4 address"
    IPV6 = "IPv6 address"
    ADDRESS = "IP address"  # of either version
    MAC = "hardware address"
    BYTES = "bytes"
    TEXT = "text"
    EPOCH = "seconds since 1970"  # nanoseconds inside, as in the two below
    TIME = "time of day"
    DURATION = "seconds"
    LAYER = "protocol"


ADDRESSES = frozenset({Kind.IPV4, Kind.IPV6, Kind.ADDRESS})
TIMES = frozenset({Kind.EPOCH, Kind.TIME})
WIDTH = {Kind.MAC: 6, Kind.IPV4: 4, Kind.IPV6: 16}  # bytes that a slice counts in


def comparable(one: Kind, other: Kind) -> bool:
    """Tell whether values of these kinds can be compared with each other."""
    if one is other:
        return one is not Kind.LAYER
    both = {one, other}
    return both <= TIMES or (Kind.ADDRESS in both and both <= ADDRESSES) or both == {Kind.MAC, Kind.BYTES}
