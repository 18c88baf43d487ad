"""From what a node has and what the user asked for, to the tools that run there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from captools.collect.facts import NodeFacts, devices_towards
from captools.collect.filters import point_filter
from captools.collect.request import CaptureRequest
from captools.collect.roles import DEFAULT_ROLES, interfaces_by_role, role_of_interface
from captools.collect.tools import Wish, tool
from captools.model.cluster import Cluster, Pod
from captools.model.errors import UsageError
from captools.model.points import Point, Role

MIN_RING_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """One tool at one point, ready to start. ``channel`` is its number on the node's connection."""

    channel: int
    point: Point
    role: Role
    argv: tuple[str, ...]
    filter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """What runs on one node, and what was asked for there but cannot be: (interface, sentence)."""

    runs: tuple[PlannedRun, ...]
    missing: tuple[tuple[str, str], ...] = ()


def plan_node(
    name: str, facts: NodeFacts, request: CaptureRequest, cluster: Cluster, connections: tuple[str, ...] = ()
) -> NodePlan:
    """Return the plan for node ``name``; ``connections`` are the other nodes' shipping connections."""
    chosen, missing = choose_interfaces(name, facts, request, cluster)
    # The same device by two wishes (a role and its name) is one point.
    interfaces = list(dict.fromkeys(chosen))
    ring = max(MIN_RING_BYTES, request.buffer_bytes // max(1, len(interfaces)))
    expression = point_filter((facts.ssh_connection, *connections), request.bpf)
    runs = []
    for channel, interface in enumerate(interfaces, start=1):
        wish = Wish(
            interface=interface,
            filter=expression,
            match=request.match,
            snaplen=request.snaplen,
            ring_bytes=ring,
            live=request.live_fd is not None,
        )
        runs.append(
            PlannedRun(
                channel=channel,
                point=Point(name, interface),
                role=role_of_interface(facts, interface),
                argv=tuple(tool(request.tool).argv(wish)),
                filter=expression,
            )
        )
    return NodePlan(runs=tuple(runs), missing=tuple(missing))


def choose_interfaces(
    name: str, facts: NodeFacts, request: CaptureRequest, cluster: Cluster
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the interfaces to capture at, and the wishes that fit none: (interface, sentence)."""
    chosen: list[str] = []
    missing: list[tuple[str, str]] = []
    patterns = [pattern for pattern in (_for_node(name, one) for one in request.interfaces) if pattern]
    for pattern in patterns:
        found = [one.name for one in facts.interfaces if fnmatchcase(one.name, pattern)]
        if pattern == "any":
            found = ["any"]
        if not found:
            missing.append((pattern, f"{name}: no interface {pattern!r}; it has {_listed(facts)}"))
        chosen += found
    for text in request.roles:
        found = list(interfaces_by_role(facts, Role(text), cluster, name))
        if not found:
            missing.append((text, f"{name}: no interface of role {text}; it has {_listed(facts)}"))
        chosen += found
    for full_name in request.pods:
        pod = find_pod(cluster, full_name)
        if pod.node != name:
            continue
        device = pod_device(pod, facts)
        if device:
            chosen.append(device)
        else:
            missing.append((full_name, f"{name}: the device of pod {full_name} is not known; name it with -i"))
    if not (request.interfaces or request.roles or request.pods):
        for role in DEFAULT_ROLES:
            chosen += interfaces_by_role(facts, role, cluster, name)
        if not chosen:
            missing.append(("", f"{name}: no interface to capture at by default; name one with -i: {_listed(facts)}"))
    return chosen, missing


def find_pod(cluster: Cluster, full_name: str) -> Pod:
    """Return the pod ``NAMESPACE/NAME``; UsageError says which are known."""
    found = next((pod for pod in cluster.pods if pod.full_name == full_name), None)
    if found is None:
        known = ", ".join(pod.full_name for pod in cluster.pods[:20]) or "none"
        raise UsageError(
            f"no pod {full_name!r} in the inventory", hint=f"known pods: {known}; --inventory adds kubectl's output"
        )
    return found


def pod_device(pod: Pod, facts: NodeFacts) -> str:
    """Return the pod's host-side device: what the inventory says, else the route of its address."""
    names = {one.name for one in facts.interfaces}
    if pod.interface in names:
        return pod.interface
    towards = sorted(name for name in devices_towards(facts, pod.ip) if name.startswith("lxc")) if pod.ip else []
    return towards[0] if len(towards) == 1 else ""


def start_command(plan: NodePlan, request: CaptureRequest) -> list[Mapping[str, object]]:
    """Return the plan as the agent reads it (agent/tool.py)."""
    kind = tool(request.tool)
    return [
        {
            "channel": run.channel,
            "argv": list(run.argv),
            "packets": kind.PACKETS,
            "ready": kind.READY,
            "ready_in": kind.READY_IN,
            "poll_signal": kind.POLL_SIGNAL,
        }
        for run in plan.runs
    ]


def _for_node(name: str, pattern: str) -> str:
    """Return ``pattern`` without its node; the empty string where it is meant for another node."""
    node, slash, rest = pattern.partition("/")
    if not slash:
        return pattern
    return rest if node == name else ""


def _listed(facts: NodeFacts) -> str:
    return ", ".join(one.name for one in facts.interfaces) or "none that it would tell (is iproute2 installed there?)"
