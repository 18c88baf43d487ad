"""ICMP errors: which conversation an error is about, by the packet that it quotes.

Behind NAT the error quotes the translated packet, and on its way back the NAT translates the quotation too: an error
belongs to the conversation one of whose address pairs it quotes, and tells nothing of the pair of another time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from captools.correlate.same.flows import Connection
from captools.correlate.same.match import MAX_TRANSIT_NS
from captools.correlate.sightings import ABSENT, Ints, Sightings

_QUOTED = ("quoted_proto", "quoted_src", "quoted_dst", "quoted_sport", "quoted_dport")
_Key = tuple[int, ...]
_Span = tuple[int, int, int, int]  # first and last time, number of the group, way
FORWARD, REPLY = 0, 1
# A router asks three times for an address on its own link, a second apart (Linux: mcast_solicit, retrans_time_ms), before
# it calls the host unreachable; with DELAY and probes of a stale entry it may take longer.
GIVES_UP_NS = 6_000_000_000


@dataclass(frozen=True, slots=True)
class Errors:
    """Parallel arrays: the row of an error, the number of the group it is about, which way the quoted packet went."""

    rows: Ints
    groups: Ints
    ways: Ints

    def about(self, group: int) -> Ints:
        """Return the rows of the errors about one group, in order of the packet table."""
        about: Ints = self.rows[self.groups == group]
        return about


def errors(rows: Sightings, groups: Sequence[Sequence[Connection]], *, times: Ints | None = None) -> Errors:
    """Return the ICMP errors that quote a packet of one of ``groups``, and of one only.

    ``times`` (one per row, in nanoseconds) replaces the stamps where the nodes' clocks are known to differ.
    """
    times = rows["ts_ns"] if times is None else times
    quoting = rows.quoting
    columns = [rows[name][quoting].tolist() for name in _QUOTED]
    keys: list[_Key] = list(zip(*columns, strict=True))
    ends = _ends(rows, groups, times, set(keys)) if keys else {}
    found: list[tuple[int, int, int]] = []
    for row, key in zip(quoting.tolist(), keys, strict=True):
        about = _at(ends.get(key, []), int(times[row]))
        if about is not None:
            found.append((row, *about))
    table = np.array(found, np.int64).reshape(-1, 3)
    return Errors(table[:, 0], table[:, 1], table[:, 2])


def _ends(
    rows: Sightings, groups: Sequence[Sequence[Connection]], times: Ints, wanted: set[_Key]
) -> dict[_Key, list[_Span]]:
    """Return for the quoted ends ``wanted`` the conversations that have them."""
    codes = {text: code for code, text in enumerate(rows.addresses)}
    found: dict[_Key, list[_Span]] = defaultdict(list)
    for number, group in enumerate(groups):
        for one in group:
            flow = one.flow
            src, dst = codes[flow.src], codes[flow.dst]
            sport = ABSENT if flow.sport is None else flow.sport
            dport = ABSENT if flow.dport is None else flow.dport
            ways = (flow.proto, src, dst, sport, dport), (flow.proto, dst, src, dport, sport)
            for way, key in zip((FORWARD, REPLY), ways, strict=True):
                if key in wanted:
                    both = times[np.concatenate([one.forward, one.reply])]
                    found[key].append((int(both.min()), int(both.max()), number, way))
    return found


def _at(candidates: list[_Span], now: int) -> tuple[int, int] | None:
    """Return (group, way) of the one conversation that was going on by then, or had just been; None where several were.

    Echoes are quoted without their id, so that two pings between the same ends cannot be told apart.
    """
    for late in (MAX_TRANSIT_NS, GIVES_UP_NS):
        alive = {(group, way) for first, last, group, way in candidates if first - MAX_TRANSIT_NS <= now <= last + late}
        if alive:
            return alive.pop() if len(alive) == 1 else None
    return None
