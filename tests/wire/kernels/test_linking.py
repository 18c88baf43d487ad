"""Kernels are compiled once, whatever they are called with, and have no machine code of their own."""

from __future__ import annotations

import numpy as np
import pytest

from captools.wire.kernels.native import UNUSUAL

pytestmark = [pytest.mark.slow, pytest.mark.skipif(UNUSUAL, reason="checked kernels are numba's own")]


def three_constants():
    from captools.wire.kernels.compiler import kernel

    @kernel
    def plus(value, other):
        return value + other

    @kernel
    def several(value):
        return plus(value, 1) + plus(value, 2) + plus(value, value)

    return plus, several


def test_a_kernel_is_not_compiled_anew_for_each_constant():
    plus, several = three_constants()
    assert several(10) == 43
    assert len(plus.linked.overloads) == 1


def test_a_called_kernel_is_nowhere_in_memory():
    from captools.wire.kernels.linking import Linked

    plus, several = three_constants()
    several(10)
    (compiled,) = plus.linked.overloads.values()
    assert isinstance(compiled.library, Linked)
    assert compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name) == 0


def test_a_program_holds_all_that_it_calls():
    from numba import types

    plus, several = three_constants()
    several.linked.compile((types.int64,))
    (compiled,) = several.linked.overloads.values()
    (inner,) = plus.linked.overloads.values()
    outside, inside = compiled.fndesc.llvm_func_name, inner.fndesc.llvm_func_name
    program = compiled.library.program(outside)
    linkage = {one.name: one.linkage.name for one in program.functions if not one.is_declaration}
    assert (linkage[outside], linkage[inside]) == ("external", "linkonce_odr")


def test_arrays_pass_through_kernels_of_kernels():
    from captools.wire.kernels.compiler import inlined, kernel

    @inlined
    def first(values):
        return values[0]

    @kernel
    def twice(values):
        return first(values) * 2

    @kernel
    def both(values):
        return twice(values) + first(values)

    assert both(np.array([5, 6])) == 15
