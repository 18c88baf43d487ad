"""Coverage: what each point could have seen. A packet that was not seen proves something only where it would have been.

``why_not_witness`` is the guard of DESIGN section 8 for every negative statement; its answer is the reason printed
when the verdict is ``unknown``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from captools.correlate.paths.bpf import Header, passes
from captools.correlate.paths.directions import IN, OUT, UNKNOWN, Directions
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.cluster import Cluster
from captools.model.evidence import Blindness
from captools.model.packets import Proto
from captools.model.points import Role
from captools.model.sources import Source

LISTENING_NS = 1_000_000_000  # other traffic within this time shows that a point was awake
_LINK, _IP4, _IP6, _TCP = 20, 20, 40, 32  # bytes of the longest link header (SLL2), of IP, of TCP with timestamps
_SHOWN = 4  # expressions in a sentence; the manifest has them all
_TUNNEL = 8 + 8 + 14  # UDP, VXLAN or Geneve, inner Ethernet


@dataclass(frozen=True, slots=True)
class Coverage:
    """Answers whether a point could have seen a packet."""

    rows: Sightings
    sources: tuple[Source, ...]
    roles: dict[str, Role]
    cluster: Cluster
    _times: dict[str, Ints] = field(default_factory=dict)
    _ways: dict[str, tuple[bool, bool]] = field(default_factory=dict)

    def captured(self, point: str) -> bool:
        """Tell whether a capture of ``point`` exists (its own, or of ``any`` on its node)."""
        return bool(self._sources(point))

    def _sources(self, point: str) -> list[Source]:
        node = point.partition("/")[0]
        here = [one for one in self.sources if one.point in (point, f"{node}/any")]
        return [one for one in here if not one.text] or here  # a text log takes nothing from the capture beside it

    def why_not_witness(
        self,
        point: str,
        at_ns: int,
        *,
        header: Header | None = None,
        inner: Header | None = None,
        direction: int = UNKNOWN,
        counted: bool = True,
    ) -> str:
        """Return why the silence of ``point`` at ``at_ns`` proves nothing; the empty string where it does prove it.

        ``header`` is the first IP header that the packet would have there (filters see no other), ``inner`` the one
        inside its tunnel, where it has one; ``direction`` its way through the interface, IN, OUT or UNKNOWN. Without
        ``counted`` the capture tool's own counts need not vouch for it.
        """
        sources = self._sources(point)
        if not sources:
            return f"{point} was not captured"
        for source in _at(sources, at_ns):
            reason = _weakness(source, header, inner, counted=counted)
            if reason:
                return f"{point} {reason}"
        if not self._awake(point, at_ns):
            return f"{point} saw nothing at all within a second, so that it may not have been listening"
        if not self.capturing(point, at_ns):
            return f"{point} may not have been captured at that time: it lies outside of what it shows"
        return self._bypass(point, direction)

    def capturing(self, point: str, at_ns: int) -> bool:
        """Tell whether a capture of ``point`` was going on: by its tool's own word, else from first to last packet."""
        times, sources = self._times_at(point), self._sources(point)
        began = [one.started_ns for one in sources if one.started_ns is not None] + times[:1].tolist()
        ended = [one.stopped_ns for one in sources if one.stopped_ns is not None] + times[-1:].tolist()
        return bool(began) and bool(ended) and min(began) <= at_ns <= max(ended)

    def _awake(self, point: str, at_ns: int) -> bool:
        times = self._times_at(point)
        after = int(np.searchsorted(times, at_ns - LISTENING_NS))
        return after < len(times) and int(times[after]) <= at_ns + LISTENING_NS

    def _times_at(self, point: str) -> Ints:
        """Return when the packets of a point came by, in order."""
        if point not in self._times:
            self._times[point] = np.sort(self.rows["ts_ns"][self._rows_at(point)])
        return self._times[point]

    def _rows_at(self, point: str) -> Ints:
        try:
            code = self.rows.points.index(point)
        except ValueError:
            return np.empty(0, np.int64)
        return np.flatnonzero(self.rows["point"] == code)

    def _bypass(self, point: str, direction: int) -> str:
        """Return which way past ``point`` a packet may have taken; unknown settings count as in force.

        Traffic in that direction at this very point shows that no bypass is in force.
        """
        node = self.cluster.node(point.partition("/")[0])
        if node is None or not node.in_cluster:
            return ""
        settings, role = self.cluster.datapath(node.name), self.roles.get(point)
        inwards, outwards = self._directions_at(point)
        if role is Role.PODS and direction != IN and settings.skips_pods() and not outwards:
            return f"eBPF host routing may pass packets by {point}, and none was seen going into the pod there"
        if role is Role.PODS and direction == IN and settings.device != "veth" and not inwards:
            return f"netkit may pass packets by {point}, and none was seen coming from the pod there"
        if role is Role.NIC and direction != OUT and settings.skips_cards() and not inwards:
            return f"XDP may take packets before {point} shows them, and none was seen coming in there"
        return ""

    def _directions_at(self, point: str) -> tuple[bool, bool]:
        """Tell whether IP packets were seen coming in at a point, and going out.

        At a pod's interface only the pod's own traffic counts: ARP goes by it even where everything else does not. Into
        the pod what its own node sends does not count either: eBPF host routing passes by what others send (FACTS,
        section 11; ``redirect_ep`` in Cilium's bpf/lib), not what comes from the host.
        """
        if point not in self._ways:
            near = self._rows_at(point)
            near = near[self.rows["src"][near] != ABSENT]
            if self.roles.get(point) is Role.PODS:
                pods = [pod.ip for pod in self.cluster.pods if f"{pod.node}/{pod.interface}" == point]
                codes = [code for code in map(self.rows.code_of_address, pods) if code != ABSENT]
                inwards, outwards = (np.isin(self.rows[name][near], codes) for name in ("src", "dst"))
                outwards &= ~np.isin(self.rows["src"][near], self._own(point))
            else:
                told = Directions(self.rows, self.cluster, self.roles).of(near)
                inwards, outwards = told == IN, told == OUT
            self._ways[point] = bool(inwards.any()), bool(outwards.any())
        return self._ways[point]

    def _own(self, point: str) -> list[int]:
        """Return the codes of the addresses of a point's own node."""
        node = self.cluster.node(point.partition("/")[0])
        own = {*node.local_addresses(), node.internal_ip, node.cilium_host, node.ingress} - {""} if node else set()
        return [code for code in map(self.rows.code_of_address, sorted(own)) if code != ABSENT]


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


def exceptions(sources: tuple[Source, ...]) -> tuple[Blindness, ...]:
    """Return for each point what it leaves out as the capture's own way home: of that alone it proves nothing."""
    return tuple(
        Blindness(
            point=source.point or source.name,
            start="",
            end="",
            why_blind=f"this point leaves out the capture's own way home: {_listed(source.excluded)}",
        )
        for source in sources
        if source.excluded and not source.text
    )


def _listed(expressions: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{one}`" for one in expressions[:_SHOWN])
    more = len(expressions) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _span(source: Source) -> tuple[int, int]:
    return source.first_ns or 0, source.last_ns or 0


def _weakness(
    source: Source, header: Header | None = None, inner: Header | None = None, *, counted: bool = True
) -> str:
    """Return what weakens negative statements about a source, for a packet where one is given."""
    if source.text == "tcpdump":
        return "is known by printed text only, from which lines and filters may have been left out"
    if source.match:
        return "was captured with a content filter, on which nothing negative can rest"
    if source.user_filter:
        answer = passes(source.user_filter, header) if header else None
        if answer is not True:
            hides = "which lets no such packet by" if answer is False else "which may hide it"
            return f"was captured with the filter `{source.user_filter}`, {hides}"
    for left_out in source.excluded:
        answer = passes(left_out, header) if header else False
        if answer is not False:
            surely = "to which this packet belongs" if answer else "to which this packet may belong"
            return f"leaves out the capture's own way home (`{left_out}`), {surely}"
    return loss(source) or (_unproven(source, header, inner, counted) if header else "")


def _unproven(source: Source, header: Header, inner: Header | None, counted: bool) -> str:
    """Return what about one packet a capture cannot vouch for: the bytes it keeps of it, and that it kept them all."""
    last = inner or header
    need = _LINK + (_IP6 if last.version == 6 else _IP4) + _TCP
    if inner is not None:
        need += (_IP6 if header.version == 6 else _IP4) + _TUNNEL
    if last.proto != Proto.TCP:
        need -= _TCP - 8
    if source.snaplen and source.snaplen < need:
        return f"kept {source.snaplen} bytes of each packet, and {need} are needed to know this one"
    if counted and source.counts.dropped is None:
        return "has no counts of its capture tool, so that packets may have been dropped there"
    return ""


def loss(source: Source) -> str:
    """Return what a source is missing against the user's will; the empty string where nothing is."""
    if not source.ok:
        return f"failed: {source.error.removeprefix(f'{source.point}: ')}"
    if source.counts.dropped:
        return f"lost {source.counts.dropped} packets in the kernel"
    if source.holes:
        places = "1 place" if source.holes == 1 else f"{source.holes} places"
        return f"lacks packets in {places}: the spool on the node was full and dropped them"
    captured, received = source.counts.captured, source.counts.received
    if source.counts.caught_up:
        captured = received  # what is missing came after the end
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
