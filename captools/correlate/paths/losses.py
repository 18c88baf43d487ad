"""Single packets that vanished on a way that other packets of the same flow came along: between which two points.

Of TCP only what the sender sent again is judged, by counting the copies of its first byte at each point: that does not
depend on how frames are cut up. Of other protocols a packet counts that no point behind saw and nobody answered.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from captools.correlate.evidence import Prover
from captools.correlate.paths.bpf import Header
from captools.correlate.paths.coverage import Coverage
from captools.correlate.paths.talks import Talks
from captools.correlate.same.match import Matches
from captools.correlate.same.repeats import Repeat
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.evidence import Confidence
from captools.model.packets import Proto, TcpFlag
from captools.model.paths import Loss, Way

_SPACE, _HALF = 1 << 32, 1 << 31  # of TCP sequence numbers


@dataclass(slots=True)
class _Found:
    packets: int = 0
    resent: int = 0
    rows: list[int] = field(default_factory=list)
    at_ns: int = 0


@dataclass(frozen=True, slots=True)
class Losses:
    """Finds the lost packets of each leg."""

    rows: Sightings
    talks: Talks
    matches: Matches
    repeated: npt.NDArray[np.int8]
    coverage: Coverage
    prover: Prover

    def candidates(self) -> Ints:
        """Return the legs that may have lost a packet: something was sent again, or not seen wherever others were."""
        members, legs = self.talks.rows, self.talks.legs
        if not len(members):
            return legs
        tcp = self.rows["proto"][members] == Proto.TCP
        again = legs[tcp & (self.repeated[members] == Repeat.RETRANSMITTED)]
        return np.unique(np.r_[again, self._uneven(np.flatnonzero(~tcp))])

    def _uneven(self, some: Ints) -> Ints:
        """Return the legs whose packets were not all seen at the same number of points."""
        legs, ids = self.talks.legs[some], self.matches.ids[self.talks.rows[some]]
        pairs = np.unique(np.stack([legs, ids, self.rows["point"][self.talks.rows[some]]]), axis=1)
        if not pairs.shape[1]:
            return legs
        starts = np.flatnonzero(np.r_[True, (np.diff(pairs[:2], axis=1) != 0).any(axis=0)])
        count, leg = np.diff(np.r_[starts, pairs.shape[1]]), pairs[0][starts]
        first = np.flatnonzero(np.r_[True, np.diff(leg) != 0])
        uneven = np.minimum.reduceat(count, first) < np.maximum.reduceat(count, first)
        found: Ints = leg[first][uneven]
        return found

    def of(self, leg: int, way: list[str], answered: set[int], errors: Ints) -> tuple[Loss, ...]:
        """Return the losses of a leg whose packets pass the points ``way`` in this order.

        ``answered``: the ICMP sequence numbers that were answered; those requests arrived, whoever missed them.
        ``errors``: rows of the ICMP errors about this conversation.
        """
        members = self.talks.of(leg)
        proto = int(self.rows["proto"][members[0]])
        codes = [self.rows.points.index(point) for point in dict.fromkeys(way)]
        if len(codes) < 2:
            return ()
        found: dict[int, _Found] = defaultdict(_Found)
        if proto == Proto.TCP:
            self._tcp(members, codes, found)
        else:
            self._others(members, codes, answered, found)
        return tuple(self._loss(leg, codes, at, one, errors) for at, one in sorted(found.items()))

    def _loss(self, leg: int, codes: list[int], at: int, one: _Found, errors: Ints) -> Loss:
        points = self.rows.points
        after, before = points[codes[at]], points[codes[at + 1]]
        row = one.rows[0]
        header = Header(
            src=self.rows.address("src", row) or "",
            dst=self.rows.address("dst", row) or "",
            proto=self.rows.number("proto", row) or 0,
            sport=self.rows.number("sport", row),
            dport=self.rows.number("dport", row),
        )
        return Loss(
            way=Way.REPLY if leg % 2 else Way.FORWARD,
            after=after,
            before=before,
            packets=one.packets,
            resent=one.resent,
            blind=self.coverage.why_not_witness(before, one.at_ns, header=header),
            cause=self._cause(one.rows, errors),
            evidence=self.prover.of(one.rows, f"seen here and not at {before}"),
        )

    def _cause(self, lost: list[int], errors: Ints) -> str:
        """Return what an ICMP error that quotes one of the lost packets says of it."""
        sent = {self.rows.number("seq", row) for row in lost} - {None}
        for row in errors.tolist():
            if self.rows.number("quoted_seq", row) in sent:
                mtu = self.rows.number("icmp_mtu", row)
                kind, code = self.rows.number("icmp_type", row), self.rows.number("icmp_code", row)
                room = f", the next link takes {mtu} bytes" if mtu else ""
                return f"{self.rows.address('src', row)} sent ICMP type {kind} code {code} about it{room}"
        return ""

    def _tcp(self, members: Ints, codes: list[int], found: dict[int, _Found]) -> None:
        flags, seq = self.rows["tcp_flags"][members], self.rows["seq"][members]
        takes = (flags != ABSENT) & (flags & (TcpFlag.SYN | TcpFlag.FIN) != 0)
        length = np.clip(self.rows["payload_len"][members], 0, None) + takes
        again = self.repeated[members] == Repeat.RETRANSMITTED
        for start in np.unique(seq[again & (length > 0)]).tolist():
            reach = (start - seq + _HALF) % _SPACE - _HALF
            covering = members[(seq != ABSENT) & (reach >= 0) & (reach < length)]
            copies = [self._copies(covering, code) for code in codes]
            self._drop(copies, found, resent=True)

    def _copies(self, some: Ints, code: int) -> list[int]:
        """Return one row of each different packet at a point, in time order, by the source that saw most of them."""
        here = some[self.rows["point"][some] == code]
        best: list[int] = []
        for source in np.unique(self.rows["source"][here]).tolist():
            mine = here[self.rows["source"][here] == source]
            _, first = np.unique(self.matches.ids[mine], return_index=True)
            rows = sorted(mine[first].tolist(), key=lambda row: int(self.rows["ts_ns"][row]))
            best = max(best, rows, key=len)
        return best

    def _drop(self, copies: list[list[int]], found: dict[int, _Found], *, resent: bool) -> None:
        """Note where the copies get fewer for good; the last point that a copy reached is where it was lost behind."""
        behind = 0
        for at in range(len(copies) - 2, -1, -1):
            behind = max(behind, len(copies[at + 1]))
            lost = len(copies[at]) - behind
            if lost <= 0:
                continue
            further = {int(self.matches.ids[row]) for later in copies[at + 1 :] for row in later}
            gone = [row for row in copies[at] if int(self.matches.ids[row]) not in further]
            one = found[at]
            # Where frames are cut up differently, numbers do not tell which copy went on: the earlier one was missed.
            rows = gone if len(gone) == lost else copies[at][:lost]
            one.rows += rows
            one.packets += lost
            one.resent += lost if resent else 0
            one.at_ns = one.at_ns or int(self.rows["ts_ns"][rows[0]])

    def _others(self, members: Ints, codes: list[int], answered: set[int], found: dict[int, _Found]) -> None:
        passed = set(np.unique(self.rows["point"][members]).tolist())
        codes_passed = [code for code in codes if code in passed]
        if len(codes_passed) < len(codes):
            return
        ids = self.matches.ids[members]
        for number in np.unique(ids).tolist():
            mine = members[ids == number]
            if (
                self.matches.confidence(number) is Confidence.POSSIBLE
                or int(self.rows["icmp_seq"][mine[0]]) in answered
            ):
                continue
            self._drop([self._copies(mine, code) for code in codes], found, resent=False)
