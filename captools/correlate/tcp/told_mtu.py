"""Told MTUs: routers' ICMP errors about packets too large for their next link, and what the sender made of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from captools.correlate.evidence import Prover
from captools.correlate.paths.matched import Matched
from captools.correlate.sightings import Ints, Sightings
from captools.model.mtu import ToldMtu
from captools.model.packets import Proto
from captools.model.paths import Path, Way

_TOO_LARGE = {Proto.ICMP: (3, 4), Proto.ICMPV6: (2, 0)}  # type and code (RFC 792 and 1191, RFC 4443)


def told_mtus(known: Matched, paths: Sequence[Path], prover: Prover) -> tuple[ToldMtu, ...]:
    """Return what each router said about each way of a conversation. ``paths`` are those of the same groups."""
    rows, about = known.rows, known.errors
    groups: dict[tuple[int, int, int, int], list[int]] = defaultdict(list)
    for row, group, way in zip(about.rows.tolist(), about.groups.tolist(), about.ways.tolist(), strict=True):
        kind = rows.number("icmp_type", row), rows.number("icmp_code", row)
        if kind == _TOO_LARGE.get(Proto(rows["proto"][row]) if rows["proto"][row] in _TOO_LARGE else Proto.TCP):
            groups[group, way, int(rows["src"][row]), int(rows["icmp_mtu"][row])].append(row)
    return tuple(_told(known, paths[key[0]], key, errors, prover) for key, errors in sorted(groups.items()))


def _told(known: Matched, path: Path, key: tuple[int, int, int, int], errors: list[int], prover: Prover) -> ToldMtu:
    rows = known.rows
    group, way, by, mtu = key
    there = path.ways(Way.REPLY if way else Way.FORWARD)
    home = there[0].point if there else ""
    points = list(dict.fromkeys(rows.point(row) for row in errors))
    mine = np.flatnonzero(known.lane == 2 * group + way)
    reached = [row for row in errors if rows.point(row) == home]
    numbers = {int(known.matches.ids[row]) for row in errors}
    return ToldMtu(
        path=group,
        way=Way.REPLY if way else Way.FORWARD,
        by=rows.addresses[by],
        mtu=max(0, mtu),
        errors=len(numbers),
        points=tuple(points),
        home=home if reached else "",
        refused_bytes=_quoted(rows, mine, errors),
        largest_after=_largest_after(rows, mine, errors),
        evidence=prover.of(errors, "too large for the next link, says the router"),
    )


def _quoted(rows: Sightings, mine: Ints, errors: list[int]) -> int:
    """Return the bytes of the largest packet that the errors quote; 0 where it was not captured.

    A point that shows super-frames shows it too large, so that the point that shows it smallest counts.
    """
    quoted = [number for row in errors if (number := rows.number("quoted_seq", row)) is not None]
    same = mine[np.isin(rows["seq"][mine], quoted) & (rows["payload_len"][mine] > 0)]
    same = same[rows["ts_ns"][same] <= max(int(rows["ts_ns"][row]) for row in errors)]
    return min((int(rows["ip_len"][some].max()) for some in _by_point(rows, same)), default=0)


def _largest_after(rows: Sightings, mine: Ints, errors: list[int]) -> int:
    """Return the bytes of the largest packet behind the last error at the points of the errors; 0 where none came."""
    found = []
    for some in _by_point(rows, np.array(errors, np.int64)):
        last = int(rows["ts_ns"][some].max())
        later = (rows["point"][mine] == rows["point"][some[0]]) & (rows["ts_ns"][mine] > last)
        here = mine[later & (rows["payload_len"][mine] > 0)]
        if len(here):
            found.append(int(rows["ip_len"][here].max()))
    return min(found, default=0)


def _by_point(rows: Sightings, some: Ints) -> list[Ints]:
    return [some[rows["point"][some] == code] for code in np.unique(rows["point"][some]).tolist()]
