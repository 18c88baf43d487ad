"""Which interfaces of a node are captured at, and why each: what the user asked for, or the road of a request. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from captools.collect.facts import NodeFacts
from captools.collect.planning.pods import device_of, rows_of
from captools.collect.planning.road import ON_THE_WAY, Road
from captools.collect.planning.roles import DEFAULT_ROLES, interfaces_by_role
from captools.collect.request import CaptureRequest
from captools.model.cluster import Cluster
from captools.model.points import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One interface and the reason for it; ``pod``: whose it is, where a pod was asked for."""

    interface: str
    why: str
    pod: str = ""


Missing = tuple[str, str]  # what was asked for, and the sentence that says why it cannot be


def choose(
    name: str, facts: NodeFacts, request: CaptureRequest, cluster: Cluster, road: Road | None = None
) -> tuple[list[Choice], list[Missing]]:
    """Return what to capture at on node ``name``, each interface once, and the wishes that fit none."""
    chosen: list[Choice] = []
    missing: list[Missing] = []
    for pattern in request.interfaces:
        _by_name(name, facts, pattern, chosen, missing)
    for text in request.roles:
        found = interfaces_by_role(facts, Role(text), cluster, name)
        if not found:
            missing.append((text, f"{name}: no interface of role {text}; it has {_listed(facts)}"))
        chosen += [Choice(interface=one, why=f"--role {text}") for one in found]
    reasons = dict(request.pod_reasons)
    for full_name in request.pods:
        _by_pod(name, facts, cluster, full_name, reasons.get(full_name, f"--pod {full_name}"), chosen, missing)
    stop = road.stop(name) if road is not None else None
    if stop is not None:
        for role, why in stop.roles:
            found = interfaces_by_role(facts, role, cluster, name)
            if not found and role is Role.NIC:
                missing.append((role.value, f"{name}: no network card was found; name one with -i: {_listed(facts)}"))
            chosen += [Choice(interface=one, why=why) for one in found]
        for full_name, why in stop.pods:
            _by_pod(name, facts, cluster, full_name, why, chosen, missing)
    if not chosen and not missing:
        chosen, missing = _by_default(name, facts, request, cluster)
    # The same device by two wishes (a role and its name) is one point.
    return list({one.interface: one for one in reversed(chosen)}.values())[::-1], missing


def _by_default(
    name: str, facts: NodeFacts, request: CaptureRequest, cluster: Cluster
) -> tuple[list[Choice], list[Missing]]:
    """Nothing was asked of this node in particular."""
    elsewhere = bool(request.pods or request.asked or request.interfaces or request.roles)
    if elsewhere and (name not in request.named or request.interfaces or request.roles):
        return [], []
    why = "named with --node" if elsewhere else "by default"
    chosen = [
        Choice(interface=one, why=f"{role.value}, {why}")
        for role in (ON_THE_WAY if elsewhere else DEFAULT_ROLES)
        for one in interfaces_by_role(facts, role, cluster, name)
    ]
    if chosen:
        return chosen, []
    return [], [("", f"{name}: no interface to capture at by default; name one with -i: {_listed(facts)}")]


def _by_name(name: str, facts: NodeFacts, pattern: str, chosen: list[Choice], missing: list[Missing]) -> None:
    node, slash, rest = pattern.partition("/")
    if slash and node != name:
        return
    wanted = rest if slash else pattern
    found = ["any"] if wanted == "any" else [one.name for one in facts.interfaces if fnmatchcase(one.name, wanted)]
    if not found:
        missing.append((wanted, f"{name}: no interface {wanted!r}; it has {_listed(facts)}"))
    chosen += [Choice(interface=one, why=f"-i {pattern}") for one in found]


def _by_pod(
    name: str,
    facts: NodeFacts,
    cluster: Cluster,
    full_name: str,
    why: str,
    chosen: list[Choice],
    missing: list[Missing],
) -> None:
    """Choose a pod's device, where the pod is on this node; one whose node is unknown may be on any."""
    rows = rows_of(cluster, full_name)
    homes = {pod.node for pod in rows} - {""}
    if homes and name not in homes:
        return
    if any(pod.host_network for pod in rows):
        chosen += [
            Choice(interface=one, why=f"{why}: pod {full_name} is in the host network", pod=full_name)
            for one in interfaces_by_role(facts, Role.NIC, cluster, name)
        ]
        return
    device = device_of(rows, facts)
    if device is not None:
        chosen.append(Choice(interface=device.name, why=f"{why}: pod {full_name}, {device.how}", pod=full_name))
    elif homes:
        tried = "endpoint list, routes" + (" and the pods' own interfaces" if facts.peers is not None else "")
        missing.append(
            (full_name, f"{name}: the device of pod {full_name} is not known ({tried} do not tell); name it with -i")
        )


def _listed(facts: NodeFacts) -> str:
    names = [one.name for one in facts.interfaces]
    more = f" and {len(names) - 40} more" if len(names) > 40 else ""
    return (", ".join(names[:40]) + more) or "none that it would tell (is iproute2 installed there?)"
