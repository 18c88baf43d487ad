"""Ask many nodes at once what they are and what could be captured there; nothing is started and nothing is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from captools.collect.detached.visit import Visit
from captools.collect.facts import NodeFacts, read_facts, read_peers
from captools.collect.failures import NoPython
from captools.collect.plain.node import PlainNode
from captools.collect.targets import Target
from captools.collect.transports import find
from captools.model.errors import CaptoolsError, CaptureFailed
from captools.model.session import ClockReading

AT_ONCE = 16
TIMEOUT_S = 15.0
CLOCK_READINGS = 4  # the quickest one counts

WantsPeers = Callable[[str, NodeFacts], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """One node: its facts, or the error that says why there are none.

    python: "" where it has none (packets are then streamed plainly). captures: what captools keeps there, as the agent
    tells it. capabilities, spool_free: None where the node did not say.
    """

    target: Target
    facts: NodeFacts = NodeFacts()
    error: CaptoolsError | None = None
    python: str = ""
    clock: ClockReading | None = None
    captures: tuple[dict[str, Any], ...] = ()
    capabilities: int | None = None
    spool_free: int | None = None


def survey(
    targets: Sequence[Target], *, timeout_s: float = TIMEOUT_S, peers: WantsPeers | None = None, deep: bool = True
) -> list[Surveyed]:
    """Return what each target says, in their order; nobody waits longer than ``timeout_s`` for one answer.

    ``peers``: where it says so of a node, its pods' other ends are asked for. ``deep``: also clock and captures.
    """
    if not targets:
        return []
    with ThreadPoolExecutor(min(AT_ONCE, len(targets)), thread_name_prefix="survey") as pool:
        return list(pool.map(lambda target: _one(target, timeout_s, peers, deep), targets))


def _one(target: Target, timeout_s: float, peers: WantsPeers | None, deep: bool) -> Surveyed:
    try:
        reached = find(target)
        if reached is None:
            return Surveyed(target=target, error=_no_pod(target))
        try:
            return _visit(reached, timeout_s, peers, deep)
        except NoPython:
            return _plain(reached, timeout_s)
    except CaptoolsError as error:
        return Surveyed(target=target, error=error)


def _no_pod(target: Target) -> CaptureFailed:
    return CaptureFailed(
        f"{target.name}: no agent pod there; a capture would make a debug pod (kubectl debug)",
        hint="captools agent manifest prints what to install instead",
    )


def _visit(target: Target, timeout_s: float, peers: WantsPeers | None, deep: bool) -> Surveyed:
    with Visit(target, facts=True, timeout_s=timeout_s) as visit:
        facts = read_facts(visit.hello)
        if peers is not None and peers(target.name, facts):
            facts = replace(facts, peers=read_peers(visit.peers()))
        clock: ClockReading | None = None
        captures: list[dict[str, Any]] = []
        if deep:
            clock = min((visit.clock() for _ in range(CLOCK_READINGS)), key=lambda one: one.after_ns - one.before_ns)
            captures, _ = visit.captures()
        return Surveyed(
            target=target,
            facts=facts,
            python=str(visit.hello.get("python", "")),
            clock=clock,
            captures=tuple(captures),
            capabilities=_hex(visit.hello.get("capabilities")),
            spool_free=_whole(visit.hello.get("spool_free")),
        )


def _plain(target: Target, timeout_s: float) -> Surveyed:
    """Ask a node without Python; it can tell less."""
    node = PlainNode(target)
    node.start()
    if not node.greeted.wait(timeout_s):
        node.give_up(f"no answer within {timeout_s:.0f} s")
    node.stop(0.0)
    node.join(timeout_s)
    if node.error is not None:
        raise node.error
    return Surveyed(target=target, facts=node.facts, clock=node.clock[0] if node.clock else None)


def _hex(value: object) -> int | None:
    try:
        return int(value, 16) if isinstance(value, str) else None
    except ValueError:
        return None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
