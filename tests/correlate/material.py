"""What correlation works on, and ways to change it whose effect is known in advance (metamorphic tests)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools.correlate.analyse import analyse
from captools.correlate.sightings import Sightings, sightings
from captools.model.analysis import Analysis
from captools.model.cluster import Cluster
from captools.model.packets import DNS, HTTP, PACKETS, TLS
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
    tls: pa.Table = field(default_factory=TLS.empty_table)
    dns: pa.Table = field(default_factory=DNS.empty_table)

    def analysed(self) -> Analysis:
        found = analyse(self.packets, self.http, self.sources, self.cluster, tls=self.tls)
        return replace(found, dns=self.dns)

    def sightings(self) -> Sightings:
        return sightings(self.packets)

    def with_clock(self, node: str, ahead_ns: int, drift_ppm: int = 0) -> Material:
        """Let the clock of one node run ahead, by ever more where it drifts: by ``ahead_ns`` at the first packet of all."""
        mine = pc.starts_with(pc.cast(self.packets["point"], pa.string()), f"{node}/")
        since = pc.subtract(self.packets["ts_ns"], pc.min(self.packets["ts_ns"]))
        late = pc.add(self.packets["ts_ns"], pc.add(pc.divide(pc.multiply(since, drift_ppm), 1_000_000), ahead_ns))
        times = pc.if_else(mine, late, self.packets["ts_ns"])
        return replace(self, packets=self.packets.set_column(PACKETS.get_field_index("ts_ns"), "ts_ns", times))

    def where(self, keep: np.ndarray) -> Material:
        """Keep some rows (or put them in another order): ``keep`` holds row numbers."""
        new = {int(old): at for at, old in enumerate(keep)}
        tables = {}
        for name, schema in (("http", HTTP), ("tls", TLS), ("dns", DNS)):
            told = [row for row in getattr(self, name).to_pylist() if row["row"] in new]
            for row in told:
                row["row"] = new[row["row"]]
            tables[name] = pa.Table.from_pylist(told, schema=schema)
        return replace(self, packets=self.packets.take(pa.array(keep)), **tables)

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
    session = open_session([case(name).folder])
    opened = session.opened
    return Material(opened.packets(), opened.http(), session.sources, session.cluster, opened.tls(), opened.dns())


S1, S2, S8, S13 = (
    "s1-native-route-black-hole", "s2-vxlan-overlay", "s8-ingress-dedicated-snat", "s13-wireguard-only",
)  # fmt: skip
LEAK, FINE = "wireguard-leak", "no-fault"
