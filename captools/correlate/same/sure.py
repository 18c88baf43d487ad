"""How surely a fingerprint names one packet: by numbers that nobody repeats, by chance only, or not at all.

IP ids count only where they vary: Linux sends SYN-ACKs and unconnected UDP with id 0 (RFC 6864 allows it for whole
datagrams that must not be fragmented), IPv6 has none, and some stacks always send the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from captools.correlate.same.prints import captured_payload
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.evidence import Confidence
from captools.model.packets import Proto

Levels = npt.NDArray[np.int8]
CONFIDENCES = (Confidence.POSSIBLE, Confidence.LIKELY, Confidence.PROVEN)  # by level
POSSIBLE, LIKELY, PROVEN = range(3)
_FEW = 4  # so many packets of one sender with one IP id: it does not vary
_ENOUGH = 8  # bytes of payload


def levels(rows: Sightings, first: Ints) -> Levels:
    """Return for each of the rows ``first`` (one of each packet) how surely its fingerprint names it, as a level.

    TCP is proven by timestamps or a varying IP id and likely by its sequence space alone, which duplicate
    acknowledgments and keepalives repeat. Others are proven by a varying IP id or a WireGuard counter, likely by a
    whole payload or an ICMP sequence number.
    """
    proto = rows["proto"][first]
    varies = (rows["ip_id"][first] > 0) & ~_constant(rows, first)
    tcp = proto == Proto.TCP
    numbered = rows["seq"][first] != ABSENT
    counted = (rows["wg_type"][first] != ABSENT) & (rows["wg_receiver"][first] != ABSENT)
    proven = np.where(tcp, numbered & (varies | (rows["tsval"][first] != ABSENT)), varies | counted)
    length = rows["payload_len"][first]
    whole = (length >= _ENOUGH) & (captured_payload(rows)[first] >= length)
    likely = np.where(
        tcp, numbered, whole | (rows["icmp_seq"][first] != ABSENT) | (rows["quoted_seq"][first] != ABSENT)
    )
    return np.where(proven, PROVEN, np.where(likely, LIKELY, POSSIBLE)).astype(np.int8)


def _constant(rows: Sightings, first: Ints) -> npt.NDArray[np.bool_]:
    """Tell of each packet whether its sender puts one IP id on all packets of that protocol."""
    sender = np.clip(rows["src"][first], 0, None) * 256 + np.clip(rows["proto"][first], 0, None)
    ids = rows["ip_id"][first]
    some = np.flatnonzero((ids > 0) & (rows["frag_offset"][first] <= 0))
    if not len(some):
        return np.zeros(len(first), np.bool_)
    order = some[np.argsort(sender[some], kind="stable")]
    starts = np.flatnonzero(np.r_[True, np.diff(sender[order]) != 0])
    many = np.diff(np.r_[starts, len(order)]) >= _FEW
    one = np.minimum.reduceat(ids[order], starts) == np.maximum.reduceat(ids[order], starts)
    return np.isin(sender, sender[order][starts][many & one])
