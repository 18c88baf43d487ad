"""What was sent to one address and what came from it: signs that it lives, and conversations that broke off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from captools.correlate.arp.frames import Bools, numbered
from captools.correlate.evidence import Prover
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.arp import Broken
from captools.model.evidence import Proofs
from captools.model.packets import Proto, TcpFlag

MOST_BROKEN = 256
_ECHO_REQUEST = 8


@dataclass(frozen=True, slots=True)
class AddressTalks:
    """All sightings of packets to and from one address, in order of time.

    ``there``: to the address; ``owes``: to it, and such that a live machine answers; ``talk`` numbers conversations.
    """

    rows: Sightings
    row: Ints
    time: Ints
    there: Bools
    owes: Bools
    talk: Ints

    def life(self) -> Ints:
        """Return when packets from the address were seen."""
        return self.time[~self.there]

    def owing(self, after_ns: int, before_ns: int) -> Ints:
        """Return the positions of packets to the address between two times that owe an answer."""
        first, last = np.searchsorted(self.time, (after_ns, before_ns))
        found: Ints = first + np.flatnonzero(self.owes[first:last])
        return found

    def seen_once(self, some: Ints) -> int:
        """Return how many packets these sightings are, at least: the most that one point shows."""
        points = self.rows["point"][self.row[some]]
        return int(np.bincount(points).max(initial=0))

    def broken(self, owing: Ints, prover: Prover) -> tuple[Broken, ...]:
        """Return what became of the conversations that ``owing`` (of one gap) belong to."""
        talks = list(dict.fromkeys(self.talk[owing].tolist()))
        return tuple(self._fates(talks[:MOST_BROKEN], owing, prover))

    def _fates(self, talks: list[int], owing: Ints, prover: Prover) -> Iterator[Broken]:
        for talk in talks:
            mine = owing[self.talk[owing] == talk]
            back = np.flatnonzero((self.talk == talk) & ~self.there & (self.time > self.time[mine[0]]))
            row, proof = int(self.row[mine[0]]), self.row[np.r_[mine, back[:1]]]
            flags = int(self.rows["tcp_flags"][self.row[back[0]]]) if len(back) else 0
            reset = self.rows["proto"][row] == Proto.TCP and bool(flags & TcpFlag.RST)
            yield Broken(
                src=self.rows.address("src", row) or "",
                sport=self.rows.number("sport", row),
                dport=self.rows.number("dport", row),
                proto=int(self.rows["proto"][row]),
                fate="reset" if reset else "late" if len(back) else "unanswered",
                evidence=_proof(proof, prover),
            )


def _proof(some: Ints, prover: Prover) -> Proofs:
    return Proofs(lambda: prover.of(some.tolist(), "sent to the address, and not answered"))


def address_talks(rows: Sightings, address: int) -> AddressTalks:
    """Return the talks with the address of this code."""
    to, of = rows["dst"] == address, rows["src"] == address
    some = np.flatnonzero((to | of) & (rows["quoted_dst"] == ABSENT))
    some = some[np.argsort(rows["ts_ns"][some], kind="stable")]
    there, proto, flags = to[some], rows["proto"][some], rows["tcp_flags"][some]
    opens = (flags & (TcpFlag.SYN | TcpFlag.FIN) != 0) | (rows["payload_len"][some] > 0)
    tcp = (proto == Proto.TCP) & opens & (flags & TcpFlag.RST == 0)
    echo = (proto == Proto.ICMP) & (rows["icmp_type"][some] == _ECHO_REQUEST)
    far, near = (
        np.where(there, rows[one][some], rows[other][some]) for one, other in (("sport", "dport"), ("dport", "sport"))
    )
    peer = np.where(there, rows["src"][some], rows["dst"][some])
    talk = numbered(np.stack([peer, proto, far, near, rows["icmp_id"][some]]))
    return AddressTalks(rows, some, rows["ts_ns"][some], there, there & (tcp | echo), talk)
