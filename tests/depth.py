"""How much a run looks at: everything under ``make deep``, what stands for it otherwise."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"


def quick(few: Sequence[T], every: Sequence[T]) -> list[T]:
    """Return ``every`` parameter in a deep run, else the ``few`` that stand for them."""
    return list(every if DEEP else few)
