"""Kernels that are only linked into others: neither optimised nor turned into machine code by themselves.

numba does both for every function, whole call trees again for each caller, although only the code of the outermost
one runs. Here LLVM sees a call tree once, whole: nearly half of the compile time goes.
"""

from __future__ import annotations

from typing import Any

from llvmlite.binding import Linkage
from numba import types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.typed_passes import AnnotateTypes
from numba.extending import models, register_model


class Callee(types.Dispatcher):  # type: ignore[misc]
    """The type of a kernel's name in other kernels. A constant argument is a number like any other.

    numba would compile a kernel anew for every constant that it is called with.
    """

    def get_call_type(self, context: Any, args: Any, kws: Any) -> Any:
        """Return the signature of a call."""
        return super().get_call_type(context, tuple(types.unliteral(one) for one in args), kws)


register_model(Callee)(models.OpaqueModel)


class _NoAddress:
    """Stands for the code generator where code without an address is to be made known to it."""

    def set_env(self, name: str, environment: Any) -> None:
        """Kernels are compiled without Python objects: there is nothing to hold for them."""


class Linked(JITCodeLibrary):  # type: ignore[misc]
    """Code that is kept as it is until a program links it in, and what it calls."""

    @property
    def codegen(self) -> _NoAddress:
        """What numba tells the address to."""
        return _NoAddress()

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def finalize(self) -> None:
        """Keep it as it is; what has it linked in may meet it again in another callee."""
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == Linkage.external:
                function.linkage = Linkage.linkonce_odr
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Return 0: there is no such function in memory."""
        self._ensure_finalized()
        return 0

    def program(self, symbol: str) -> Any:
        """Return the whole call tree as one module, in which others find the function ``symbol``."""
        whole = self._get_module_for_linking()
        whole.get_function(symbol).linkage = Linkage.external
        return whole

    def _get_module_for_linking(self) -> Any:
        self._ensure_finalized()
        whole = self._final_module.clone()
        left: list[Any] = [*self._linking_libraries]
        seen = {self}
        while left:
            library = left.pop()
            if library in seen:
                continue
            seen.add(library)
            if isinstance(library, Linked):
                whole.link_in(library._final_module, preserve=True)
                left += library._linking_libraries
            else:
                whole.link_in(library._get_module_for_linking(), preserve=True)
        return whole


@register_pass(mutates_CFG=False, analysis_only=True)
class _IntoLinked(LoweringPass):  # type: ignore[misc]
    """Has the function that is lowered next put into code that is only linked."""

    _name = "link_only"

    def __init__(self) -> None:
        LoweringPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Give the compilation its library, which numba would make otherwise."""
        state.library = Linked(state.targetctx.codegen(), state.func_id.func_qualname)
        return False


class LinkOnly(Compiler):  # type: ignore[misc]
    """numba's compiler, up to the point where it would make machine code."""

    def define_pipelines(self) -> Any:
        """Return numba's passes and ours."""
        pipelines = super().define_pipelines()
        pipelines[0].add_pass_after(_IntoLinked, AnnotateTypes)
        pipelines[0].finalize()
        return pipelines
