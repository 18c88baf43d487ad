"""Refusals: who ended a conversation before it began, by a TCP reset or by an ICMP error, and where that was first seen.

A reset bears the responder's address whoever sent it: it is the responder's own only where the request can have come
that far. An ICMP error bears its sender's address (RFC 792; RFC 4443, section 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from captools.correlate.evidence import Prover
from captools.correlate.paths.directions import WORDS
from captools.correlate.paths.strands import Strand, Strands
from captools.correlate.paths.talks import Talk, Talks, is_set
from captools.correlate.paths.witness import Witnesses
from captools.correlate.same.match import Matches
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.packets import Proto, TcpFlag
from captools.model.paths import Refusal

_UNREACHABLE: dict[int, int] = {Proto.ICMP: 3, Proto.ICMPV6: 1}
_FRAGMENTATION_NEEDED = 4
_PROOFS = 4  # frames of refusals that are shown: one would do, a few show that they repeat


@dataclass(frozen=True, slots=True)
class Refusals:
    """Finds who refused a conversation."""

    rows: Sightings
    talks: Talks
    matches: Matches
    strands: Strands
    errors: dict[int, Strand]  # for each row of an ICMP error the way of that error
    witnesses: Witnesses
    prover: Prover

    def of(self, talk: Talk) -> Refusal | None:
        """Return who refused a conversation and how, None where nobody did."""
        reply = talk.leg + 1
        flags = int(self.talks.flags[reply])
        reset = talk.flow.proto == Proto.TCP and is_set(flags, TcpFlag.RST) and not is_set(flags, TcpFlag.SYN)
        if reset and self.talks.payload[reply] <= 0:
            back = self.talks.of(reply)
            return self._reset(talk, back[self.rows["tcp_flags"][back] & TcpFlag.RST != 0])
        if self.talks.packets[reply]:
            return None
        errors = talk.errors[self._refuses(talk.errors)]
        return self._error(talk, errors) if len(errors) else None

    def _refuses(self, errors: Ints) -> Ints:
        """Return which of some ICMP errors say that the destination cannot be had at all."""
        proto, kind, code = (self.rows[name][errors] for name in ("proto", "icmp_type", "icmp_code"))
        four = (proto == Proto.ICMP) & (kind == _UNREACHABLE[Proto.ICMP]) & (code != _FRAGMENTATION_NEEDED)
        return np.flatnonzero(four | ((proto == Proto.ICMPV6) & (kind == _UNREACHABLE[Proto.ICMPV6])))

    def _reset(self, talk: Talk, resets: Ints) -> Refusal:
        shown = talk.back[0] if talk.back else None
        if shown is None or shown.row not in resets:  # what was seen most often of the way back is another packet
            shown = self.strands.of_row(int(resets[0]))[0]
        here = resets[self.rows["point"][resets] == self.rows["point"][shown.row]]
        return Refusal(
            kind="reset",
            by=self.rows.address("src", shown.row) or talk.flow.dst,
            point=self.rows.point(shown.row),
            direction=WORDS[shown.direction],
            opening=is_set(int(self.talks.flags[talk.leg]), TcpFlag.SYN),
            packets=len(set(self.matches.ids[resets].tolist())),
            unreached=self._unreached(talk),
            after_ns=self._after(talk, here),
            evidence=self.prover.of(here[:_PROOFS].tolist(), "the reset that refused it"),
        )

    def _error(self, talk: Talk, errors: Ints) -> Refusal:
        first = int(errors[0])
        same = errors[self.rows["src"][errors] == self.rows["src"][first]]
        shown = max((self.errors[row] for row in same.tolist()), key=len)[0]  # of several the one seen most often
        here = same[self.rows["point"][same] == self.rows["point"][shown.row]]
        tcp = talk.flow.proto == Proto.TCP
        return Refusal(
            kind="icmp",
            by=self.rows.address("src", first) or "",
            point=self.rows.point(shown.row),
            direction=WORDS[shown.direction],
            opening=not tcp or is_set(int(self.talks.flags[talk.leg]), TcpFlag.SYN),
            packets=len(set(self.matches.ids[same].tolist())),
            icmp_code=self.rows.number("icmp_code", first),
            after_ns=self._after(talk, here),
            evidence=self.prover.of(here[:_PROOFS].tolist(), "the ICMP error that refused it"),
        )

    def _unreached(self, talk: Talk) -> str:
        """Return the point behind the last sighting of the request that was listening and never saw it."""
        if not talk.there:
            return ""
        seen = {self.rows.points[code] for code in self.talks.points[talk.leg]}
        witness, _ = self.witnesses.behind(talk.there[-1], talk.far, seen)
        return witness

    def _after(self, talk: Talk, here: Ints) -> int | None:
        there = self.talks.of(talk.leg)
        asked = there[self.rows["point"][there] == self.rows["point"][here[0]]] if len(there) else there
        if not len(asked):
            return None
        waited = int(self.rows["ts_ns"][here].min()) - int(self.rows["ts_ns"][asked].min())
        return waited if waited >= 0 else None


def error_ways(rows: Ints, matches: Matches, strands: Strands) -> dict[int, Strand]:
    """Return for each of the rows of ICMP errors the way of the error that it shows; all at once."""
    if not len(rows):
        return {}
    ids = matches.ids[rows]
    # What has no number is a packet of its own.
    _, number = np.unique(np.where(ids == ABSENT, ABSENT - 1 - np.arange(len(ids)), ids), return_inverse=True)
    laid = strands.of_packets(2 * number, rows)
    return {row: laid[2 * at] for row, at in zip(rows.tolist(), number.tolist(), strict=True)}


def reason_of(refusal: Refusal) -> str:
    """Return in words who refused, and how that is known."""
    if refusal.kind == "icmp":
        return f"{refusal.by} answered with ICMP destination unreachable, code {refusal.icmp_code}"
    name = (
        f", in its name: the request never reached {refusal.unreached}, which was listening"
        if refusal.unreached
        else ""
    )
    return f"{refusal.by} answered with a reset (RST), first seen at {refusal.point}{name}"
