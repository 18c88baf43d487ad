"""Open a session: load, correlate, find. The one road for the command line, screens, reports and notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from captools.inventory.read import read_inventory
from captools.model.cluster import Cluster
from captools.model.errors import UsageError
from captools.model.sources import Source
from captools.model.units import size
from captools.store.capture import Reading
from captools.store.inputs import Inputs, expand
from captools.store.load import Opened, failed_source, load
from captools.store.memory import available
from captools.wire.choice import TOGETHER
from captools.wire.tunnels import VXLAN_PORTS

if TYPE_CHECKING:
    import pandas as pd

    from captools.model.analysis import Analysis
    from captools.model.clocks import ClockReport
    from captools.store.detail import Detail

BYTES_PER_PACKET = 2_500  # of the packet table and of what correlation makes of it, measured
DETAILED = TOGETHER  # packets that are correlated one by one; of larger sessions those worth it
LEAST_DETAILED = 20_000


@dataclass(frozen=True)
class Session:
    """What SOURCE… hold. Loading is done; correlating is done when its result is first asked for."""

    opened: Opened
    inputs: Inputs
    cluster: Cluster
    tunnel_ports: tuple[int, ...]
    expect_encryption: bool = False
    reading: Reading = Reading(VXLAN_PORTS)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources, those that left no readable file last."""
        return self.opened.sources + tuple(failed_source(record) for record in self.inputs.failed_points)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was found damaged or left out."""
        return (*self.inputs.warnings, *self.cluster.warnings, *self.opened.warnings)

    @cached_property
    def _held(self) -> Detail:
        """The packets that are correlated, and their messages; UsageError where memory is too short for any."""
        from captools.store.detail import Detail, in_detail

        opened = self.opened
        budget = _budget(len(opened))
        if budget < len(opened):
            return in_detail(opened.loaded, budget, self.reading)
        return Detail(packets=opened.packets(), http=opened.http(), tls=opened.tls(), dns=opened.dns())

    @cached_property
    def analysis(self) -> Analysis:
        """The correlated session: of one too large, the part that is worth looking at; a warning says which."""
        # Here, because pages of packets and SQL need none of it.
        from captools import findings as rules
        from captools.correlate.analyse import analyse
        from captools.model.findings import FindingRule
        from captools.registry import additions

        held = self._held
        found = analyse(
            held.packets,
            held.http,
            self.sources,
            self.cluster,
            tls=held.tls,
            manifest=self.inputs.manifest,
            expect_encryption=self.expect_encryption,
            tunnel_ports=self.tunnel_ports,
            title=self.inputs.title,
            warnings=(*self.warnings, *filter(None, (held.warning,))),
            unshown=held.unshown,
            chosen="only some of the conversations of this large session were looked at" if held.warning else "",
        )
        found = replace(found, dns=held.dns)
        return replace(found, findings=rules.judge(found, additions(rules, "RULE", FindingRule)))

    def clocks(self) -> ClockReport:
        """Return how far each node's clock runs ahead, and of which node's."""
        from captools.correlate.analyse import compare_clocks
        from captools.model.packets import PACKETS

        several = len({one.source.node or one.source.name for one in self.opened.loaded if one.source.packets}) > 1
        packets = self._held.packets if several else PACKETS.empty_table()
        return compare_clocks(packets, self.sources, self.cluster, self.inputs.manifest)

    def packets(self) -> pd.DataFrame:
        """Return the packet table as a pandas frame: addresses as text, times as UTC timestamps beside ``ts_ns``."""
        from captools.views.frame import to_pandas

        return to_pandas(self.opened.packets())

    def batches(self) -> Iterator[pa.Table]:
        """Yield the packet table as Arrow tables that fit into memory, whatever the size of the capture."""
        for _source, _first, table in self.opened.batches():
            yield table

    def findings(self) -> list[dict[str, Any]]:
        """Return the findings as dictionaries (DESIGN section 7)."""
        return [one.to_json() for one in self.analysis.findings]


def open_session(
    sources: Iterable[str | Path],
    *,
    inventory: Iterable[str | Path] = (),
    expect_encryption: bool = False,
    tunnel_ports: Iterable[int] = (),
    reading: Reading | None = None,
) -> Session:
    """Open SOURCE… (DESIGN section 3): find the files, read the inventory, load or decode the captures.

    ``tunnel_ports`` are further UDP ports read as VXLAN; ``reading`` says who is told of what takes time. Raises
    CaptoolsError kinds for what a person named wrongly; what was found damaged in a folder becomes a warning.
    """
    inputs = expand(tuple(str(source) for source in sources), tuple(str(path) for path in inventory))
    cluster = read_inventory(inputs.inventory)
    reading = reading or Reading(VXLAN_PORTS)
    ports = tuple(dict.fromkeys((*reading.vxlan_ports, *tunnel_ports)))
    opened = load(inputs, cluster, replace(reading, vxlan_ports=ports))
    return Session(opened, inputs, cluster, ports, expect_encryption, reading)


def _budget(packets: int) -> int:
    """Return how many of so many packets can be correlated one by one; UsageError where memory is too short for any."""
    free = available()
    room = free // (2 * BYTES_PER_PACKET)
    if room < min(packets, LEAST_DETAILED):
        raise UsageError(
            f"{size(free)} of memory are free, and correlating packets needs {size(2 * LEAST_DETAILED * BYTES_PER_PACKET)}",
            hint="close other programs; `captools packets -Y FILTER` and `captools sql` need less",
        )
    return min(DETAILED, room)
