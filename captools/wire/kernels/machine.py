"""Load object files into memory, and the processor that they are for. Needs LLVM, but not numba."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

from llvmlite import binding as llvm

_ANSWER, _ERROR = ctypes.POINTER(ctypes.c_int64), ctypes.POINTER(ctypes.c_void_p)
# numba's own convention: where the answer and an error go, then the arguments; 0 unless there is an error. Other
# threads run meanwhile.
FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int32, _ANSWER, _ERROR, ctypes.c_void_p)


@cache
def _initialise() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def target_machine() -> Any:
    """Return this processor as LLVM sees it."""
    _initialise()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, reloc="static",
        codemodel="jitdefault", jit=True,
    )  # fmt: skip


def optimised_object(module: Any) -> bytes:
    """Return the object file of a module, for this processor."""
    machine = target_machine()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    code: bytes = machine.emit_object(module)
    return code


class Machine:
    """Object files in memory."""

    def __init__(self) -> None:
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())

    def load(self, data: bytes, symbol: str) -> int:
        """Load an object file; return the address of the function ``symbol`` in it, 0 where it has none."""
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(data))
        self._engine.finalize_object()
        return int(self._engine.get_function_address(symbol))
