"""What a scenario is: a cluster to build, traffic to drive, and the findings that must and must not come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from captools.lab.cluster import Lab
from captools.lab.topology import Mode
from captools.lab.traffic import health, total
from captools.lab.truth import Truth
from captools.lab.ways import with_ways


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One investigation of the SCENARIOS page, on the lab. ``traffic`` drives only what the case is about."""

    id: str
    title: str
    mode: Mode
    traffic: Callable[[Lab], list[Truth]]
    expected: tuple[str, ...]  # rule ids that must fire
    forbidden: tuple[str, ...]  # rule ids that must not
    endpoint_routes: bool = False
    offloads: bool = True
    snaplen: int | None = None  # bytes kept of each frame, None for all

    def lab(self, name: str) -> Lab:
        """Return the lab this scenario needs, not yet up."""
        return Lab(mode=self.mode, name=name, endpoint_routes=self.endpoint_routes, offloads=self.offloads)

    def drive(self, lab: Lab) -> Truth:
        """Drive the traffic with health checks in the background; return what the generators know."""
        truth: list[Truth] = []
        with health(lab, truth):
            truth[:0] = self.traffic(lab)
        return total(truth)

    def case(self, truth: Truth) -> dict[str, Any]:
        """Return the document of ``case.toml``."""
        return {
            "schema": 1,
            "id": self.id,
            "title": self.title,
            "mode": self.mode.value,
            "endpoint_routes": self.endpoint_routes,
            "findings": {"expected": list(self.expected), "forbidden": list(self.forbidden)},
            "truth": with_ways(truth, self.mode).to_json(),
        }
