"""Network policy as the lab enforces it: nftables rules on a node, and probes that go on whatever is denied."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from captools.lab.cluster import Lab
from captools.lab.netns import Machine, python
from captools.lab.topology import LabPod, Mode
from captools.lab.truth import FlowTruth, Truth, of_ping
from captools.lab.ways import with_ways

_PROBE_ID = 0x5000  # the health pings count up from 0x4000
_PROBE_INTERVAL_S = 0.4  # more often than once a second: so long a point counts as listening


def enforce(machine: Machine, *rules: str) -> None:
    """Make a node or the router treat what it forwards by these rules, in order; what none of them names passes."""
    lines = "\n    ".join(rules)
    machine.run(
        ["nft", "-f", "-"],
        text=f"""
table ip captools_policy {{
  chain forwarded {{
    type filter hook forward priority filter;
    {lines}
  }}
}}
""",
    )


@contextmanager
def probed(lab: Lab, pods: Sequence[LabPod], truth: list[Truth]) -> Iterator[None]:
    """Let each pod's own node ping it meanwhile, as a kubelet's probes do: no policy denies those."""
    running = [
        lab.machine(pod.node).start(python("ping", pod.ip, str(_PROBE_ID + number), "0", str(_PROBE_INTERVAL_S)))
        for number, pod in enumerate(pods)
    ]
    try:
        yield
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGTERM)
    for process in running:
        truth.append(of_ping(json.loads(process.communicate(timeout=10)[0])).as_health())


def cut(truth: Truth, mode: Mode, last: Callable[[FlowTruth], str]) -> Truth:
    """Return ``truth`` with all ways; that of a flow for which ``last`` names a point ends there."""
    known = with_ways(truth, mode)
    return replace(known, flows=tuple(_cut(flow, last(flow)) for flow in known.flows))


def _cut(flow: FlowTruth, last: str) -> FlowTruth:
    if not last or flow.way is None:
        return flow
    return replace(flow, way=flow.way[: flow.way.index(last) + 1])
