"""Follow conversations over the observation points, hop by hop, and say how each of them ended.

What is asked of every conversation is computed for all at once on columns; Python sees one strand per direction.
"""

from __future__ import annotations

import numpy as np

from captools.correlate.evidence import Prover
from captools.correlate.paths.asymmetry import Detours
from captools.correlate.paths.coverage import Coverage
from captools.correlate.paths.directions import Directions
from captools.correlate.paths.expected import Guide, Walk
from captools.correlate.paths.hops import Sighting, Teller
from captools.correlate.paths.losses import Losses
from captools.correlate.paths.matched import Matched
from captools.correlate.paths.outcome import Judge, Verdict
from captools.correlate.paths.refusals import Refusals, error_ways
from captools.correlate.paths.strands import Strand, Strands
from captools.correlate.paths.talks import Talk, Talks, is_set, talks
from captools.correlate.paths.timing import Timing
from captools.correlate.paths.witness import Witnesses
from captools.correlate.same.icmp_errors import Errors
from captools.correlate.sightings import ABSENT, Ints
from captools.model.evidence import Evidence
from captools.model.flows import Flow
from captools.model.packets import Proto, TcpFlag
from captools.model.paths import Expected, Loss, Outcome, Path, Way


class Follower:
    """Follows all conversations."""

    def __init__(self, known: Matched, coverage: Coverage, prover: Prover) -> None:
        self._known = known
        self._coverage = coverage
        self._prover = prover
        rows = known.rows
        guide = Guide(coverage.cluster)
        self._guide = guide
        directions = Directions(rows, coverage.cluster, coverage.roles)
        self._strands = Strands(rows, known.matches, known.runs, directions, known.outer_of)
        self._teller = Teller(rows, known.matches, coverage.cluster, Timing(rows, known.clocks), prover)
        self._talks: Talks = talks(rows, known.matches, known.runs, known.groups)
        self._witnesses = Witnesses(rows, coverage, guide)
        errors = error_ways(np.unique(known.errors.rows), known.matches, self._strands)
        refusals = Refusals(rows, self._talks, known.matches, self._strands, errors, self._witnesses, prover)
        self._judge = Judge(rows, self._talks, known.repeated, coverage, self._witnesses, refusals)
        self._losses = Losses(rows, self._talks, known.matches, known.repeated, coverage, prover)
        self._detours = Detours(coverage, guide)

    def paths(self) -> tuple[Path, ...]:
        """Return the path of every conversation, in the order of the groups."""
        shown = self._talks
        best = np.flatnonzero(self._known.matches.ids[shown.rows] == shown.best[shown.legs])
        strands = self._strands.of_packets(shown.legs[best], shown.rows[best])
        self._teller.load(_rows_of(list(strands.values())))
        uneven = set(self._losses.candidates().tolist())
        errors = _by_group(self._known.errors)
        return tuple(self._path(number, strands, uneven, errors) for number in range(len(self._known.groups)))

    def _path(self, number: int, strands: dict[int, Strand], uneven: set[int], errors: dict[int, Ints]) -> Path:
        leg, shown, rows = 2 * number, self._talks, self._known.rows
        variants = self._known.groups[number]
        there, back = strands.get(leg, []), strands.get(leg + 1, [])
        talk = Talk(
            leg=leg, flow=variants[0].flow, far=variants[-1].flow, there=there, back=back,
            errors=errors.get(number, np.empty(0, np.int64)),
        )  # fmt: skip
        verdict = self._judge.verdict(talk)
        hops = self._teller.hops(there, Way.FORWARD), self._teller.hops(back, Way.REPLY)
        losses = self._lost(leg, there, uneven, talk.errors) + self._lost(leg + 1, back, uneven, talk.errors)
        points = [{rows.points[code] for code in shown.points[one]} for one in (leg, leg + 1)]
        for seen, way in zip(points, hops, strict=True):
            seen |= {hop.point for hop in way}
        firsts = [int(shown.first_ns[one]) for one in (leg, leg + 1) if shown.packets[one]]
        counts = int(shown.packets[leg]), int(shown.packets[leg + 1])
        return Path(
            flow=talk.flow,
            packets=sum(counts),
            request_packets=counts[0],
            reply_packets=counts[1],
            outcome=verdict.outcome,
            reason=verdict.reason + _also(verdict.outcome, losses),
            last_seen=rows.point(verdict.last_row) if verdict.last_row != ABSENT else "",
            hops=hops[0] + hops[1],
            first_ns=min(firsts),
            points=tuple(sorted(points[0] | points[1])),
            lost_between=verdict.lost_between,
            refusal=verdict.refusal,
            no_answer_at=verdict.no_answer_at,
            opened=talk.flow.proto == Proto.TCP and is_set(int(shown.flags[leg]), TcpFlag.SYN),
            last_evidence=self._last_of(leg, verdict),
            expected=self._expected(variants, there, back, points),
            losses=losses,
            detours=self._detours.of(talk.flow, points[0], points[1], hops[0], int(shown.first_ns[leg + 1]))
            if verdict.outcome is Outcome.DELIVERED
            else (),
        )

    def _last_of(self, leg: int, verdict: Verdict) -> tuple[Evidence, ...]:
        """Return all packets of the way that was lost or not answered, at the last point that saw them."""
        if verdict.lost_between is None and not verdict.no_answer_at:
            return ()
        here, rows = int(self._known.rows["point"][verdict.last_row]), self._known.rows["point"]
        both = [some[rows[some] == here] for some in (self._talks.of(leg), self._talks.of(leg + 1))]
        way = both[int(verdict.last_row in both[1])]
        return self._prover.of(way.tolist(), "last seen here")

    def _lost(self, leg: int, strand: Strand, uneven: set[int], errors: Ints) -> tuple[Loss, ...]:
        if leg not in uneven:
            return ()
        rows, answers = self._known.rows, self._talks.of(leg + 1 - 2 * (leg % 2))
        echo = leg % 2 == 0 and int(rows["proto"][self._talks.of(leg)[0]]) in (Proto.ICMP, Proto.ICMPV6)
        answered = set(rows["icmp_seq"][answers].tolist()) if echo else set()
        way = [rows.point(one.row) for one in strand if not self._sealed(one)]
        return self._losses.of(leg, way, answered, errors)

    def _sealed(self, one: Sighting) -> bool:
        return int(self._known.rows["wg_type"][one.row]) != ABSENT

    def _expected(
        self, variants: tuple[object, ...], there: Strand, back: Strand, points: list[set[str]]
    ) -> tuple[Expected, ...]:
        """Return what the tables say of both ways, from the first sighting of each address pair on."""
        if not self._guide.cluster.nodes:
            return ()
        found: dict[tuple[str, Way], Expected] = {}
        for strand, way, seen in ((there, Way.FORWARD, points[0]), (back, Way.REPLY, points[1])):
            known: set[tuple[int, int]] = set()
            for one in strand:
                ends = int(self._known.rows["src"][one.row]), int(self._known.rows["dst"][one.row])
                if ends in known or self._sealed(one):
                    continue
                known.add(ends)
                walk, flow = self._walk(one, first=len(known) == 1)
                at_ns = int(self._known.rows["ts_ns"][one.row])
                for step in self._witnesses.expected(walk, flow, way, seen, at_ns):
                    found.setdefault((step.point, way), step)
        return tuple(found.values())

    def _walk(self, one: Sighting, *, first: bool) -> tuple[Walk, Flow]:
        """Return the way from a packet's own sender, where that is known, or from the node that shows it."""
        rows, row = self._known.rows, one.row
        src, dst = rows.address("src", row) or "", rows.address("dst", row) or ""
        flow = Flow(src, dst, rows.number("proto", row) or 0, rows.number("sport", row), rows.number("dport", row))
        home = self._guide.home(src) if first else None
        node = home.name if home else rows.point(row).partition("/")[0]
        return self._guide.whole(node, src, dst), flow


def _rows_of(strands: list[Strand]) -> Ints:
    return np.unique(np.array([one.row for strand in strands for one in strand], np.int64))


def _by_group(errors: Errors) -> dict[int, Ints]:
    return {group: errors.about(group) for group in np.unique(errors.groups).tolist()}


def _also(outcome: Outcome, losses: tuple[Loss, ...]) -> str:
    """Say in the reason that single packets of a conversation were lost, and between which points."""
    proven = [one for one in losses if one.proven]
    if outcome is not Outcome.DELIVERED or not proven:
        return ""
    told = ", ".join(
        f"{one.packets} {'packet' if one.packets == 1 else 'packets'} between {one.after} and {one.before}"
        for one in proven
    )
    return f"; lost on the way: {told}"
