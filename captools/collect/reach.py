"""Reach one node and hear what it says of itself, without capturing."""

from __future__ import annotations

from captools.collect.facts import NodeFacts
from captools.collect.node import NodeCapture
from captools.collect.targets import Target
from captools.model.errors import CaptureFailed

TIMEOUT_S = 40.0


def reach(target: Target) -> NodeFacts:
    """Return the node's facts; raises the CaptoolsError that says why it cannot be reached."""
    node = NodeCapture(target)
    node.start()
    if not node.greeted.wait(TIMEOUT_S):
        node.give_up(f"no answer within {TIMEOUT_S:.0f} s")
    elif not node.done.is_set():
        node.stop(0.0)
    node.done.wait(TIMEOUT_S)
    node.join(TIMEOUT_S)
    if node.error is not None:
        raise node.error
    if not node.greeted.is_set():
        raise CaptureFailed(f"{target.name}: no answer", hint=f"try by hand what {target.way} answers")
    return node.facts
