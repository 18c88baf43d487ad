"""Ways to a node: one file each, found by its name.

A transport gives the argv that runs one shell line on a node, and turns what its client says into a sentence. It may
also offer ``prepare`` (before the first connection; it may make things) and ``release`` (after the last one; it takes
away what ``prepare`` made).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from captools.collect.targets import Target


class Transport(Protocol):
    """What every file in this folder offers as module-level functions."""

    def argv(self, target: Target, line: str) -> list[str]:
        """Return the local command that runs ``line`` in a shell on the node; ToolMissing without the client.

        UsageError for a name that the client could take for something else.
        """

    def explain(self, target: Target, said: str) -> tuple[str, str] | None:
        """Return (what is wrong, what to try) for the client's own words; None where they are not the client's."""


def transport(name: str) -> Transport:
    """Return the transport called ``name`` (a value of captools.collect.targets.TRANSPORTS)."""
    return cast(Transport, import_module(f"captools.collect.transports.{name}"))


def prepare(target: Target) -> Target:
    """Make the node ready to be reached and return it as it is reached; may take a minute. Raises CaptoolsError."""
    found = getattr(transport(target.transport), "prepare", None)
    return cast("Target", found(target)) if found is not None else target


def release(target: Target) -> None:
    """Take away what ``prepare`` made; raises CaptoolsError with what is left, and how to remove it by hand."""
    found = getattr(transport(target.transport), "release", None)
    if found is not None:
        found(target)


def find(target: Target) -> Target | None:
    """Return the node as it can be reached without making anything; None where something must be made first."""
    module = transport(target.transport)
    found = getattr(module, "find", None)
    return cast("Target | None", found(target)) if found is not None else prepare(target)
