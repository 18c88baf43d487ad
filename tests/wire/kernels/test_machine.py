"""Object files are loaded and run as they were made."""

from __future__ import annotations

import ctypes

from llvmlite import binding as llvm

from captools.wire.kernels.machine import FUNCTION, Machine, optimised_object

# By numba's convention: the answer goes where the first argument points; 0 is no error.
ADD = """
define i32 @add(i64* %answer, i8** %error, i8* %words) {
  %first = bitcast i8* %words to i64*
  %second = getelementptr i64, i64* %first, i64 1
  %a = load i64, i64* %first
  %b = load i64, i64* %second
  %sum = add i64 %a, %b
  store i64 %sum, i64* %answer
  ret i32 0
}
"""


def called(address: int, *words: int) -> tuple[int, int]:
    answer, error = ctypes.c_int64(), ctypes.c_void_p()
    table = (ctypes.c_int64 * len(words))(*words)
    status = FUNCTION(address)(answer, error, ctypes.addressof(table))
    return status, answer.value


def test_a_function_of_an_object_file_runs():
    code = optimised_object(llvm.parse_assembly(ADD))
    assert called(Machine().load(code, "add"), 40, 2) == (0, 42)


def test_several_object_files_lie_side_by_side():
    machine = Machine()
    addresses = [
        machine.load(optimised_object(llvm.parse_assembly(ADD.replace("@add", f"@{name}"))), name)
        for name in ("one", "two")
    ]
    assert [called(address, 1, 2) for address in addresses] == [(0, 3), (0, 3)]
