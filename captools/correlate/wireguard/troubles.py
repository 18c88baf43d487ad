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
from captools.correlate.wireguard.messages import Messages
from captools.model.cluster import Cluster
from captools.model.evidence import Confidence
from captools.model.packets import Proto
from captools.model.units import rfc3339
from captools.model.wireguard import Trouble
from captools.wire.wireguard import DATA

_PORT_UNREACHABLE = {(Proto.ICMP, 3, 3), (Proto.ICMPV6, 1, 4)}  # RFC 792; RFC 4443, section 3.1
_SHOWN = 20
_SHOWS = {
    "ignored": "handshake initiations that came here and were not answered",
    "blocked": "handshake initiations that came as far as this, and never to the receiver's card",
    "filtered": "handshake initiations that came as far as this, and never to the receiver's card",
    "unreached": "handshake initiations that came as far as this, and never to the receiver's card",
    "answer-lost": "answers to handshake initiations, which never came back",
    "closed": "handshake initiations, and the ICMP errors about them",
    "unknown": "handshake initiations without an answer",
}
_ABOUT_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Witnesses:
    """What telling a cause needs: the rows, whose addresses they carry, and what each card could have seen."""

    rows: Sightings
    ends: Ends
    cards: Cards
    prover: Prover
    cluster: Cluster = field(default_factory=Cluster)
    _held: dict[tuple[int, ...], Ints] = field(default_factory=dict)
    _cards: dict[int, Ints] = field(default_factory=dict)

    def rows_at(self, points: Ints) -> Ints:
        """Return the rows seen at ``points``, in the order of their times."""
        key = tuple(points.tolist())
        if key not in self._held:
            here = np.flatnonzero(np.isin(self.rows["point"], points))
            self._held[key] = here[np.argsort(self.rows["ts_ns"][here], kind="stable")]
        return self._held[key]

    def points_of(self, place: int) -> Ints:
        """Return the codes of a node's cards that showed packets of the node's own address: its underlay passes there."""
        if place not in self._cards:
            rows, name = self.rows, self.ends.name(place)
            mine = [code for code, point in enumerate(rows.points) if point.partition("/")[0] == name]
            mine = [code for code in mine if self.cards.clear[code]]
            here = self.rows_at(np.array(mine, np.int64))
            wrapped = rows["outer_src"][here] != ABSENT
            ends = [np.where(wrapped, rows[f"outer_{end}"][here], rows[end][here]) for end in ("src", "dst")]
            own = (self.ends.underlay[ends[0]] == place) | (self.ends.underlay[ends[1]] == place)
            self._cards[place] = np.unique(rows["point"][here[own]])
        return self._cards[place]

    def why_blind(self, place: int, until: int) -> str:
        """Return why a packet up to a time could have been missed at a node's cards; "" where it could not."""
        last = {
            self.rows.sources[code]: int(self.rows["ts_ns"][self.rows["source"] == code].max())
            for code in np.unique(self.rows["source"]).tolist()
            if self.rows.sources[code] in self.cards.tails
        }
        return self.cards.why_blind({self.ends.name(place)}, [name for name, at in last.items() if at >= until])

    def uncaptured(self, place: int, other: int) -> str:
        """Return the card by which a node reaches another one, where its own tables tell and it was not captured."""
        here, there = (self.cluster.node(self.ends.name(one)) for one in (place, other))
        if not (here and there and there.internal_ip):
            return ""
        captured = {self.rows.points[code] for code in self.points_of(place).tolist()}
        # Of a route that changed during the capture both cards count.
        cards = (f"{here.name}/{route.dev}" for route in here.routes_to(there.internal_ip) if route and route.dev)
        return next((point for point in cards if point not in captured), "")

    def at(self, row: int, points: Ints) -> bool:
        """Tell whether a row was seen at one of ``points``."""
        return int(self.rows["point"][row]) in points.tolist()

    def heard_from(self, place: int, points: Ints, since: int, until: int, *, sealed: bool = False) -> bool:
        """Tell whether any packet of a node was seen at ``points`` between two times: whatever it carried, or data only.

        ``sealed`` asks for WireGuard's data messages.
        """
        rows, every = self.rows, self.rows_at(points)
        first, last = np.searchsorted(rows["ts_ns"][every], (since, until + _ABOUT_NS))
        here = every[first:last]
        if sealed:
            here = here[rows["wg_type"][here] == DATA]
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


def births(seen: Messages) -> dict[tuple[int, int], int]:
    """Return by pair of places when the newest session's first message passed.

    A session's counter starts at 0 (whitepaper, section 5.4.6), so that such a message shows that a handshake worked,
    also where its answer took a way that nobody captured.
    """
    found: dict[tuple[int, int], int] = {}
    first = np.flatnonzero(seen.counter == 0)
    for one, other, at in zip(
        seen.sender[first].tolist(), seen.receiver[first].tolist(), seen.ts[first].tolist(), strict=True
    ):
        pair = min(one, other), max(one, other)
        found[pair] = max(at, found.get(pair, at))
    return found


def troubles(
    ordered: list[Attempt], seen: Witnesses, born: dict[tuple[int, int], int]
) -> list[tuple[int, int, Trouble]]:
    """Return (initiator's place, responder's place, trouble) where initiations fail and none helped since.

    ``born``: when the newest session of each pair began, as its data show.
    """
    ways: dict[tuple[int, int], list[Attempt]] = defaultdict(list)
    for one in ordered:
        ways[one.initiator, one.responder].append(one)
    found = []
    for (initiator, responder), mine in ways.items():
        back = ways.get((responder, initiator), [])
        since = born.get((min(initiator, responder), max(initiator, responder)), 0)
        lost = _answer_lost([one for one in mine if one.at > since], seen, initiator)
        if lost:
            found.append((initiator, responder, lost))
            continue
        solved = max([since, *(one.at for one in [*mine, *back] if one.answered)])
        failed = [one for one in mine if not one.answered and not one.cookies and one.at > solved]
        if any(one.watched for one in failed):
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
    if not lost or seen.why_blind(initiator, lost[-1].at + REKEY_TIMEOUT_NS):
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
    # An initiation that was repeated got no answer, whatever the capture lacks behind the last of them.
    blind, other_card = seen.why_blind(responder, failed[-1].at), seen.uncaptured(responder, initiator)
    if reached:
        return _told(
            "ignored", failed, seen, reached, Confidence.POSSIBLE if blind or other_card else Confidence.LIKELY,
            f"they reach {_points(rows, reached)}, and {names(responder)} answers none of them: it does not know this "
            "sender's key, or expects another one of its own, or drops them behind its card; compare the public keys in "
            f"wg show on {names(initiator)} and {names(responder)}",
        )  # fmt: skip
    if not len(there) or blind or other_card:
        why = blind or (
            f"{other_card}, by which it reaches {names(initiator)}, was not captured"
            if other_card
            else f"no card of {names(responder)} was captured"
        )
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
    if seen.heard_from(initiator, there, since, until + REKEY_TIMEOUT_NS, sealed=True):
        return _told(
            "filtered", failed, seen, asked, Confidence.LIKELY,
            f"they were seen at {at} and never at {names(responder)}'s card, although WireGuard data of {names(initiator)} "
            "come there on the same port: something on the way drops handshakes only",
            unseen_at=there,
        )  # fmt: skip
    if seen.heard_from(initiator, there, since, until + REKEY_TIMEOUT_NS):
        return _told(
            "blocked", failed, seen, asked, Confidence.LIKELY,
            f"they were seen at {at} and never at {names(responder)}'s card, although other packets of "
            f"{names(initiator)} come there: UDP {int(rows['dport'][asked[0]])} is blocked on the way",
            unseen_at=there,
        )  # fmt: skip
    return _told(
        "unreached", failed, seen, asked, Confidence.LIKELY,
        f"they were seen at {at} and never at {names(responder)}'s card, where nothing else of {names(initiator)} came "
        f"meanwhile: handshakes, UDP {int(rows['dport'][asked[0]])} or the whole way is blocked behind the last of these points",
        unseen_at=there,
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


def _last_seen(rows: Sightings, asked: list[int], initiator: str) -> str:
    """Return the point where an initiation got farthest: routers lower the TTL, another machine is behind the sender's.

    Time tells within a machine only.
    """
    if not asked:
        return ""
    return rows.point(
        min(asked, key=lambda row: (int(rows["ttl"][row]), rows.node(row) == initiator, -int(rows["ts_ns"][row])))
    )


def _points(rows: Sightings, members: list[int]) -> str:
    return ", ".join(sorted({rows.point(row) for row in members}))


def _less(confidence: Confidence) -> Confidence:
    """An initiator tries again after five seconds; that it did not may mean that it was answered out of our sight."""
    return Confidence.POSSIBLE if confidence is Confidence.LIKELY else confidence


def _told(
    kind: str, attempts: list[Attempt], seen: Witnesses, members: list[int], confidence: Confidence, reason: str,
    unseen_at: Ints | None = None,
) -> Trouble:  # fmt: skip
    return Trouble(
        kind=kind,
        initiator=seen.ends.name(attempts[0].initiator),
        responder=seen.ends.name(attempts[0].responder),
        initiations=len(attempts),
        first=rfc3339(attempts[0].at),
        last=rfc3339(attempts[-1].at),
        reason=reason,
        confidence=confidence if len(attempts) > 1 else _less(confidence),
        points=tuple(sorted({seen.rows.point(row) for one in attempts for row in one.asked})),
        last_seen=_last_seen(seen.rows, attempts[-1].asked, seen.ends.name(attempts[0].initiator)),
        unseen_at=() if unseen_at is None else tuple(sorted(seen.rows.points[code] for code in unseen_at.tolist())),
        evidence=seen.prover.of(members[:_SHOWN], _SHOWS[kind]),
    )
