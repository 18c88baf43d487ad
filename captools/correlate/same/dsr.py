"""Direct server return: the packet to the backend tells the service's address that the client called.

Cilium's option in Geneve carries it (FACTS, section 4), so that the answers, which leave the backend's node from that
address, belong to the same conversation even where the entry node was not captured.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from captools.correlate.same.flows import Connection
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.flows import Flow


def told_by_dsr(rows: Sightings, found: list[Connection], row: Ints, of: Ints) -> dict[int, int]:
    """Return for connections (numbers in ``found``) that carry the option the one with the service's own address.

    ``of`` is the number of the connection of each of the rows ``row``. A client may use its port again: where several
    connections have the ends that the option tells, nothing is said.
    """
    told = np.flatnonzero((rows["dsr_addr"][row] != ABSENT) & (rows["dsr_port"][row] != ABSENT))
    if not len(told):
        return {}
    by_flow: dict[Flow, list[int]] = defaultdict(list)
    for number, one in enumerate(found):
        by_flow[one.flow].append(number)
    called: dict[int, int] = {}
    columns = np.stack([of[told], rows["dsr_addr"][row[told]], rows["dsr_port"][row[told]]])
    for number, address, port in np.unique(columns, axis=1).T.tolist():
        own = found[number].flow
        others = by_flow.get(Flow(own.src, rows.addresses[address], own.proto, own.sport, port), [])
        if len(others) == 1 and others[0] != number:
            called[number] = others[0]
    return called
