"""Kernels as Python calls them: by their object files where these were kept, without importing numba.

An object file is loaded in milliseconds; numba takes a third of a second to begin with. Bounds-checked or interpreted,
kernels are called as they are.
"""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Iterator
from importlib import import_module
from threading import Lock
from typing import Any, Protocol

import numpy as np

UNUSUAL = any(os.environ.get(name, "0") != "0" for name in ("NUMBA_BOUNDSCHECK", "NUMBA_DISABLE_JIT"))

DECODERS = ("run.decode_pcap", "blocks.decode_blocks")  # which take seconds to compile; all others are small


class Shelf(Protocol):
    """Where compiled kernels are kept between processes."""

    def read(self, name: str) -> bytes | None:
        """Return what was kept under ``name``; None where there is nothing, or it is damaged."""

    def write(self, name: str, data: bytes) -> None:
        """Keep ``data`` if possible."""


class Programs:
    """The kernels that this process has loaded. ``shelf`` is set by captools.store.kernels."""

    def __init__(self) -> None:
        self.shelf: Shelf | None = None
        self._lock = Lock()
        self.loaded: dict[str, tuple[Any, list[str]]] = {}
        self._machine: Any = None

    def get(self, name: str, arguments: tuple[Any, ...]) -> tuple[Any, list[str]]:
        """Return the function of ``name`` (module.function), and the kinds of its arguments."""
        with self._lock:
            if name not in self.loaded:
                data = None if self.shelf is None else self.shelf.read(name)
                if data is None:
                    data = _compiled(name, arguments)
                    if self.shelf is not None:
                        self.shelf.write(name, data)
                self.loaded[name] = self._load(data)
            return self.loaded[name]

    def _load(self, data: bytes) -> tuple[Any, list[str]]:
        from captools.wire.kernels.machine import FUNCTION, Machine

        if self._machine is None:
            self._machine = Machine()
        words, _, code = data.partition(b"\n")
        head = json.loads(words)
        return FUNCTION(self._machine.load(code, head["symbol"])), head["kinds"]


PROGRAMS = Programs()


def _compiled(name: str, arguments: tuple[Any, ...]) -> bytes:
    from captools.wire.kernels.program import compile_program

    symbol, code = compile_program(_kernel(name), arguments)
    head = {"symbol": symbol, "kinds": [_kind(one) for one in arguments]}
    return json.dumps(head).encode() + b"\n" + code


def _kernel(name: str) -> Any:
    module, _, function = name.partition(".")
    return getattr(import_module(f"captools.wire.kernels.{module}"), function)


class Native:
    """One kernel, ``name`` being its module and function. Each thread needs one of its own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._function: Any = None
        self._last: tuple[Any, ...] = ()

    def __call__(self, *arguments: Any) -> int:
        """Call the kernel; its answer is a number, 0 where it has none.

        Arrays are contiguous; TypeError for those of another kind than before.
        """
        if UNUSUAL:
            return int(_kernel(self._name)(*arguments) or 0)
        if self._function is None:
            self._begin(arguments)
        for number, value in enumerate(arguments):
            if value is not self._last[number]:
                self._put(number, value)
        self._last = arguments
        if self._function(self._answer, self._error, self._address):
            raise RuntimeError(f"{self._name} failed")
        return int(self._answer.contents.value)

    def forget(self) -> None:
        """Let go of the arrays of the last call: their memory is about to move."""
        self._last = (None,) * len(self._last)

    def _begin(self, arguments: tuple[Any, ...]) -> None:
        self._function, self._kinds = PROGRAMS.get(self._name, arguments)
        sizes = [len(list(_words(one))) for one in arguments]
        self._begins = np.cumsum([0, *sizes]).tolist()
        self._table = (ctypes.c_int64 * self._begins[-1])()
        self._address = ctypes.addressof(self._table)
        self._answer, self._error = ctypes.pointer(ctypes.c_int64()), ctypes.pointer(ctypes.c_void_p())
        self._last = (None,) * len(self._kinds)

    def _put(self, number: int, value: Any) -> None:
        """Write the words of one argument."""
        at = self._begins[number]
        if type(value) is int:
            self._table[at] = value
            return
        if _kind(value) != self._kinds[number]:
            raise TypeError(f"{self._name}: argument {number} is {_kind(value)}, not {self._kinds[number]}")
        for place, word in enumerate(_words(value), at):
            self._table[place] = word


def _words(value: Any) -> Iterator[int]:
    """Yield the words of an argument: of an array its address and lengths, of a tuple those of its items."""
    if isinstance(value, np.ndarray):
        yield value.__array_interface__["data"][0]
        yield from value.shape
    elif isinstance(value, tuple):
        for one in value:
            yield from _words(one)
    else:
        yield int(value)


def _kind(value: Any) -> str:
    """Name what an argument is; only contiguous arrays have a name."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype.str}/{value.ndim}" if value.flags.c_contiguous else "scattered"
    if isinstance(value, tuple):
        return f"({','.join(_kind(one) for one in value)})"
    return "bool" if isinstance(value, bool | np.bool_) else "int"
