"""Bytes that never got through: who sent them to whom.

Shared by mtu-black-hole (only large ones are lost), lost-between-points (all are, from some time on) and
retransmissions (the points do not tell where).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from captools.model.analysis import Analysis
from captools.model.paths import Path, Way
from captools.model.tcp import Stuck


@dataclass(frozen=True, slots=True)
class Trouble:
    """Stuck bytes of one path."""

    path: Path
    stuck: Stuck

    @property
    def sender(self) -> str:
        """The address that sent the bytes, as the originator knows it."""
        return self.path.flow.src if self.stuck.way is Way.FORWARD else self.path.flow.dst

    @property
    def receiver(self) -> str:
        """The address that they were for."""
        return self.path.flow.dst if self.stuck.way is Way.FORWARD else self.path.flow.src

    @property
    def ports(self) -> tuple[int | None, int | None]:
        """The ports of sender and receiver."""
        flow = self.path.flow
        return (flow.sport, flow.dport) if self.stuck.way is Way.FORWARD else (flow.dport, flow.sport)


def troubles(analysis: Analysis) -> Iterator[Trouble]:
    """Yield what is stuck."""
    for stuck in analysis.tcp.stuck:
        yield Trouble(analysis.paths[stuck.path], stuck)
