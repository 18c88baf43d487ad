"""What correlation says of every reference case, held against what is known to be true: right, wrong and missing.

    python -m tests.agreement.links                  every reference case
    python -m tests.agreement.links s2-vxlan-overlay only these
    python -m tests.agreement.links --say            every wrong and missing one in words

"links": two frames of different points that show one packet, or bytes of one, known from tshark's fields alone (see
tests/agreement/seen.py). "changes": what was done to a packet from one of our hops to the next, known from the same fields
of both frames. "ways": the points of a flow in each direction, known from how the lab is built. "joins": a client's request
and the proxy's connection to a backend, known from whoami's RemoteAddr line in the answer that tshark shows. "clocks":
a node's offset, known from how the case was recorded. The command ends with 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from captools.lab.topology import EVERY_POD, HTTP_PORT, POD_TLS_PORT
from captools.model.analysis import Analysis
from captools.model.flows import proto_name
from captools.model.paths import Hop, Path, Way
from captools.model.units import from_rfc3339
from captools.views.text import table
from captures import case, cases
from captures.cases import Case
from tests.agreement.answers import answers
from tests.agreement.seen import Frames, Place, Seen, Sure, frames_of, sure_links
from tests.agreement.telling import analysed

KINDS = ("links", "changes", "ways", "joins", "clocks")
HEADER = ("right wrong missing:", *KINDS, "links unsure", "frames in doubt")
PPM_NS = 1_000  # a clock that is one ppm fast gains so many ns in a second


@dataclass(slots=True)
class Count:
    """How often we were right, wrong or silent about one kind of thing.

    ``unsure``: said, and known to nobody. ``doubtful``: frames of which tshark's fields do not tell what is the same packet.
    """

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unsure: int = 0
    doubtful: int = 0

    def cell(self) -> str:
        """Return the three numbers."""
        return f"{self.right:,} {len(self.wrong):,} {len(self.missing):,}"


Judged = dict[str, Count]


def judge(one: Case) -> Judged:
    """Hold the analysis of a case against everything known about it."""
    analysis, frames = analysed(one.name), frames_of(one)
    sure = sure_links(frames)
    hops = _hops(analysis, frames)
    return {
        "links": judge_links(hops, frames, sure),
        "changes": judge_changes(hops, frames),
        "ways": judge_ways(analysis, one),
        "joins": judge_joins(analysis, one),
        "clocks": judge_clocks(analysis, one),
    }


def _hops(analysis: Analysis, frames: Frames) -> dict[Place, tuple[Hop, ...]]:
    """Return for every frame the hops of the packet that it shows."""
    columns = [analysis.packets[name].to_pylist() for name in ("point", "frame")]
    rows = {place: row for row, place in enumerate(zip(*columns, strict=True))}
    return {place: analysis.hops_of(rows[place]) for place in frames}


def places(hop: Hop) -> set[Place]:
    """Return the frames that a hop rests on."""
    return {(proof.point, frame) for proof in hop.evidence for frame in proof.frames}


def judge_links(hops: dict[Place, tuple[Hop, ...]], frames: Frames, sure: Sure) -> Count:
    """Compare every pair of frames that we call one packet with every pair that must be."""
    count = Count(doubtful=sure.doubtful)
    ours = {
        frozenset((place, other))
        for place, way in hops.items()
        for hop in way
        for other in places(hop)
        if other[0] != place[0]
    }
    wanted = sure.links
    count.right = len(ours & wanted)
    # A packet that a datagram seals is linked to it by size and order alone: what tshark cannot order, nobody knows.
    for link in ours - wanted:
        one, other = (frames[place] for place in sorted(link))
        if _refuted(one, other, sure) or _refuted(other, one, sure):
            count.wrong.append(f"{_words(link)} are two packets")
        else:
            count.unsure += 1
    count.missing = [f"{_words(link)} are one packet" for link in sorted(wanted - ours, key=sorted)]
    return count


def _refuted(one: Seen, other: Seen, sure: Sure) -> bool:
    """Tell whether it is sure that a frame is not the packet of ``one``: another one is, or it is of another flow."""
    if bool(one.sealed) == bool(other.sealed) and one.ends != other.ends:
        return True
    return other.point in sure.partners.get(one.place, {})


def _words(link: frozenset[Place]) -> str:
    return " and ".join(f"{point} frame {frame}" for point, frame in sorted(link))


def judge_changes(hops: dict[Place, tuple[Hop, ...]], frames: Frames) -> Count:
    """Compare the change that each hop tells with what the headers of its frame and of the one before show."""
    count, told = Count(), set()
    for way in hops.values():
        for before, hop in zip(way, way[1:], strict=False):
            link = min(places(before)), min(places(hop))
            if link in told:
                continue
            told.add(link)
            true = _change(*(frames[place] for place in link))
            if hop.change.value == true:
                count.right += 1
            else:
                count.wrong.append(f"{_words(frozenset(link))}: {hop.change.value}, but the frames show {true}")
    return count


def _change(before: Seen, after: Seen) -> str:
    """Return what was done to a packet between two frames, by their headers."""
    if bool(before.sealed) != bool(after.sealed):
        return "encrypted" if after.sealed else "decrypted"
    if len(before.ttls) != len(after.ttls):
        return "encapsulated" if len(after.ttls) > len(before.ttls) else "decapsulated"
    if before.shown != after.shown:
        return "translated"
    return "routed" if any(new < old for old, new in zip(before.ttls, after.ttls, strict=True)) else "none"


def judge_ways(analysis: Analysis, one: Case) -> Count:
    """Compare the points of every flow with those that the lab's routes send it by."""
    count = Count()
    paths: dict[tuple[object, ...], Path] = {
        (proto_name(f.proto), f.src, f.sport, f.dst, f.dport, f.icmp_id): path
        for path in analysis.paths
        for f in (path.flow,)
    }
    for key, way, true in _ways(one):
        path = paths.get(key)
        ours = tuple(hop.point for hop in path.ways(way)) if path else ()
        words = f"{key} {way.value}: {' '.join(ours)}, but the way is {' '.join(true)}"
        if ours == true:
            count.right += 1
        elif set(ours) < set(true) and ours == tuple(point for point in true if point in ours):
            count.missing.append(words)
        else:
            count.wrong.append(words)
    return count


def _ways(one: Case) -> Iterator[tuple[tuple[object, ...], Way, tuple[str, ...]]]:
    """Yield (flow, direction, points) of everything the lab knows the way of."""
    truth = one.truth["truth"]
    for flow in truth["flows"]:
        key = tuple(flow.get(name) for name in ("proto", "src", "sport", "dst", "dport", "icmp_id"))
        yield from _both(key, flow, "way")
    legs = {(r["remote_addr"], r["remote_port"], r["backend_ip"]): r for r in truth["requests"] if "backend_way" in r}
    for (src, sport, dst), request in legs.items():
        served = next((pod.port for pod in EVERY_POD if pod.ip == dst), HTTP_PORT)
        dport = POD_TLS_PORT if request.get("passed") else served
        yield from _both(("tcp", src, sport, dst, dport, None), request, "backend_way")


def _both(
    key: tuple[object, ...], told: dict[str, list[str]], name: str
) -> Iterator[tuple[tuple[object, ...], Way, tuple[str, ...]]]:
    for way, end in ((Way.FORWARD, ""), (Way.REPLY, "_back")):
        if name + end in told:
            yield key, way, tuple(told[name + end])


def judge_joins(analysis: Analysis, one: Case) -> Count:
    """Compare the backend connection of every request with the one that the backend named in its answer."""
    count = Count()
    for answer in answers(one):
        hits = [
            request
            for request in analysis.requests
            if (leg := request.client_leg) is not None
            and (leg.src, leg.sport, leg.dst, leg.dport) == answer.connection
            and request.path == answer.path
        ]
        named = [(hit.backend_leg.src, hit.backend_leg.sport) for hit in hits if hit.backend_leg is not None]
        words = f"{answer.connection} {answer.path}: {named}, but the backend was called by {answer.remote}"
        if answer.remote in named and set(named) <= answer.remotes:
            count.right += 1
        else:
            (count.wrong if named else count.missing).append(words)
    return count


def judge_clocks(analysis: Analysis, one: Case) -> Count:
    """Compare every node's offset with what its clock was set wrong by."""
    count = Count()
    skews = {skew["node"]: skew for skew in one.truth["truth"].get("clocks", ())}
    for clock in analysis.clocks:
        if clock.node == analysis.clock_reference:
            continue
        skew, true = skews.get(clock.node), 0.0
        if skew:
            seconds = (from_rfc3339(clock.at) - from_rfc3339(skew["since"])) / 1e9
            true = skew["offset_ns"] + skew["drift_ppm"] * PPM_NS * seconds
        if clock.offset_ns is None or clock.error_ns is None:
            count.missing.append(f"{clock.node}: unknown, but it is {true:.0f} ns ahead")
        elif abs(clock.offset_ns - true) <= clock.error_ns:
            count.right += 1
        else:
            count.wrong.append(f"{clock.node}: {clock.offset_ns} ± {clock.error_ns} ns ahead, but it is {true:.0f}")
    return count


def printed(judged: dict[str, Judged], *, say: bool = False) -> str:
    """Return the table and, if asked for, every wrong and missing thing."""
    whole = {kind: Count() for kind in KINDS}
    for found in judged.values():
        for kind, count in found.items():
            whole[kind].right += count.right
            whole[kind].wrong += count.wrong
            whole[kind].missing += count.missing
            whole[kind].unsure += count.unsure
            whole[kind].doubtful += count.doubtful
    lines = [
        table(
            HEADER,
            [
                [
                    name,
                    *(found[kind].cell() for kind in KINDS),
                    str(found["links"].unsure),
                    str(found["links"].doubtful),
                ]
                for name, found in {**judged, "all": whole}.items()
            ],
        )
    ]
    for name, found in judged.items() if say else ():
        for kind, count in found.items():
            lines += [f"{name}: {kind}: wrong: {words}" for words in count.wrong]
            lines += [f"{name}: {kind}: missing: {words}" for words in count.missing]
    return "\n".join(lines)


def main(words: Sequence[str]) -> int:
    """Print the table; return 1 where anything is wrong."""
    asked = argparse.ArgumentParser(
        prog="python -m tests.agreement.links", description="Is what correlation says true?"
    )
    asked.add_argument("cases", nargs="*", help="only these reference cases")
    asked.add_argument("--say", action="store_true", help="say every wrong and missing one")
    options = asked.parse_args(words)
    judged = {one.name: judge(one) for one in ([case(name) for name in options.cases] or cases())}
    print(printed(judged, say=options.say))
    return int(anything_wrong(judged))


def anything_wrong(judged: dict[str, Judged]) -> bool:
    """Tell whether anything that was said is not true; what was not said is no lie."""
    return any(count.wrong for found in judged.values() for count in found.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
