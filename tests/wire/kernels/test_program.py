"""A program takes any arguments through one pointer, and says what its kernel says."""

from __future__ import annotations

import ctypes
import gc
from typing import Any, NamedTuple

import numpy as np
import pytest

from captools.wire.kernels.native import UNUSUAL, _words

pytestmark = [pytest.mark.slow, pytest.mark.skipif(UNUSUAL, reason="checked kernels are numba's own")]


class Inner(NamedTuple):
    records: Any
    grid: Any


def run(kernel: Any, *arguments: Any) -> int:
    from captools.wire.kernels.machine import FUNCTION, Machine
    from captools.wire.kernels.program import compile_program

    symbol, code = compile_program(kernel, arguments)
    words = [word for one in arguments for word in _words(one)]
    table = (ctypes.c_int64 * len(words))(*words)
    answer, error = ctypes.c_int64(), ctypes.c_void_p()
    machine = Machine()
    assert FUNCTION(machine.load(code, symbol))(answer, error, ctypes.addressof(table)) == 0
    return answer.value


def test_numbers_arrays_records_and_tuples_arrive():
    from captools.wire.kernels.compiler import kernel

    @kernel
    def add_up(number, data, flag, inner):
        inner.records[1].b = 7
        inner.grid[1, 2] = data[3]
        return number + data.shape[0] + (100 if flag else 0) + inner.records[0].a + inner.grid.shape[1]

    records = np.zeros(2, [("a", np.int64), ("b", np.uint8)]).view(np.recarray)
    records[0].a = 1_000
    inner = Inner(records, np.zeros((2, 3), np.uint64))
    assert run(add_up, -5, np.arange(10, dtype=np.uint8), True, inner) == -5 + 10 + 100 + 1_000 + 3
    assert records[1].b == 7
    assert inner.grid.tolist() == [[0, 0, 0], [0, 0, 3]]


def test_a_kernel_without_an_answer_gives_0():
    from captools.wire.kernels.compiler import kernel

    @kernel
    def fill(data, value):
        for place in range(data.shape[0]):
            data[place] = value

    data = np.zeros(3, np.int32)
    assert run(fill, data, 9) == 0
    assert data.tolist() == [9, 9, 9]


def test_the_garbage_collector_is_left_as_it_was():
    from captools.wire.kernels.compiler import kernel

    @kernel
    def same(number):
        return number

    before = gc.get_threshold()
    assert run(same, 3) == 3
    assert gc.get_threshold() == before
