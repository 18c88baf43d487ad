"""What correlation works on, and ways to change it whose effect is known in advance (metamorphic tests)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools.correlate.analyse import analyse
from captools.correlate.sightings import Sightings, sightings
from captools.model.analysis import Analysis
from captools.model.cluster import Cluster
from captools.model.packets import HTTP, PACKETS
from captools.model.sources import Source
from captools.pipeline import open_session
from captures import case


@dataclass(frozen=True, slots=True)
class Material:
    """The packet table, HTTP table, sources and cluster of one session."""

    packets: pa.Table
    http: pa.Table
    sources: tuple[Source, ...]
    cluster: Cluster

    def analysed(self) -> Analysis:
        return analyse(self.packets, self.http, self.sources, self.cluster)

    def sightings(self) -> Sightings:
        return sightings(self.packets)

    def with_clock(self, node: str, ahead_ns: int) -> Material:
        """Let the clock of one node run ahead."""
        mine = pc.starts_with(pc.cast(self.packets["point"], pa.string()), f"{node}/")
        times = pc.if_else(mine, pc.add(self.packets["ts_ns"], ahead_ns), self.packets["ts_ns"])
        return replace(self, packets=self.packets.set_column(PACKETS.get_field_index("ts_ns"), "ts_ns", times))

    def where(self, keep: np.ndarray) -> Material:
        """Keep some rows (or put them in another order): ``keep`` holds row numbers."""
        new = {int(old): at for at, old in enumerate(keep)}
        heads = [row for row in self.http.to_pylist() if row["row"] in new]
        for row in heads:
            row["row"] = new[row["row"]]
        return replace(self, packets=self.packets.take(pa.array(keep)), http=pa.Table.from_pylist(heads, schema=HTTP))

    def without(self, point: str) -> Material:
        """Forget one observation point altogether."""
        rows = np.flatnonzero(np.array(self.packets["point"].to_pylist()) != point)
        return replace(self.where(rows), sources=tuple(one for one in self.sources if one.point != point))

    def shuffled(self, seed: int) -> Material:
        """Put the rows in another order."""
        return self.where(np.random.default_rng(seed).permutation(len(self.packets)))

    def doubled(self, point: str) -> Material:
        """See everything at one point a second time, from a second source (as ``any`` beside the interface)."""
        again = self.packets.filter(pc.equal(pc.cast(self.packets["point"], pa.string()), point))
        source = next(one for one in self.sources if one.point == point)
        twin = pa.array(["twin"] * len(again)).dictionary_encode()
        again = again.set_column(0, PACKETS.field("source"), twin.cast(PACKETS.field("source").type))
        packets = pa.concat_tables([self.packets, again]).unify_dictionaries()
        return replace(self, packets=packets, sources=(*self.sources, replace(source, name="twin")))


@cache
def material(name: str) -> Material:
    """Return the material of a reference case."""
    found = open_session([case(name).folder]).analysis
    return Material(found.packets, found.http, found.sources, found.cluster)


S1, S2, S8, S13 = (
    "s1-native-route-black-hole", "s2-vxlan-overlay", "s8-ingress-dedicated-snat", "s13-wireguard-only",
)  # fmt: skip
LEAK, FINE = "wireguard-leak", "no-fault"
