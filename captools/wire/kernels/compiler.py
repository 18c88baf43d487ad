"""How kernels are compiled: one decorator for all of them, and whether they run bounds-checked or interpreted.

The caller chooses the cache folder before this module is imported (captools.store.kernels). ``NUMBA_BOUNDSCHECK=1``
checks every index; ``NUMBA_DISABLE_JIT=1`` runs the same functions as plain Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba import config

Function = TypeVar("Function", bound=Callable[..., Any])

INTERPRETED = bool(config.DISABLE_JIT)
CHECKED = INTERPRETED or bool(config.BOUNDSCHECK)


_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "cache": True,
    "error_model": "numpy",
    "boundscheck": CHECKED and not INTERPRETED,
    # Nothing is allocated inside, so arrays need no reference counting: it would cost five times the decode.
    "_nrt": False,
}


def kernel(function: Function) -> Function:
    """Compile ``function`` on first use: without the GIL, cached on disk, integer rules of the machine."""
    return cast(Function, numba.njit(**_OPTIONS)(function))


def inlined(function: Function) -> Function:
    """The same, written into its callers: for functions that take many arrays, which a call would copy one by one."""
    return cast(Function, numba.njit(inline="always", **_OPTIONS)(function))
