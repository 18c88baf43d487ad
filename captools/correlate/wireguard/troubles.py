"""Troubles: why handshakes between two nodes fail, as far as the packets can tell.

A peer never answers an initiation that it cannot verify (whitepaper, section 5.1: silence is a virtue), so a wrong key
and a firewall behind the card look alike; a blocked port differs, since the initiation then never reaches the card.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from captools.correlate.evidence import Prover
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.correlate.wireguard.cards import Cards
from captools.correlate.wireguard.ends import Ends
from captools.correlate.wireguard.handshakes import REKEY_TIMEOUT_NS, Attempt
from captools.model.evidence import Confidence
from captools.model.packets import Proto
from captools.model.units import rfc3339
from captools.model.wireguard import Trouble

_PORT_UNREACHABLE = {(Proto.ICMP, 3, 3), (Proto.ICMPV6, 1, 4)}  # RFC 792; RFC 4443, section 3.1
_SHOWN = 20
_ABOUT_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Witnesses:
    """What telling a cause needs: the rows, whose addresses they carry, and what each card could have seen."""

    rows: Sightings
    ends: Ends
    cards: Cards
    prover: Prover
    _held: dict[tuple[int, ...], Ints] = field(default_factory=dict)

    def rows_at(self, points: Ints) -> Ints:
        """Return the rows seen at ``points``, in the order of their times."""
        key = tuple(points.tolist())
        if key not in self._held:
            here = np.flatnonzero(np.isin(self.rows["point"], points))
            self._held[key] = here[np.argsort(self.rows["ts_ns"][here], kind="stable")]
        return self._held[key]

    def points_of(self, place: int) -> Ints:
        """Return the codes of a node's cards at which anything was seen."""
        name = self.ends.name(place)
        mine = [code for code, point in enumerate(self.rows.points) if point.partition("/")[0] == name]
        return np.array([code for code in mine if self.cards.clear[code]], np.int64)

    def at(self, row: int, points: Ints) -> bool:
        """Tell whether a row was seen at one of ``points``."""
        return int(self.rows["point"][row]) in points.tolist()

    def heard_from(self, place: int, points: Ints, since: int, until: int) -> bool:
        """Tell whether any packet of a node was seen at ``points`` between two times, whatever it carried."""
        rows, every = self.rows, self.rows_at(points)
        first, last = np.searchsorted(rows["ts_ns"][every], (since, until + _ABOUT_NS))
        here = every[first:last]
        src = np.where(rows["outer_src"][here] != ABSENT, rows["outer_src"][here], rows["src"][here])
        return bool((self.ends.owner[src] == place).any() or (self.ends.underlay[src] == place).any())

    def listening(self, points: Ints, since: int, until: int) -> bool:
        """Tell whether ``points`` were captured all the while: by what they saw, or by when their tools ran."""
        seen = self.rows["ts_ns"][self.rows_at(points)]
        if len(seen) and seen[0] <= since and seen[-1] >= until:
            return True
        names = {self.rows.points[code] for code in points.tolist()}
        return any(
            (source.started_ns or until) <= since and (source.stopped_ns or since) >= until
            for source in self.cards.sources
            if source.point in names
        )


def troubles(ordered: list[Attempt], seen: Witnesses) -> list[tuple[int, int, Trouble]]:
    """Return (initiator's place, responder's place, trouble) where initiations fail and none helped since."""
    ways: dict[tuple[int, int], list[Attempt]] = defaultdict(list)
    for one in ordered:
        ways[one.initiator, one.responder].append(one)
    found = []
    for (initiator, responder), mine in ways.items():
        back = ways.get((responder, initiator), [])
        lost = _answer_lost(mine, seen, initiator)
        if lost:
            found.append((initiator, responder, lost))
            continue
        solved = max((one.at for one in [*mine, *back] if one.answered), default=0)
        failed = [one for one in mine if not one.answered and not one.cookies and one.watched and one.at > solved]
        if failed:
            found.append((initiator, responder, _cause(failed, seen, initiator, responder)))
    return found


def _answer_lost(mine: list[Attempt], seen: Witnesses, initiator: int) -> Trouble | None:
    """Answers that left the responder and never came to the card of the initiator, which therefore tried again."""
    home = seen.points_of(initiator)
    lost = [
        one
        for one, after in zip(mine, mine[1:], strict=False)
        if one.answered
        and after.at - one.at <= REKEY_TIMEOUT_NS * 2
        and any(seen.at(row, home) for row in one.asked)
        and not any(seen.at(row, home) for row in one.answered)
    ]
    if not lost or seen.cards.why_blind({seen.ends.name(initiator)}):
        return None
    rows = [row for one in lost for row in one.answered]
    return _told(
        "answer-lost", lost, seen, rows, Confidence.LIKELY,
        f"the answers were seen at {_points(seen.rows, rows)} and never came to {seen.ends.name(initiator)}'s card",
    )  # fmt: skip


def _cause(failed: list[Attempt], seen: Witnesses, initiator: int, responder: int) -> Trouble:
    rows, names = seen.rows, seen.ends.name
    asked = [row for one in failed for row in one.asked]
    closed = _unreachable(rows, asked)
    if closed:
        return _told(
            "closed", failed, seen, [*asked, *closed], Confidence.PROVEN,
            f"ICMP port unreachable came back: nothing listens on UDP {int(rows['dport'][asked[0]])} of {names(responder)}",
        )  # fmt: skip
    there = seen.points_of(responder)
    reached = [row for row in asked if seen.at(row, there)]
    blind = seen.cards.why_blind({names(responder)})
    if reached:
        return _told(
            "ignored", failed, seen, reached, Confidence.POSSIBLE if blind else Confidence.LIKELY,
            f"they reach {_points(rows, reached)}, and {names(responder)} answers none of them: it does not know this "
            "sender's key, or expects another one of its own, or drops them behind its card; compare the public keys in "
            f"wg show on {names(initiator)} and {names(responder)}",
        )  # fmt: skip
    if not len(there) or blind:
        why = blind or f"no card of {names(responder)} was captured"
        return _told(
            "unknown", failed, seen, asked, Confidence.POSSIBLE,
            f"whether they reach {names(responder)} cannot be told: {why}",
        )  # fmt: skip
    at, since, until = _points(rows, asked), failed[0].at, failed[-1].at
    if not seen.listening(there, since, until):
        return _told(
            "unknown", failed, seen, asked, Confidence.POSSIBLE,
            f"they were not seen at {names(responder)}'s card, which may not have been captured all the while",
        )  # fmt: skip
    if seen.heard_from(initiator, there, since, until):
        return _told(
            "blocked", failed, seen, asked, Confidence.LIKELY,
            f"they were seen at {at} and never at {names(responder)}'s card, although other packets of "
            f"{names(initiator)} come there: UDP {int(rows['dport'][asked[0]])} is blocked on the way",
        )  # fmt: skip
    return _told(
        "unreached", failed, seen, asked, Confidence.LIKELY,
        f"they were seen at {at} and never at {names(responder)}'s card, where nothing else of {names(initiator)} came "
        f"meanwhile: UDP {int(rows['dport'][asked[0]])} or the whole way is blocked behind the last of these points",
    )  # fmt: skip


def _unreachable(rows: Sightings, asked: list[int]) -> list[int]:
    """Return the ICMP errors that quote one of the initiations."""
    ends = {tuple(int(rows[name][row]) for name in ("src", "dst", "sport", "dport")) for row in asked}
    found = []
    for row in rows.quoting.tolist():
        code = int(rows["proto"][row]), int(rows["icmp_type"][row]), int(rows["icmp_code"][row])
        quoted = ("quoted_src", "quoted_dst", "quoted_sport", "quoted_dport")
        if code in _PORT_UNREACHABLE and tuple(int(rows[name][row]) for name in quoted) in ends:
            found.append(row)
    return found


def _points(rows: Sightings, members: list[int]) -> str:
    return ", ".join(sorted({rows.point(row) for row in members}))


def _told(
    kind: str, attempts: list[Attempt], seen: Witnesses, members: list[int], confidence: Confidence, reason: str
) -> Trouble:
    return Trouble(
        kind=kind,
        initiator=seen.ends.name(attempts[0].initiator),
        responder=seen.ends.name(attempts[0].responder),
        initiations=len(attempts),
        first=rfc3339(attempts[0].at),
        last=rfc3339(attempts[-1].at),
        reason=reason,
        confidence=confidence,
        points=tuple(sorted({seen.rows.point(row) for one in attempts for row in one.asked})),
        evidence=seen.prover.of(members[:_SHOWN], f"handshake messages of the trouble: {kind}"),
    )
