"""What a scenario is: a cluster to build, a fault to make, traffic to drive, and the findings that must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from captools.lab import envoy
from captools.lab.cluster import Lab, Proxy
from captools.lab.topology import PODS, LabPod, Mode
from captools.lab.traffic import HEALTH_INTERVAL_S, health, total
from captools.lab.truth import Truth
from captools.lab.ways import with_ways


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One finding that a scenario must give, known from what the scenario does.

    ``subject`` holds keys and values that the finding's subject must have, ``points`` where its evidence must have
    frames or its coverage must reach, ``says`` words of its statement. ``confidence``: exactly that one, "" for any.
    An ``optional`` one may come or not: chance decides.
    """

    rule: str
    subject: Mapping[str, Any] = field(default_factory=dict)
    points: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    confidence: str = ""
    optional: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the form of ``case.toml``; what does not apply is left out."""
        told = {
            "rule": self.rule, "subject": dict(self.subject), "points": list(self.points), "says": list(self.says),
            "confidence": self.confidence, "optional": self.optional,
        }  # fmt: skip
        return {key: value for key, value in told.items() if value}


def _nothing(_lab: Lab) -> None:
    """Leave the cluster as it was built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One investigation of the SCENARIOS page, on the lab. ``traffic`` drives only what the case is about.

    ``prepare`` makes the fault, when the cluster is up and before anything is captured. ``expected`` lists all findings,
    notes too: any other is false. ``long`` ones take too much time for a run of all.
    """

    id: str
    title: str
    mode: Mode
    traffic: Callable[[Lab], list[Truth]]
    expected: tuple[Expected, ...]
    prepare: Callable[[Lab], None] = _nothing
    ways: Callable[[Truth, Mode], Truth] = with_ways
    pods: tuple[LabPod, ...] = PODS
    proxy: Proxy = envoy.config
    endpoint_routes: bool = False
    offloads: bool = True
    snaplen: int | None = None  # bytes kept of each frame, None for all
    health_interval_s: float = HEALTH_INTERVAL_S
    long: bool = False

    def lab(self, name: str) -> Lab:
        """Return the lab this scenario needs, not yet up."""
        return Lab(
            mode=self.mode,
            name=name,
            endpoint_routes=self.endpoint_routes,
            offloads=self.offloads,
            pods=self.pods,
            proxy=self.proxy,
        )

    def drive(self, lab: Lab) -> Truth:
        """Drive the traffic with health checks in the background; return what the generators know."""
        truth: list[Truth] = []
        with health(lab, truth, self.health_interval_s):
            truth[:0] = self.traffic(lab)
        return total(truth)

    def case(self, truth: Truth) -> dict[str, Any]:
        """Return the document of ``case.toml``."""
        return {
            "schema": 2,
            "id": self.id,
            "title": self.title,
            "mode": self.mode.value,
            "endpoint_routes": self.endpoint_routes,
            "findings": {"expected": [one.to_json() for one in self.expected]},
            "truth": self.ways(truth, self.mode).to_json(),
        }
