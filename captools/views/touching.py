"""Which findings touch a conversation: by the very frames that prove them, else by whom they name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from captools.model.addresses import to_bytes
from captools.model.analysis import Analysis
from captools.model.findings import Finding, Severity
from captools.model.flows import Flow
from captools.model.paths import Hop, Path
from captools.model.requests import Request

Frame = tuple[str, int]  # file, frame
MAX_EVIDENCE, MAX_FRAMES = 12, 20  # as many as findings list at most (captools.findings._words)
_ADDRESSED = ("src", "dst", "vip")
_PORTS = ("sport", "dport")


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What a story is about: its frames, all names its ends go by, its ports, and the points it crossed or should have."""

    frames: frozenset[Frame]
    names: frozenset[str]
    ports: frozenset[int]
    points: frozenset[str]

    def __or__(self, other: Talk) -> Talk:
        return Talk(
            frames=self.frames | other.frames,
            names=self.names | other.names,
            ports=self.ports | other.ports,
            points=self.points | other.points,
        )


_NOBODY = Talk(frames=frozenset(), names=frozenset(), ports=frozenset(), points=frozenset())


def touching(analysis: Analysis, talk: Talk) -> tuple[Finding, ...]:
    """Return the findings about ``talk``, in the order of all findings: the gravest first.

    A fault is about those whose frames prove it; names alone count where its proof is a selection. A note tells how two
    ends talk, and shows a few frames of that: names count always.
    """
    return tuple(
        one
        for one in analysis.findings
        if proves(one, talk.frames) or ((one.severity is Severity.NOTE or _selected(one)) and _names(one.subject, talk))
    )


def _selected(finding: Finding) -> bool:
    """Tell whether a finding may rest on more frames than it lists; one without any is about a place."""
    proof = finding.evidence
    return not proof or len(proof) >= MAX_EVIDENCE or any(len(one.frames) >= MAX_FRAMES for one in proof)


def proves(finding: Finding, frames: frozenset[Frame]) -> bool:
    """Tell whether one of ``frames`` is part of what proves a finding."""
    return any((one.file, frame) in frames for one in finding.evidence for frame in one.frames)


def talk_of_paths(analysis: Analysis, paths: Iterable[Path]) -> Talk:
    """Return what some conversations are: every frame of theirs at every point, whatever NAT made of their addresses."""
    made = _NOBODY
    for path in paths:
        made |= talk_of_hops(analysis, path.hops, path.flow)
        made |= _place({one.point for one in path.expected} | set(path.points))
    return made


def talk_of_hops(analysis: Analysis, hops: Iterable[Hop], flow: Flow | None = None) -> Talk:
    """Return what the sightings of one packet show, and with ``flow`` every frame of the conversation it is of."""
    hops = tuple(hops)
    plain = [hop for hop in hops if hop.tunnel != "wireguard"]  # whose addresses are the nodes', for all their packets
    tuples = {(hop.src, hop.sport, hop.dst, hop.dport) for hop in plain}
    if flow is not None:
        tuples.add((flow.src, flow.sport, flow.dst, flow.dport))
    addresses = {address for src, _, dst, _ in tuples for address in (src, dst)}
    names = {analysis.cluster.name(address) for address in addresses} - {""}
    shown = {(proof.file, frame) for hop in hops for proof in hop.evidence for frame in proof.frames}
    return Talk(
        frames=frozenset(shown | (_frames(analysis, tuples, flow) if flow is not None else set())),
        names=frozenset(addresses | names),
        ports=frozenset(port for _, sport, _, dport in tuples for port in (sport, dport) if port is not None),
        points=frozenset(),
    ) | _place({hop.point for hop in hops})


def talk_of_request(analysis: Analysis, request: Request, paths: Iterable[Path]) -> Talk:
    """Return what a request is: its own frames, and the conversations that carried it.

    A proxy's connections carry other requests too: what is proven by their frames is not about this one.
    """
    own = _own(request)
    others = {frame for one in analysis.requests if one is not request for frame in _own(one)}
    carried = talk_of_paths(analysis, paths)
    return replace(
        carried,
        frames=frozenset((carried.frames - others) | own),
        names=carried.names | ({request.host, request.client} - {""}),
    )


def _own(request: Request) -> set[Frame]:
    """Return the frames that hold a request and its answer, on both legs."""
    proofs = [*request.evidence, *(proof for attempt in request.attempts for proof in attempt.evidence)]
    return {(proof.file, frame) for proof in proofs for frame in proof.frames}


def _place(points: set[str]) -> Talk:
    return Talk(frames=frozenset(), names=frozenset(), ports=frozenset(), points=frozenset(points))


def _frames(analysis: Analysis, tuples: set[tuple[str, int | None, str, int | None]], flow: Flow) -> set[Frame]:
    """Return the frames of packets with these ends, in either direction."""
    packets, files = analysis.packets, {one.name: one.path for one in analysis.sources}
    found: set[Frame] = set()
    for src, sport, dst, dport in tuples | {(dst, dport, src, sport) for src, sport, dst, dport in tuples}:
        wanted = {"src": to_bytes(src), "dst": to_bytes(dst), "sport": sport, "dport": dport, "proto": flow.proto}
        wanted["icmp_id"] = flow.icmp_id
        keep = _all(packets, {name: value for name, value in wanted.items() if value is not None})
        rows = packets.select(["source", "frame"]).filter(keep)
        found |= set(zip((files.get(name, name) for name in rows["source"].to_pylist()), rows["frame"].to_pylist(),
                         strict=True))  # fmt: skip
    return found


def _all(packets: pa.Table, wanted: dict[str, Any]) -> pa.ChunkedArray:
    keep: pa.ChunkedArray | None = None
    for name, value in wanted.items():
        same = pc.equal(packets[name], pa.scalar(value, packets.schema.field(name).type))
        keep = same if keep is None else pc.and_(keep, same)
    return pc.fill_null(keep, False)


def _names(subject: dict[str, Any], talk: Talk) -> bool:
    """Tell whether a subject is an end of the talk, or (where it names no end) a place that it crosses."""
    nodes = {point.partition("/")[0] for point in talk.points if "/" in point}
    ends = [subject[key] for key in _ADDRESSED if subject.get(key)]
    if ends:
        ports = [subject[key] for key in _PORTS if subject.get(key) is not None]
        told = str(subject["name"]).split(", ") if subject.get("name") else []
        known = talk.names if any(end not in nodes for end in ends) else nodes
        return (
            all(end in known for end in ends)
            and all(port in talk.ports for port in ports)
            and (not told or any(name in talk.names for name in told))
        )
    for key, places in (("pod", talk.names), ("name", talk.points | talk.names | nodes), ("node", nodes)):
        if subject.get(key):
            return subject[key] in places
    return False
