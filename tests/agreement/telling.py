"""What tests that start a tool per file or analyse whole cases share: the files that tell most, and each analysis once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from captools.model.analysis import Analysis
from captools.pipeline import open_session
from captures import case, cases


def telling() -> list[Path]:
    """Return the two longest captures of each reference case: the others hold the same packets, seen elsewhere.

    ``python -m tests.agreement.table`` and its test read every one of them three times.
    """
    return [
        path for one in cases() for path in sorted(one.captures, key=lambda path: (-path.stat().st_size, path.name))[:2]
    ]


@cache
def analysed(name: str) -> Analysis:
    """Return the analysis of a reference case."""
    return open_session([case(name).folder]).analysis
