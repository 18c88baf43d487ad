"""Same packet through NAT: the sightings before and behind a translation get one number.

Only within a conversation whose address pairs are known to be one (captools.correlate.same.nat), where the fingerprint that
survives NAT is compared with those of the same lane alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from captools.correlate.same.flows import Connection
from captools.correlate.same.icmp_errors import Errors
from captools.correlate.same.lanes import lanes, variants
from captools.correlate.same.match import METHODS, Matches, number
from captools.correlate.same.places import places
from captools.correlate.same.prints import Prints, invariant_fingerprint, mix_in, mixed, told_apart_by_payload
from captools.correlate.sightings import ABSENT, Ints, Sightings

_OF_ERRORS = ("proto", "icmp_type", "icmp_code", "icmp_mtu", "ip_id", "quoted_seq")
_ENDS_OF_ERRORS = ("src", "dst", "quoted_src", "quoted_dst", "quoted_sport", "quoted_dport")


def through_nat(
    rows: Sightings,
    matches: Matches,
    groups: Sequence[Sequence[Connection]],
    errors: Errors,
    *,
    times: Ints | None = None,
) -> Matches:
    """Return ``matches`` with the packets of translated conversations numbered across their address pairs.

    So are the ICMP ``errors`` about them. ``times`` (one per row, in nanoseconds) replaces the stamps where the nodes'
    clocks are known to differ.
    """
    variant = variants(rows, groups)
    if not (variant != ABSENT).any():
        return matches
    times = rows["ts_ns"] if times is None else times
    prints = told_apart_by_payload(rows, invariant_fingerprint(rows))
    prints = np.where((prints != 0) & (variant != ABSENT), mix_in(prints, lanes(rows, groups)), np.uint64(0))
    _add_errors(rows, groups, errors, prints, variant)
    # A translation may show one packet twice at one place, once with each address pair: each pair is a place.
    place = places(rows) * (int(variant.max()) + 2) + variant + 1
    joined = number(rows, prints, place, times, METHODS.index("nat-invariant"))
    new = np.flatnonzero(joined.ids != ABSENT)
    methods = np.full(joined.count, METHODS.index("exact"), np.int8)
    methods[joined.ids[new][_differs(joined.ids[new], variant[new])]] = METHODS.index("nat-invariant")
    ids = np.where(joined.ids != ABSENT, joined.ids + matches.count, matches.ids)
    live = ids != ABSENT
    used, ids[live] = np.unique(ids[live], return_inverse=True)
    return Matches(
        ids, np.concatenate([matches.methods, methods])[used], np.concatenate([matches.levels, joined.levels])[used]
    )


def _add_errors(
    rows: Sightings, groups: Sequence[Sequence[Connection]], errors: Errors, prints: Prints, variant: Ints
) -> None:
    """Enter the errors about translated conversations: their IP id survives, and the addresses tell the variants."""
    translated = np.array([len(group) > 1 for group in groups], np.bool_)
    some = translated[errors.groups] & (rows["ip_id"][errors.rows] > 0)
    of, about = errors.rows[some], errors.groups[some]
    if not len(of):
        return
    told = mixed(rows, _OF_ERRORS, np.zeros(len(rows), np.uint64))[of]
    prints[of] = mix_in(mix_in(told, about), errors.ways[some])
    _, pair = np.unique(mixed(rows, _ENDS_OF_ERRORS, np.zeros(len(rows), np.uint64))[of], return_inverse=True)
    variant[of] = int(variant.max()) + 1 + pair


def _differs(ids: Ints, variant: Ints) -> Ints:
    """Return where the variant is not that of the first row with the same number."""
    _, first, where = np.unique(ids, return_index=True, return_inverse=True)
    return np.flatnonzero(variant != variant[first][where])
