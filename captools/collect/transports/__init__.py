"""Ways to a node: one file each, found by its name.

A transport gives the argv that runs one shell line on a node, and turns what its client says into a sentence.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from captools.collect.targets import Target


class Transport(Protocol):
    """What every file in this folder offers as module-level functions."""

    def argv(self, target: Target, line: str) -> list[str]:
        """Return the local command that runs ``line`` in a shell on the node; ToolMissing without the client."""

    def explain(self, target: Target, said: str) -> tuple[str, str] | None:
        """Return (what is wrong, what to try) for the client's own words; None where they are not the client's."""


def transport(name: str) -> Transport:
    """Return the transport called ``name`` (a value of captools.collect.targets.TRANSPORTS)."""
    return cast(Transport, import_module(f"captools.collect.transports.{name}"))
