"""Coverage: what each point could have seen. A packet that was not seen proves something only where it would have been.

``why_not_witness`` is the guard of DESIGN section 8 for every negative statement; its answer is the reason printed
when the verdict is ``unknown``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.cluster import Cluster
from captools.model.evidence import Blindness
from captools.model.points import Role
from captools.model.sources import Source

LISTENING_NS = 1_000_000_000  # other traffic within this time shows that a point was awake


@dataclass(frozen=True, slots=True)
class Coverage:
    """Answers whether a point could have seen a packet."""

    rows: Sightings
    sources: tuple[Source, ...]
    roles: dict[str, Role]
    cluster: Cluster

    def captured(self, point: str) -> bool:
        """Tell whether a capture of ``point`` exists (its own, or of ``any`` on its node)."""
        return bool(self._sources(point))

    def _sources(self, point: str) -> list[Source]:
        node = point.partition("/")[0]
        here = [one for one in self.sources if one.point in (point, f"{node}/any")]
        return [one for one in here if not one.text] or here  # a text log takes nothing from the capture beside it

    def why_not_witness(self, point: str, at_ns: int) -> str:
        """Return why the silence of ``point`` at ``at_ns`` proves nothing; the empty string where it does prove it."""
        sources = self._sources(point)
        if not sources:
            return f"{point} was not captured"
        for source in _at(sources, at_ns):
            reason = _weakness(source)
            if reason:
                return f"{point} {reason}"
        near = self._rows_at(point)
        if not (np.abs(self.rows["ts_ns"][near] - at_ns) <= LISTENING_NS).any():
            return f"{point} saw nothing at all within a second, so that it may not have been listening"
        if self.roles.get(point) is Role.PODS and self._bypass_possible(point, near):
            return f"eBPF host routing may pass packets by {point}, and none was seen going into the pod there"
        return ""

    def _rows_at(self, point: str) -> Ints:
        try:
            code = self.rows.points.index(point)
        except ValueError:
            return np.empty(0, np.int64)
        return np.flatnonzero(self.rows["point"] == code)

    def _bypass_possible(self, point: str, near: Ints) -> bool:
        """BPF host routing and netkit deliver to the pod past lxc*; unknown settings count as in force.

        Traffic towards the pod at this very point shows that no bypass is in force.
        """
        pods = [pod.ip for pod in self.cluster.pods if f"{pod.node}/{pod.interface}" == point]
        codes = [self.rows.code_of_address(address) for address in pods]
        towards = np.isin(self.rows["dst"][near], [code for code in codes if code != ABSENT])
        return not bool(towards.any())


def _at(sources: list[Source], at_ns: int) -> list[Source]:
    """Return the sources that tell of ``at_ns``: of several files of one point (a rotated capture) the one of that time.

    The next file begins where one ends, so between two of them it is the earlier one: it alone may lack its tail.
    """
    told: list[Source] = []
    for point in dict.fromkeys(one.point for one in sources):
        files = [one for one in sources if one.point == point]
        dated = sorted((_span(one), at) for at, one in enumerate(files) if one.first_ns is not None and one.ok)
        if len(dated) < 2:
            told += files
            continue
        now = [files[at] for (first, last), at in dated if first <= at_ns <= last]
        before = [files[at] for (first, _last), at in dated if first <= at_ns]
        told += now or before[-1:] or [files[dated[0][1]]]
        told += [one for one in files if not one.ok]
    return told


def _span(source: Source) -> tuple[int, int]:
    return source.first_ns or 0, source.last_ns or 0


def _weakness(source: Source) -> str:
    """Return what weakens negative statements about a source: a choice of the user's, or a loss."""
    if source.text == "tcpdump":
        return "is known by printed text only, from which lines and filters may have been left out"
    if source.match:
        return "was captured with a content filter, on which nothing negative can rest"
    if source.user_filter:
        return f"was captured with the filter `{source.user_filter}`, which may hide it"
    return loss(source)


def loss(source: Source) -> str:
    """Return what a source is missing against the user's will; the empty string where nothing is."""
    if not source.ok:
        return f"failed: {source.error}"
    if source.counts.dropped:
        return f"lost {source.counts.dropped} packets in the kernel"
    captured, received = source.counts.captured, source.counts.received
    if captured is not None and received is not None and captured < received:
        return f"is missing its tail: {captured} of {received} packets were written"
    if source.damage:
        return f"ends early: {source.damage}"
    return ""


def blindness(sources: tuple[Source, ...]) -> tuple[Blindness, ...]:
    """Return for each source why it cannot be relied on, if so. A text log beside a capture only adds to it."""
    captured = {source.point for source in sources if source.point and source.ok and not source.text}
    return tuple(
        Blindness(point=source.point or source.name, start="", end="", why_blind=f"this point {reason}")
        for source in sources
        if (reason := _weakness(source)) and not (source.text and source.point in captured)
    )
