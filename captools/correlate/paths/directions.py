"""Into the interface or out of it: by the link type, by whose MAC address the frame carries, else by whose node sent it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.cluster import Cluster
from captools.model.packets import MAC
from captools.model.points import Role

OUT, UNKNOWN, IN = 0, 1, 2  # in this order a packet leaves one node before it enters the next
WORDS = ("out", None, "in")


@dataclass(frozen=True, slots=True)
class Directions:
    """Tells directions of many rows at once."""

    rows: Sightings
    cluster: Cluster
    roles: dict[str, Role]
    _owners: dict[int, str] = field(default_factory=dict)

    def of(self, some: Ints) -> Ints:
        """Return OUT, IN or UNKNOWN for each of the rows ``some``."""
        found = np.full(len(some), UNKNOWN, np.int64)
        told = self.rows["direction"][some]
        for code, word in enumerate(self.rows.directions):
            if word in WORDS:
                found[told == code] = WORDS.index(word)
        sealed = np.isin(self.rows["point"][some], [
            code for code, point in enumerate(self.rows.points) if self.roles.get(point) is Role.WIREGUARD
        ])  # fmt: skip
        open_ = np.flatnonzero((found == UNKNOWN) & ~sealed)
        found[open_] = self._by_mac(some[open_])
        inside = np.flatnonzero((found == UNKNOWN) & sealed)
        found[inside] = self._by_sender(some[inside])
        return found

    def _by_mac(self, some: Ints) -> Ints:
        """What carries the interface's own MAC address as source goes out, as destination comes in."""
        own = [self._mac(point) for point in self.rows.points]
        known = sorted({mac for mac in own if mac})
        if not known or not len(some):
            return np.full(len(some), UNKNOWN, np.int64)
        values = pa.array([bytes.fromhex(mac.replace(":", "")) for mac in known], MAC)
        mine = np.array([known.index(mac) if mac else -2 for mac in own], np.int64)[self.rows["point"][some]]
        taken = self.rows.table.select(["eth_src", "eth_dst", "outer_eth_src", "outer_eth_dst"]).take(pa.array(some))

        def codes(end: str) -> Ints:
            # The frame's own header is the outer one where there is a tunnel.
            of = pc.index_in(pc.coalesce(taken[f"outer_{end}"], taken[end]), value_set=values)
            found: Ints = of.fill_null(ABSENT).to_numpy().astype(np.int64)
            return found

        return np.where(codes("eth_src") == mine, OUT, np.where(codes("eth_dst") == mine, IN, UNKNOWN))

    def _mac(self, point: str) -> str:
        node, _, interface = point.partition("/")
        here = self.cluster.node(node)
        link = here.link(interface) if here else None
        return link.mac if link else ""

    def _by_sender(self, some: Ints) -> Ints:
        """A WireGuard device has no MAC addresses; what this node's own pods send goes out there, the rest comes in."""
        found = []
        ends = self.rows["src"][some].tolist(), self.rows["dst"][some].tolist(), self.rows["point"][some].tolist()
        for src, dst, point in zip(*ends, strict=True):
            node = self.rows.points[point].partition("/")[0]
            found.append(OUT if self._owner(src) == node else IN if self._owner(dst) == node else UNKNOWN)
        return np.array(found, np.int64)

    def _owner(self, code: int) -> str:
        """Return the node that an address lives on; the empty string where it is not known."""
        if code not in self._owners:
            address = self.rows.addresses[code] if code != ABSENT else ""
            node = self.cluster.node_of_pod_address(address) or self.cluster.node_of_underlay(address)
            self._owners[code] = node.name if node else ""
        return self._owners[code]
