"""Errors by fault: yours, the file's, the node's, this machine's. Each is one sentence and says what to try."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every captools command (README, section "Exit codes")."""

    FINE = 0
    FAIL_ON = 1
    USAGE = 2
    BAD_INPUT = 3
    NODE_FAILED = 4
    TOOL_MISSING = 5
    BUG = 70
    INTERRUPTED = 130


class CaptoolsError(Exception):
    """Base of the errors a person can act on.

    ``message`` says where and what was found, ``hint`` says what to try.
    """

    exit_code = ExitCode.BUG

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class UsageError(CaptoolsError):
    """The request cannot be carried out as it was made."""

    exit_code = ExitCode.USAGE


class MalformedCapture(CaptoolsError):
    """A file is not what it claims to be."""

    exit_code = ExitCode.BAD_INPUT


class CaptureFailed(CaptoolsError):
    """A node, or the way to it, failed."""

    exit_code = ExitCode.NODE_FAILED


class ToolMissing(CaptoolsError):
    """This machine lacks a program that the request needs."""

    exit_code = ExitCode.TOOL_MISSING


class Interrupted(CaptoolsError):
    """The user stopped the command before anything could be kept."""

    exit_code = ExitCode.INTERRUPTED
