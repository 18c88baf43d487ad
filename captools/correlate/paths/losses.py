"""Single packets that vanished on a way that other packets of the same flow came along: between which two points.

TCP bytes are lost where the sender sent them again, and are counted by the copies of their first byte at each point:
that does not depend on how frames are cut up. Any other packet (also a bare TCP acknowledgment, keepalive or reset)
counts where no point behind saw it and nobody answered it.
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
from captools.correlate.same.sure import POSSIBLE
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.packets import Proto, TcpFlag
from captools.model.paths import Loss, Way

_SPACE, _HALF = 1 << 32, 1 << 31  # of TCP sequence numbers


@dataclass(slots=True)
class _Found:
    rows: list[int] = field(default_factory=list)  # one for each lost packet
    resent: int = 0


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
        again = legs[self.repeated[members] == Repeat.RETRANSMITTED]
        return np.unique(np.r_[again, self._uneven(np.flatnonzero(self._whole(members)))])

    def _whole(self, some: Ints) -> npt.NDArray[np.bool_]:
        """Tell which rows are packets that no offload cuts up or puts together, and that are known again behind NAT."""
        rows = self.rows
        bare = (rows["payload_len"][some] <= 0) & (rows["tsval"][some] != ABSENT)
        bare &= rows["tcp_flags"][some] & (TcpFlag.SYN | TcpFlag.FIN) == 0
        sure = self.matches.levels[self.matches.ids[some]] > POSSIBLE
        found: npt.NDArray[np.bool_] = sure & ((rows["proto"][some] != Proto.TCP) | bare)
        return found

    def _uneven(self, some: Ints) -> Ints:
        """Return the legs whose packets were not all seen at the same number of points."""
        rows = self.talks.rows[some]
        if not len(rows):
            return rows
        legs, ids, points = self.talks.legs[some], self.matches.ids[rows], self.rows["point"][rows]
        order = np.lexsort((points, ids, legs))
        packet = np.r_[True, (np.diff(legs[order]) != 0) | (np.diff(ids[order]) != 0)]
        starts = np.flatnonzero(packet)
        seen_at = np.add.reduceat((packet | np.r_[True, np.diff(points[order]) != 0]).astype(np.int64), starts)
        leg = legs[order][starts]
        first = np.flatnonzero(np.r_[True, np.diff(leg) != 0])
        uneven = np.minimum.reduceat(seen_at, first) < np.maximum.reduceat(seen_at, first)
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
        self._others(members[self._whole(members)], codes, answered, found)
        strayed = self._strayed(members, codes)
        for one in found.values():
            one.rows = [row for row in one.rows if int(self.matches.ids[row]) not in strayed]
        losses = (self._loss(leg, codes, at, one, errors) for at, one in sorted(found.items()))
        return tuple(one for one in losses if one is not None)

    def _strayed(self, members: Ints, codes: list[int]) -> set[int]:
        """Return the packets of a leg that were seen at a machine off its way: those took another one, and are not lost.

        All do once an address has moved to another machine.
        """
        nodes = [point.partition("/")[0] for point in self.rows.points]
        known = {nodes[code] for code in codes}
        off = [code for code, node in enumerate(nodes) if node not in known]
        return set(self.matches.ids[members[np.isin(self.rows["point"][members], off)]].tolist())

    def _loss(self, leg: int, codes: list[int], at: int, one: _Found, errors: Ints) -> Loss | None:
        """Tell of a loss; None where the next point was not being captured by then: it missed them of course."""
        points = self.rows.points
        after, before = points[codes[at]], points[codes[at + 1]]
        stamps = sorted((int(self.rows["ts_ns"][lost]), lost) for lost in one.rows)
        rows = [lost for at_ns, lost in stamps if self.coverage.capturing(before, at_ns)]
        if not rows:
            return None
        row = rows[0]
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
            packets=len(rows),
            resent=min(one.resent, len(rows)),
            blind=self.coverage.why_not_witness(before, int(self.rows["ts_ns"][row]), header=header),
            cause=self._cause(rows, errors),
            evidence=self.prover.of(rows, f"seen here and not at {before}"),
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
            self._drop(copies, found)

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

    def _drop(self, copies: list[list[int]], found: dict[int, _Found]) -> None:
        """Note where the copies get fewer for good; the last point that a copy reached is where it was lost behind."""
        behind = 0
        for at in range(len(copies) - 2, -1, -1):
            behind = max(behind, len(copies[at + 1]))
            lost = len(copies[at]) - behind
            if lost <= 0:
                continue
            further = {int(self.matches.ids[row]) for later in copies[at + 1 :] for row in later}
            gone = [row for row in copies[at] if int(self.matches.ids[row]) not in further]
            # Where frames are cut up differently, numbers do not tell which copy went on: the earlier one was missed.
            found[at].rows += gone if len(gone) == lost else copies[at][:lost]
            found[at].resent += lost

    def _others(self, members: Ints, codes: list[int], answered: set[int], found: dict[int, _Found]) -> None:
        """Note the packets whose last sighting is not at the last point; a packet answered was only missed there."""
        place = np.full(len(self.rows.points), ABSENT)
        place[codes] = np.arange(len(codes))
        at = place[self.rows["point"][members]]
        members, at = members[at != ABSENT], at[at != ABSENT]
        if not len(members) or len(np.unique(at)) < len(codes):
            return  # nothing of the kind came by some point at all
        order = np.lexsort((self.rows["ts_ns"][members], -at, self.matches.ids[members]))
        last = order[np.r_[True, np.diff(self.matches.ids[members][order]) != 0]]
        for row, where in zip(members[last].tolist(), at[last].tolist(), strict=True):
            if where < len(codes) - 1 and int(self.rows["icmp_seq"][row]) not in answered:
                found[where].rows.append(row)
