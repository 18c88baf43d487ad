"""How kernels are compiled: one decorator for all of them, and whether they run bounds-checked or interpreted.

The caller chooses the cache folder before this module is imported (captools.store.kernels). ``NUMBA_BOUNDSCHECK=1``
checks every index; ``NUMBA_DISABLE_JIT=1`` runs the same functions as plain Python.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar, cast

import numba
from numba import config

from captools.wire.kernels.linking import Callee, LinkOnly

Function = TypeVar("Function", bound=Callable[..., Any])

INTERPRETED = bool(config.DISABLE_JIT)
CHECKED = INTERPRETED or bool(config.BOUNDSCHECK)

OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "boundscheck": CHECKED and not INTERPRETED,
    # Nothing is allocated inside, so arrays need no reference counting: it would cost five times the decode.
    "_nrt": False,
}
_LINKED = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": LinkOnly}


class Kernel:
    """A compiled function. Other kernels link it in; called from Python, it is compiled once more with a way in.

    Machine code is made of whole programs only (captools.wire.kernels.program): a kernel by itself has none.
    """

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        self.function = function
        self.linked = numba.njit(**OPTIONS, **_LINKED, **options)(function)
        self._numba_type_ = Callee(self.linked)  # what numba takes the kernel's name for, in other kernels

    @cached_property
    def _called(self) -> Any:
        return numba.njit(cache=True, **OPTIONS)(self.function)

    def __call__(self, *arguments: Any) -> Any:
        return self._called(*arguments)


def kernel(function: Function) -> Function:
    """Compile ``function`` on first use: without the GIL, integer rules of the machine."""
    if CHECKED:
        return cast(Function, numba.njit(cache=True, **OPTIONS)(function))
    return cast(Function, Kernel(function))


def inlined(function: Function) -> Function:
    """The same, written into its callers: for functions that take many arrays, which a call would copy one by one."""
    if CHECKED:
        return cast(Function, numba.njit(inline="always", cache=True, **OPTIONS)(function))
    return cast(Function, Kernel(function, forceinline=True))
