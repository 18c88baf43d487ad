"""Reading single values out of an agent's reports, which may hold anything. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from captools.collect.tools import Failure, Fault


def number(report: Mapping[str, Any], key: str) -> int | None:
    """Return the whole number called ``key``, None where there is none."""
    value = report.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def stamps(report: Mapping[str, Any]) -> dict[str, int]:
    """Return when each fact of a report was taken: file -> the node's time in ns."""
    taken = report.get("taken")
    return {str(k): v for k, v in taken.items() if isinstance(v, int)} if isinstance(taken, dict) else {}


def with_sudo(failure: Failure, sudo_said: str) -> Failure:
    """Return a refusal with the reason why sudo did not help."""
    if failure.fault is not Fault.PERMISSION or not sudo_said:
        return failure
    return Failure(fault=failure.fault, said=f"{failure.said} (and sudo: {sudo_said})", hint=failure.hint)
