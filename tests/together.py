"""Which tests run together where several processes share the work (``pytest -n``), and who gives way to whom.

Tests that record real traffic or time something are one group, ``machine``: one process runs them all, one after another,
so that no two labs or captures disturb each other, and first, since they mostly wait. What else runs meanwhile has a
lower priority. Other tests of one file stay in one process, and so do files that share something costly.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

MACHINE = "machine"
_ROOT = Path(__file__).resolve().parents[1]
_OF_THE_MACHINE = ("tests/agent/", "tests/collect/", "tests/lab/", "tests/tui/test_tmux.py")
# Files -> what they share: analyses of the reference cases, and what tshark prints of them.
_SHARING = {
    f"tests/agreement/{name}.py": "cases"
    for name in ("test_evidence", "test_links", "test_table", "test_truth", "test_request_truth", "test_real_points")
}
_LOWER = 10  # of nice's levels: a tenth of the processor where both want it
_MAY_RAISE = os.geteuid() == 0


def group(nodeid: str) -> str:
    """Return the name of the group that a test belongs to; files with any lab test are of the machine."""
    file = nodeid.partition("::")[0]
    if nodeid.startswith(_OF_THE_MACHINE) or _has_a_lab(file):
        return MACHINE
    return _SHARING.get(file, file)


@cache
def _has_a_lab(file: str) -> bool:
    return "mark.lab" in (_ROOT / file).read_text("utf-8")


class Groups(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each process one group after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def machine_first(items: list[pytest.Item]) -> None:
    """Put the tests of the machine first."""
    items.sort(key=lambda item: group(item.nodeid) != MACHINE)


def give_way() -> None:
    """Lower this process's priority; only root may raise it again."""
    if _MAY_RAISE:
        os.nice(_LOWER)


@contextmanager
def at_its_priority(item: pytest.Item) -> Iterator[None]:
    """Run a test of the machine, and every process that it starts, at the priority from before ``give_way``."""
    if not (_MAY_RAISE and group(item.nodeid) == MACHINE):
        yield
        return
    os.nice(-_LOWER)
    try:
        yield
    finally:
        os.nice(_LOWER)
