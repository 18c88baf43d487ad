"""Records: where each captured frame lies in its file, with its times and lengths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from captools.wire.bytesview import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One interface of a capture file (pcap has one; pcapng one per description block)."""

    linktype: int
    snaplen: int
    name: str = ""
    filter: str = ""
    dropped: int | None = None  # packets dropped, from an interface statistics block


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The index of a capture file: arrays of one entry per frame, in file order.

    ``offset`` is the first captured byte in the file; ``interface`` indexes ``interfaces``. ``damage`` is
    a sentence on where and how the file ends early, or the empty string.
    """

    offset: Ints
    cap_len: Ints
    wire_len: Ints
    ts_ns: Ints
    interface: Ints
    interfaces: tuple[Interface, ...]
    damage: str = ""

    def __len__(self) -> int:
        return len(self.offset)


def empty(interfaces: tuple[Interface, ...], damage: str = "") -> Records:
    """Return an index without records."""
    none = np.empty(0, np.int64)
    return Records(
        offset=none,
        cap_len=none,
        wire_len=none,
        ts_ns=none,
        interface=none,
        interfaces=interfaces,
        damage=damage,
    )
