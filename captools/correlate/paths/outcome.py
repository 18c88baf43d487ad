"""Outcome: delivered, refused, lost or unknown, and the reason. ``lost`` needs every guard of DESIGN section 8."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from captools.correlate.paths.coverage import Coverage
from captools.correlate.paths.refusals import Refusals, reason_of
from captools.correlate.paths.talks import Talk, Talks, is_set
from captools.correlate.paths.witness import Witnesses
from captools.correlate.same.repeats import Repeat
from captools.correlate.sightings import ABSENT, Sightings
from captools.model.flows import Flow, proto_name
from captools.model.packets import Proto, TcpFlag
from captools.model.paths import Outcome, Refusal
from captools.model.points import Role

_ECHOES = 3  # a ping goes on whether it is answered or not: so many without an answer are no accident of the capture


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a conversation ended. ``lost_between``: the last point that saw it, and the one that it never reached.

    ``no_answer_at``: where nothing is known to be lost, the responder's interface that would have shown its answer.
    """

    outcome: Outcome
    reason: str
    last_row: int = ABSENT
    lost_between: tuple[str, str] | None = None
    refusal: Refusal | None = None
    no_answer_at: str = ""


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges conversations."""

    rows: Sightings
    talks: Talks
    repeated: npt.NDArray[np.int8]  # a captools.correlate.same.repeats.Repeat per row
    coverage: Coverage
    witnesses: Witnesses
    refusals: Refusals

    def verdict(self, talk: Talk) -> Verdict:
        """Return how a conversation ended."""
        last = talk.there[-1].row if talk.there else ABSENT
        refusal = self.refusals.of(talk)
        if refusal is not None:
            return Verdict(outcome=Outcome.REFUSED, reason=reason_of(refusal), last_row=last, refusal=refusal)
        if self.talks.packets[talk.leg + 1]:
            return self._answered(talk, last)
        return self._silent(talk, last)

    def _answered(self, talk: Talk, last: int) -> Verdict:
        """The responder answered: the way there is proven; look whether the answer came back as far."""
        if not self.talks.packets[talk.leg]:
            only = "only the answers were captured; they show that the requests arrived"
            return Verdict(outcome=Outcome.DELIVERED, reason=only, last_row=last)
        origin = self.rows.point(int(self.talks.origin[talk.leg]))
        back = {self.rows.points[code] for code in self.talks.points[talk.leg + 1]}
        if self._home(origin) & back or not self.coverage.captured(origin):
            doors = back & self._home(origin)  # not always the interface that the request left by
            came = f", and the answer was seen at {origin if origin in doors else min(doors)}" if doors else ""
            reason = f"answered by {talk.flow.dst}{came}"
            return Verdict(outcome=Outcome.DELIVERED, reason=reason, last_row=last)
        there = {self.rows.points[code] for code in self.talks.points[talk.leg]}
        seen = ", ".join(sorted(back - there) or sorted(back))
        flow = talk.far
        home = Flow(flow.dst, flow.src, flow.proto, flow.dport, flow.sport)
        witness, why = self.witnesses.behind(talk.back[-1], home, back)
        if not witness:
            reason = f"answered by {talk.flow.dst} (seen at {seen}); the way back is not covered: {why}"
            return Verdict(outcome=Outcome.DELIVERED, reason=reason, last_row=last)
        row = talk.back[-1].row
        if not self._sent_again(talk):
            reason = f"the answer of {talk.flow.dst} was seen at {seen}, not at {witness}, and nothing was repeated"
            return Verdict(outcome=Outcome.UNKNOWN, reason=reason, last_row=row)
        point = self.rows.point(row)
        reason = f"the answer of {talk.flow.dst} was lost between {point} and {witness}, which was listening"
        return Verdict(outcome=Outcome.LOST, reason=reason, last_row=row, lost_between=(point, witness))

    def _home(self, origin: str) -> set[str]:
        """Return the points at which an answer is back home.

        Back on the originator's node is back, by whatever interface: the way there and the way back may differ. Only a
        pod has one door.
        """
        node, slash, _ = origin.partition("/")
        pods = self.coverage.roles.get(origin) is Role.PODS
        return {
            point
            for point in self.rows.points
            if point == origin or (slash and not pods and point.startswith(node + "/"))
        }

    def _sent_again(self, talk: Talk) -> bool:
        """Tell whether the originator asked again for want of an answer: the same TCP bytes, or echoes enough."""
        there = self.talks.of(talk.leg)
        if talk.flow.proto == Proto.TCP:
            return bool((self.repeated[there] == Repeat.RETRANSMITTED).any())
        return len(np.unique(self.rows["icmp_seq"][there])) >= _ECHOES

    def _silent(self, talk: Talk, last: int) -> Verdict:
        """Nobody answered: lost only where a point that it had to pass would have shown it."""
        here = self.rows.point(last)
        sent = int(self.talks.packets[talk.leg])
        opening = f"no answer to {sent} {'packet' if sent == 1 else 'packets'} ({self._kind(talk)})"
        midway = talk.flow.proto == Proto.TCP and not is_set(int(self.talks.flags[talk.leg]), TcpFlag.SYN)
        if midway and not self._sent_again(talk):
            reason = f"only one direction was captured, last at {here}"
            return Verdict(outcome=Outcome.UNKNOWN, reason=reason, last_row=last)
        seen = {self.rows.points[code] for code in self.talks.points[talk.leg]}
        witness, why = self.witnesses.behind(talk.there[-1], talk.far, seen | {here})
        if not witness:
            owes = "; UDP does not owe one" if talk.flow.proto == Proto.UDP else ""
            reason = f"{opening}{owes}; last seen at {here}, but {why}"
            asked_again = not owes and self._sent_again(talk)
            mute = self.witnesses.mute(talk.far, int(self.rows["ts_ns"][last])) if asked_again else ""
            return Verdict(outcome=Outcome.UNKNOWN, reason=reason, last_row=last, no_answer_at=mute)
        reason = f"{opening}; lost between {here}, where it was last seen, and {witness}, which was listening"
        return Verdict(outcome=Outcome.LOST, reason=reason, last_row=last, lost_between=(here, witness))

    def _kind(self, talk: Talk) -> str:
        return "SYN" if is_set(int(self.talks.flags[talk.leg]), TcpFlag.SYN) else proto_name(talk.flow.proto)
