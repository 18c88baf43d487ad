"""Capture tools, one file each: how to start it, when it is ready, what its counts mean. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Protocol, cast

from captools.model.session import ToolCounts

TOOLS = ("tcpdump", "ngrep")


class Fault(StrEnum):
    """Whose fault it is that a tool ended early; the exit code depends on it."""

    NO_DEVICE = "no-device"
    PERMISSION = "permission"
    EXPRESSION = "expression"  # a filter or a pattern the tool refuses
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a tool ended early, in the tool's own words, and what to try."""

    fault: Fault
    said: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one tool is asked to capture at one interface. Sizes in bytes; None leaves the tool's default."""

    interface: str
    filter: str = ""
    match: str = ""
    snaplen: int | None = None
    ring_bytes: int = 4 * 1024 * 1024
    live: bool = False  # someone reads along: hand over every packet at once


class CaptureTool(Protocol):
    """What every file in this folder offers as module-level names."""

    PACKETS: str  # where packets come out: "stdout", or "pipe" (put in place of {pcap} on the node)
    READY: str  # printed once it is listening
    READY_IN: str  # "stderr" or "text"
    POLL_SIGNAL: int  # makes it print its counts so far; 0 where there is no such signal

    def argv(self, wish: Wish) -> list[str]:
        """Return the command line for the node."""

    def counts(self, said: str) -> ToolCounts:
        """Return the tool's own counts, the newest ones, from its stderr."""

    def failure(self, said: str) -> Failure | None:
        """Return why the tool ended early, from its stderr; None where it says nothing of the kind."""

    def version(self, line: str) -> str:
        """Return the bare version from the first line of its version output."""


def tool(name: str) -> CaptureTool:
    """Return the tool called ``name`` (one of TOOLS)."""
    return cast(CaptureTool, import_module(f"captools.collect.tools.{name}"))
