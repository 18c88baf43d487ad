"""What would work on a node, and what to fix there: one sentence each. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from captools.collect.planning.crowd import knows_ifindex
from captools.collect.planning.roles import role_of_interface
from captools.collect.quantities import shown_bytes
from captools.collect.survey import Surveyed
from captools.collect.tools import TOOLS, tool
from captools.model.points import Role

CAP_NET_ADMIN, CAP_NET_RAW = 12, 13  # bits, linux/capability.h
ALL_CAPABILITIES = (1 << CAP_NET_ADMIN) | (1 << CAP_NET_RAW)
LOW_SPOOL_BYTES = 512 * 1024 * 1024
LARGE_OFFSET_NS = 100_000_000
ROLES = (Role.NIC, Role.TUNNEL, Role.WIREGUARD, Role.PODS, Role.HOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """``state``: ready, limited (captures, with a loss said in ``fixes``) or no. ``fixes``: sentences, worst first."""

    state: str
    fixes: tuple[str, ...] = ()
    offset_ns: int | None = None  # how far the node's clock runs ahead of ours
    offset_error_ns: int | None = None


def readiness(one: Surveyed) -> Readiness:
    """Judge one node by what it said."""
    if one.error is not None:
        return Readiness(state="no", fixes=(str(one.error),))
    stops, limits = _stops(one), _limits(one)
    offset, error = clock_offset(one)
    return Readiness(
        state="no" if stops else "limited" if limits else "ready",
        fixes=(*stops, *limits, *_hints(one, offset, error)),
        offset_ns=offset,
        offset_error_ns=error,
    )


def may_capture(one: Surveyed) -> bool | None:
    """Tell whether packets may be captured there: root's capabilities count, where the node told them."""
    if one.capabilities is not None:
        return bool(one.capabilities >> CAP_NET_RAW & 1)
    return True if one.facts.euid == 0 else None


def versions(one: Surveyed) -> dict[str, str]:
    """Return the bare version of each capture tool there."""
    return {name: tool(name).version(line) for name, line in one.facts.tools.items() if name in TOOLS}


def interfaces_of(one: Surveyed) -> dict[Role, list[str]]:
    """Return the node's interfaces by role, those that are up; the rest under OTHER."""
    found: dict[Role, list[str]] = {}
    for each in one.facts.interfaces:
        role = role_of_interface(one.facts, each.name)
        found.setdefault(role if role in ROLES and each.up else Role.OTHER, []).append(each.name)
    return found


def clock_offset(one: Surveyed) -> tuple[int | None, int | None]:
    """Return how far the node's clock runs ahead, and by how much that may be wrong (half the way there and back)."""
    if one.clock is None or not one.clock.node_ns:
        return None, None
    half = (one.clock.after_ns - one.clock.before_ns) // 2
    return one.clock.node_ns - one.clock.before_ns - half, half


def _stops(one: Surveyed) -> list[str]:
    """Return what makes every capture there fail."""
    found = []
    if not versions(one):
        found.append("no tcpdump and no ngrep there: install one (apt-get install tcpdump)")
    if may_capture(one) is False:
        why = f" (sudo: {one.facts.sudo_said})" if one.facts.sudo_said else ""
        found.append(f"no right to capture{why}: log in as root, allow sudo -n, or give the agent CAP_NET_RAW")
    if not one.facts.interfaces:
        found.append("it tells no interface: install iproute2 there, or name interfaces with -i")
    return found


def _limits(one: Surveyed) -> list[str]:
    """Return what a capture there has to do without."""
    found = []
    if may_capture(one) is None:
        why = f": {one.facts.sudo_said}" if one.facts.sudo_said else ""
        found.append(f"not root, and sudo did not help{why}: tcpdump needs rights of its own (setcap cap_net_raw+ep)")
    if not one.python:
        found.append("no python3 (3.8 or newer): packets are streamed, a cut link loses data; install python3 there")
    if "tcpdump" in one.facts.tools and one.facts.libpcap and not knows_ifindex(one.facts.libpcap):
        found.append(f"libpcap {one.facts.libpcap} there: a capture of any cannot tell interfaces; 1.10 or newer can")
    if one.spool_free is not None and one.spool_free < LOW_SPOOL_BYTES:
        found.append(f"{shown_bytes(one.spool_free)} of spool there: free some, or choose a place with --spool-dir")
    return found


def _hints(one: Surveyed, offset: int | None, error: int | None) -> list[str]:
    """Return what is good to know and stops nothing."""
    found = []
    if offset is not None and error is not None and abs(offset) - error > LARGE_OFFSET_NS:
        found.append(f"its clock is {offset / 1e9:+.1f} s off: times are corrected, but set it right (chrony, NTP)")
    if one.captures:
        running = sum(1 for each in one.captures if not each.get("stopped_ns") and each.get("keeper") == "alive")
        name = one.target.name
        found.append(f"{len(one.captures)} captures rest there, {running} running: captools sessions --node {name}")
    return found
