"""Conversations of two sessions, matched by what their ends are called: ports of clients and addresses of pods change."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace

from captools.model.analysis import Analysis
from captools.model.flows import proto_name
from captools.model.paths import Path

# What Kubernetes puts behind the name of a Deployment (hash of the template, then five letters) or a DaemonSet; the
# letters are those of its own alphabet, without vowels and look-alikes.
_SAFE = "[bcdfghjklmnpqrstvwxz2456789]"
_MADE = re.compile(rf"(?:-[bcdf0-9ghjklmnpqrstvwxz]{{6,10}})?-{_SAFE}{{5}}$")

ONLY_FILE = "the capture"  # the point of a session that is one file whose name tells no node


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """Who talks to whom, in which protocol, to which port; ``port`` None for ICMP."""

    src: str
    dst: str
    proto: int
    port: int | None

    def __str__(self) -> str:
        port = "" if self.port is None else f" port {self.port}"
        return f"{self.src} -> {self.dst} {proto_name(self.proto)}{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """All flows of one name, as (index in ``analysis.paths``, path)."""

    name: Name
    analysis: Analysis
    flows: tuple[tuple[int, Path], ...]
    places: dict[str, str]  # points whose names the other session does not have -> the names that it has

    def place(self, point: str) -> str:
        """Return a point by a name that both sessions have: lxc* devices and loose files are called otherwise each time."""
        return self.places.get(point, point)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The flows without their indices."""
        return tuple(path for _, path in self.flows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """``both``: pairs of the same name, or of the same workloads. ``gone``: in A only. ``new``: in B only."""

    both: tuple[tuple[Conversation, Conversation], ...]
    gone: tuple[Conversation, ...]
    new: tuple[Conversation, ...]


def matched(a: Analysis, b: Analysis) -> Matching:
    """Match the conversations of two sessions: by full names first, what is left by workloads (pods are replaced)."""
    ours, theirs = _named(a), _named(b)
    both = [(ours.pop(name), theirs.pop(name)) for name in sorted(ours.keys() & theirs.keys(), key=str)]
    loose, other = _by_workload(ours), _by_workload(theirs)
    shared = sorted(loose.keys() & other.keys(), key=str)
    both += [(_joined(name, loose.pop(name)), _joined(name, other.pop(name))) for name in shared]
    return Matching(
        both=tuple(both),
        gone=tuple(one for some in loose.values() for one in some),
        new=tuple(one for some in other.values() for one in some),
    )


def workload(name: str) -> str:
    """Return what a pod is one of: its name without what Kubernetes made up.

    >>> workload("default/webpod-697b545f57-2dg5m"), workload("default/curl-pod"), workload("db/mysql-0")
    ('default/webpod', 'default/curl-pod', 'db/mysql-0')
    """
    return _MADE.sub("", name) if "/" in name else name


def called(analysis: Analysis, address: str) -> str:
    """Return how an address is called in its session; the address itself where nothing names it."""
    return analysis.cluster.name(address) or address


def _named(analysis: Analysis) -> dict[Name, Conversation]:
    found: dict[Name, list[tuple[int, Path]]] = defaultdict(list)
    for index, path in enumerate(analysis.paths):
        flow = path.flow
        found[Name(called(analysis, flow.src), called(analysis, flow.dst), flow.proto, flow.dport)].append(
            (index, path)
        )
    places = _places(analysis)
    return {
        name: Conversation(name=name, analysis=analysis, flows=tuple(flows), places=places)
        for name, flows in found.items()
    }


def _places(analysis: Analysis) -> dict[str, str]:
    loose = {source.point for source in analysis.sources if source.packets and "/" not in source.point} - {""}
    places = {
        f"{pod.node}/{pod.interface}": f"{pod.node}/lxc of {workload(pod.full_name)}"
        for pod in analysis.cluster.pods
        if pod.node and pod.interface
    }
    return places | dict.fromkeys(loose, ONLY_FILE) if len(loose) == 1 else places


def _by_workload(named: dict[Name, Conversation]) -> dict[Name, list[Conversation]]:
    found: dict[Name, list[Conversation]] = defaultdict(list)
    for name, one in named.items():
        found[Name(workload(name.src), workload(name.dst), name.proto, name.port)].append(one)
    return found


def _joined(name: Name, some: list[Conversation]) -> Conversation:
    flows = tuple(flow for one in some for flow in one.flows)
    return replace(some[0], name=name, flows=flows)
