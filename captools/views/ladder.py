"""A ladder: the observation points of a path as lanes, its packets as strands of steps between them.

One value for every picture of a path: the report draws it as SVG, Markdown lists it, the screens walk through it.
"""

from __future__ import annotations

from dataclasses import dataclass

from captools.model.cluster import Cluster
from captools.model.paths import Change, Hop, Outcome, Path, Way
from captools.views.path_notes import origin

ADDRESS_FIELDS = ("src", "sport", "dst", "dport")
COMPARED = (*ADDRESS_FIELDS, "ttl", "tunnel", "outer_src", "outer_dst", "vni", "identity", "wire_len")
NAMES = {
    "src": "source", "sport": "source port", "dst": "destination", "dport": "destination port", "ttl": "TTL",
    "tunnel": "tunnel", "outer_src": "outer source", "outer_dst": "outer destination", "vni": "VNI",
    "identity": "identity", "wire_len": "bytes on the wire",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One observation point, drawn as one vertical line."""

    point: str
    node: str
    interface: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Neighbouring lanes of one node: ``count`` lanes from ``first`` on."""

    node: str
    first: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One packet at one point. ``since_ns`` counts from the strand's first sighting, None where clocks disagree.

    ``medium`` is what carries the packet here: plain, vxlan, geneve, ipip, gre or wireguard.
    """

    lane: int
    origin: int | None  # the lane it came from; None at the strand's first point
    hop: Hop
    since_ns: int | None
    medium: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strand:
    """One packet on its way: the steps in order. ``title`` says which packet, ``note`` what lies between."""

    title: str
    way: Way
    steps: tuple[Step, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The whole picture. ``lost_at`` is the lane after which nothing was seen, where the packet is lost."""

    title: str
    subtitle: str
    lanes: tuple[Lane, ...]
    groups: tuple[Group, ...]
    strands: tuple[Strand, ...]
    outcome: Outcome
    reason: str
    lost_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Hops of one packet, with what to call it: the raw material of a strand."""

    title: str
    way: Way
    hops: tuple[Hop, ...]
    note: str = ""


def split_point(point: str) -> tuple[str, str]:
    """Return node and interface of a point; a loose file's point has no node."""
    node, slash, interface = point.partition("/")
    return (node, interface) if slash else ("", point)


def tunnel_name(hop: Hop) -> str:
    """Return the tunnel of a sighting as people know it; the empty string where there is none."""
    if hop.tunnel in ("none", ""):
        return ""
    if hop.tunnel == "wireguard":
        return "WireGuard"
    if hop.tunnel == "vxlan":
        return f"VXLAN (tcpdump: OTV, instance {hop.vni})" if hop.vni is not None else "VXLAN"
    return hop.tunnel.upper() if hop.vni is None else f"{hop.tunnel.upper()}, VNI {hop.vni}"


def differences(before: Hop, after: Hop) -> tuple[tuple[str, str, str], ...]:
    """Return what changed between two sightings as (field, before, after), in words."""

    def words(value: object) -> str:
        return "-" if value is None or value == "" else str(value)

    return tuple(
        (NAMES[name], words(getattr(before, name)), words(getattr(after, name)))
        for name in COMPARED
        if getattr(before, name) != getattr(after, name)
    )


def ladder_of_path(path: Path, cluster: Cluster) -> Ladder:
    """Return the ladder of a flow: its packet on the request way, then the one on the reply way."""
    legs = legs_of_path(path)
    names = " to ".join(
        part
        for part in (cluster.name(path.flow.src, node=origin(path)), cluster.name(path.flow.dst, port=path.flow.dport))
        if part
    )
    counts = f"{path.packets} packet{'' if path.packets == 1 else 's'} ({path.request_packets} out, {path.reply_packets} back)"
    return build(str(path.flow), ", ".join(part for part in (names, counts) if part), legs, path)


def legs_of_path(path: Path, prefix: str = "") -> tuple[Leg, ...]:
    """Return the legs of a flow that were seen, request way first."""
    ways = ((Way.FORWARD, "request way"), (Way.REPLY, "reply way"))
    return tuple(
        Leg(title=f"{prefix}{title}", way=way, hops=path.ways(way)) for way, title in ways if path.ways(way)
    )  # fmt: skip


def build(title: str, subtitle: str, legs: tuple[Leg, ...], path: Path | None) -> Ladder:
    """Lay out lanes and steps. Lanes of one node stand together, nodes in the order in which they were met."""
    lanes = _lanes(tuple(hop.point for leg in legs for hop in leg.hops))
    index = {lane.point: number for number, lane in enumerate(lanes)}
    outcome = path.outcome if path else Outcome.UNKNOWN
    forward = [hop for leg in legs if leg.way is Way.FORWARD for hop in leg.hops]
    after = path.lost_between[0] if path and path.lost_between else forward[-1].point if forward else ""
    lost = index.get(after) if outcome is Outcome.LOST else None
    return Ladder(
        title=title, subtitle=subtitle, lanes=lanes, groups=_groups(lanes),
        strands=tuple(Strand(title=leg.title, way=leg.way, steps=_steps(leg.hops, index), note=leg.note)
                      for leg in legs),
        outcome=outcome, reason=path.reason if path else "", lost_at=lost,
    )  # fmt: skip


def _lanes(points: tuple[str, ...]) -> tuple[Lane, ...]:
    by_node: dict[str, dict[str, Lane]] = {}
    for point in points:
        node, interface = split_point(point)
        by_node.setdefault(node, {}).setdefault(point, Lane(point=point, node=node, interface=interface))
    return tuple(lane for lanes in by_node.values() for lane in lanes.values())


def _groups(lanes: tuple[Lane, ...]) -> tuple[Group, ...]:
    groups: list[Group] = []
    for number, lane in enumerate(lanes):
        if groups and groups[-1].node == lane.node:
            last = groups.pop()
            groups.append(Group(node=last.node, first=last.first, count=last.count + 1))
        else:
            groups.append(Group(node=lane.node, first=number, count=1))
    return tuple(groups)


def _steps(hops: tuple[Hop, ...], index: dict[str, int]) -> tuple[Step, ...]:
    steps: list[Step] = []
    encrypted = False
    since: int | None = 0
    for number, hop in enumerate(hops):
        if hop.change is Change.ENCRYPTED:
            encrypted = True
        elif hop.change is Change.DECRYPTED:
            encrypted = False
        if number:
            # Times of several nodes add up only through the delays, which carry the clock correction.
            since = since + hop.delay_ns if since is not None and hop.delay_ns is not None else None
        tunnel = hop.tunnel if hop.tunnel not in ("none", "") else "plain"
        steps.append(
            Step(
                lane=index[hop.point],
                origin=index[hops[number - 1].point] if number else None,
                hop=hop,
                since_ns=since,
                medium="wireguard" if encrypted else tunnel,
            )  # fmt: skip
        )
    return tuple(steps)
