"""How long packets took between the points that both sessions have: several packets of each conversation, followed one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from captools.model.addresses import to_bytes
from captools.model.analysis import Analysis
from captools.model.paths import Hop, Path, Way
from captools.views.diff.chance import FEWEST
from captools.views.diff.conversations import Conversation
from captools.views.diff.measure import Measure, of_samples

MOST = 40  # packets of each way of a conversation that are followed: more would not tell more, and takes time
ALL = 8_000  # of a whole comparison: following one takes about a millisecond
_WORDS = {Way.FORWARD: "there", Way.REPLY: "back"}


@dataclass(frozen=True, slots=True)
class Passage:
    """One packet: by place, the time since its first sighting and the error of that, both in ns."""

    since: dict[str, tuple[int, int]]


def delays(a: Conversation, b: Conversation, most: int = MOST) -> list[Measure]:
    """Return for each way of a conversation one measure per stretch between neighbouring points of both sessions.

    ``most``: packets of each way that are followed in each session.
    """
    return [one for way in Way for one in _of_way(passages(a, way, most), passages(b, way, most), way)]


def worth_following(pairs: Sequence[tuple[Conversation, Conversation]]) -> tuple[set[int], int]:
    """Return the places of the pairs whose packets are followed, and how many of each way: the most busy ones first."""
    fit = [
        (min(sum(path.packets for path in one.paths) for one in pair), place)
        for place, pair in enumerate(pairs)
        if several_points(pair)
    ]
    room = ALL // (2 * len(Way) * FEWEST)
    chosen = {place for _, place in sorted(fit, reverse=True)[:room]}
    return chosen, min(MOST, max(FEWEST, ALL // (2 * len(Way) * max(len(chosen), 1))))


def _of_way(ours: Sequence[Passage], theirs: Sequence[Passage], way: Way) -> Iterator[Measure]:
    shared = [point for point in _order(ours) if any(point in one.since for one in theirs)]
    for before, after in zip(shared, shared[1:], strict=False):
        sides = [_stretches(some, before, after) for some in (ours, theirs)]
        if not all(sides):
            continue
        # A clock's error is the same for all packets: it does not average out.
        error = sum(max(error for _, error in side) for side in sides)
        times = [[time for time, _ in side] for side in sides]
        name = f"{_WORDS[way]}, {before} to {after}"
        yield of_samples(name, "ns", *times, noun="packet", error=error)


def _order(some: Sequence[Passage]) -> list[str]:
    """Return the points in the order of the packet that was seen at most of them."""
    return list(max(some, key=lambda one: len(one.since)).since) if some else []


def _stretches(some: Iterable[Passage], before: str, after: str) -> list[tuple[int, int]]:
    """Return (time, error) between two points of each packet that was seen at both."""
    found = []
    for one in some:
        if before in one.since and after in one.since:
            (start, early), (end, late) = one.since[before], one.since[after]
            found.append((end - start, late - early))
    return found


def several_points(pair: tuple[Conversation, Conversation]) -> bool:
    """Tell whether both sides were seen at several points: else there is no delay to compare."""
    return all(any(len(path.points) > 1 for path in one.paths) for one in pair)


def passages(side: Conversation, way: Way, most: int = MOST) -> list[Passage]:
    """Follow up to ``most`` packets of one way, spread evenly over all flows; no more flows are looked through than that."""
    flows = [path for path in side.paths if path.ways(way)]
    flows = [flows[at] for at in _evenly(len(flows), most)]
    rows = np.concatenate([np.empty(0, np.int64), *(_rows(side.analysis, path, way) for path in flows)])
    found = (_passage(side, side.analysis.hops_of(int(rows[at]))) for at in _evenly(len(rows), most))
    return [one for one in found if len(one.since) > 1]


def _evenly(number: int, most: int) -> list[int]:
    """Return up to ``most`` of so many places, the first and the last among them."""
    places: list[int] = np.linspace(0, number - 1, min(number, most)).round().astype(np.int64).tolist()
    return places


def _rows(analysis: Analysis, path: Path, way: Way) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the rows of a way's packets where they are first seen, as they look there."""
    hops = [hop for hop in path.ways(way) if hop.tunnel != "wireguard"]
    if not hops:
        return np.empty(0, np.int64)
    first, packets = hops[0], analysis.packets
    wanted = {
        "point": first.point, "src": to_bytes(first.src), "dst": to_bytes(first.dst), "sport": first.sport,
        "dport": first.dport, "proto": path.flow.proto, "icmp_id": path.flow.icmp_id,
    }  # fmt: skip
    keep = None
    for name, value in wanted.items():
        if value is not None:
            column = packets[name].cast("string") if name == "point" else packets[name]
            same = pc.equal(column, value)
            keep = same if keep is None else pc.and_(keep, same)
    found: np.ndarray[tuple[int], np.dtype[np.int64]] = np.flatnonzero(pc.fill_null(keep, False).to_numpy())
    return found


def _passage(side: Conversation, hops: Sequence[Hop]) -> Passage:
    """Return the times at the points of a packet, as far as the clocks can be compared."""
    since: dict[str, tuple[int, int]] = {}
    time = error = 0
    for number, hop in enumerate(hops):
        if number:
            if hop.delay_ns is None:
                break
            time, error = time + hop.delay_ns, error + (hop.delay_error_ns or 0)
        since.setdefault(side.place(hop.point), (time, error))
    return Passage(since)
