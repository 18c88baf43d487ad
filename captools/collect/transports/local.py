"""This machine as a node."""

from __future__ import annotations

from captools.collect.targets import Target


def argv(target: Target, line: str) -> list[str]:
    """Return the command that runs ``line`` in this machine's own shell."""
    return ["/bin/sh", "-c", line]


def explain(target: Target, said: str) -> tuple[str, str] | None:
    """A local shell has no words of its own."""
    return None
