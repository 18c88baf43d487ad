"""Why no agent answered from a node: one sentence and what to try. Pure."""

from __future__ import annotations

from captools.collect.clean import last_line
from captools.collect.launch import NO_PYTHON, OLD_PYTHON
from captools.collect.targets import Target
from captools.collect.transports import Transport
from captools.model.errors import CaptureFailed


class NoPython(CaptureFailed):
    """The node has no Python that could run the agent: packets can only be streamed plainly."""


class NothingThere(CaptureFailed):
    """Nothing of captools runs on the node, so nothing can lie there."""


class StrangePeer(CaptureFailed):
    """What answers does not talk as an agent does."""


def no_agent(target: Target, transport: Transport, said: str, code: int | None) -> CaptureFailed:
    """Return the error for a node whose channel ended before the agent's greeting.

    ``said`` is everything the channel printed (the client's and the node's stderr), ``code`` its exit code.
    """
    where = target.name
    if NO_PYTHON in said or "python3: not found" in said or "python3: command not found" in said:
        return NoPython(f"{where}: no python3 on the node", hint="install python3 there (3.8 or newer)")
    if OLD_PYTHON in said:
        version = said.partition(OLD_PYTHON)[2].split()
        found = version[0] if version else "unknown"
        return NoPython(f"{where}: python3 on the node is {found}", hint="captools needs 3.8 or newer there")
    explained = transport.explain(target, said)
    if explained is not None:
        return CaptureFailed(f"{where}: {explained[0]}", hint=explained[1])
    words = last_line(said) or (f"exit code {code}" if code is not None else "nothing was said")
    return CaptureFailed(f"{where}: no agent could be started ({words})", hint=f"try by hand what {target.way} answers")


def lost_agent(target: Target, said: str) -> CaptureFailed:
    """Return the error for a channel that ended in the middle of a capture."""
    words = last_line(said)
    return CaptureFailed(
        f"{target.name}: the connection ended during the capture" + (f" ({words})" if words else ""),
        hint="what had arrived is kept",
    )


def strange_peer(target: Target, what: str) -> StrangePeer:
    """Return the error for a far end whose bytes are not an agent's."""
    return StrangePeer(
        f"{target.name}: sent something that is not captools' agent ({what})",
        hint="does its login shell print to stdout?",
    )


def not_fetched(reason: CaptureFailed, capture: str) -> CaptureFailed:
    """Return ``reason`` with the way to what still rests on the node."""
    return CaptureFailed(
        f"{reason.message}; what had arrived is kept",
        hint=f"what rests on the node comes home with: captools fetch {capture}",
    )
