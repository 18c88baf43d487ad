"""Reach one node and hear what it says of itself, without capturing."""

from __future__ import annotations

from captools.collect.facts import NodeFacts
from captools.collect.survey import survey
from captools.collect.targets import Target

TIMEOUT_S = 40.0


def reach(target: Target) -> NodeFacts:
    """Return the node's facts; raises the CaptoolsError that says why it cannot be reached."""
    (found,) = survey([target], timeout_s=TIMEOUT_S, deep=False)
    if found.error is not None:
        raise found.error
    return found.facts
