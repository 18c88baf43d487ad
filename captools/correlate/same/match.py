"""Same packet: which sightings at different points are one packet, and how surely.

Two sightings match when every innermost header field that no router, tunnel or tap may change is equal (see
captools.correlate.same.prints). TTL, DSCP, ECN, checksums and everything outer may differ. Equal headers far apart in
time, twice at one place, or with a TTL that rose again are different packets: a retransmission with the same IP id, a
repeated query, a second run of the same pings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from captools.correlate.same import split
from captools.correlate.same.places import nodes, places
from captools.correlate.same.prints import Prints, fingerprint, told_apart_by_payload
from captools.correlate.same.sure import CONFIDENCES, POSSIBLE, PROVEN, Levels, levels
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.evidence import Confidence

MAX_TRANSIT_NS = 2_000_000_000  # a packet that takes longer through the cluster is a new one to us
METHODS = ("exact", "nat-invariant")


@dataclass(frozen=True, slots=True)
class Matches:
    """``ids``: for each row the number of its packet, ABSENT for rows that are no IP packet.

    Per packet number: ``methods`` (index into METHODS) and ``levels`` (index into CONFIDENCES); a packet with one
    sighting is proven, there being nothing to doubt.
    """

    ids: Ints
    methods: npt.NDArray[np.int8]
    levels: Levels

    @property
    def count(self) -> int:
        """How many packets there are."""
        return len(self.levels)

    def method(self, number: int) -> str:
        """Return by what the sightings of a packet were matched."""
        return METHODS[int(self.methods[number])]

    def confidence(self, number: int) -> Confidence:
        """Return how sure it is that the sightings of a packet are one packet."""
        return CONFIDENCES[int(self.levels[number])]


def match(rows: Sightings, prints: Prints | None = None, *, times: Ints | None = None) -> Matches:
    """Number the packets of ``rows``: sightings with one number are one packet.

    ``prints`` defaults to :func:`fingerprint`; rows with print 0 or without an IP header stay ABSENT. ``times`` (one
    per row, in nanoseconds) replaces the stamps where the nodes' clocks are known to differ.
    """
    times = rows["ts_ns"] if times is None else times
    prints = told_apart_by_payload(rows, fingerprint(rows) if prints is None else prints)
    return number(rows, prints, places(rows), times, METHODS.index("exact"))


def number(rows: Sightings, prints: Prints, place: Ints, times: Ints, method: int) -> Matches:
    """Number the packets of equal ``prints``; ``place`` says for each row where its packet can be seen only once."""
    ids = np.full(len(rows), ABSENT, np.int64)
    live = np.flatnonzero((rows["src"] != ABSENT) & (prints != 0))
    if not len(live):
        return Matches(ids, np.empty(0, np.int8), np.empty(0, np.int8))
    order = live[np.lexsort((times[live], prints[live]))]
    new = np.ones(len(order), np.bool_)
    new[1:] = (np.diff(prints[order]) != 0) | (np.diff(times[order]) > MAX_TRANSIT_NS)
    group = np.cumsum(new) - 1
    doubtful = np.zeros(len(order), np.bool_)
    shared = np.flatnonzero(~(new & np.r_[new[1:], True]))  # a packet with one sighting contradicts nothing
    if len(shared):
        columns = _columns(rows, place, times, order[shared])
        doubtful[shared] = np.isin(group[shared], split.contradicting(group[shared], *columns))
    if doubtful.any():
        parts = split.cut(group[doubtful], *_columns(rows, place, times, order[doubtful]))
        new[doubtful] = np.r_[True, np.diff(parts) != 0]
        # Parts of one group lie together and in order, so that numbering anew keeps all other groups.
        group = np.cumsum(new) - 1
    ids[order] = group
    starts = np.flatnonzero(new)
    sure = levels(rows, order[starts])
    sure[doubtful[starts]] = POSSIBLE
    sure[np.diff(np.r_[starts, len(order)]) == 1] = PROVEN
    return Matches(ids, np.full(len(starts), method, np.int8), sure)


def _columns(rows: Sightings, place: Ints, times: Ints, of: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Return (place and source, node, TTL, IP id, time) of some rows."""
    seen_once = place[of] * (len(rows.sources) + 1) + rows["source"][of]
    return seen_once, nodes(rows)[of], rows["ttl"][of], rows["ip_id"][of], times[of]
