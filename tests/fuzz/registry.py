"""Which readers are fuzzed: each file of tests/fuzz/targets, the kernels in two ways.

A target is a module with ``check(data)``, which raises where a promise is broken, ``seeds()`` and ``MAX_LEN``; and,
where changing plain bytes is too blunt, ``mutate(data, size, rng)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

_TARGETS = Path(__file__).parent / "targets"
# Compiled code gives no coverage: the interpreted kernels find the inputs, the compiled ones are checked on them too.
_KERNELS = {
    "kernels": (("NUMBA_BOUNDSCHECK", "1"),),
    "kernels-interpreted": (("NUMBA_DISABLE_JIT", "1"),),
}


@dataclass(frozen=True, slots=True)
class Variant:
    """A target and the environment it runs in."""

    name: str
    target: str
    environ: tuple[tuple[str, str], ...] = ()


def variants() -> tuple[Variant, ...]:
    """Return all that can be fuzzed, by name."""
    names = sorted(path.stem for path in _TARGETS.glob("*.py"))
    plain = [Variant(name, name) for name in names if name != "kernels"]
    return (*plain, *(Variant(name, "kernels", environ) for name, environ in _KERNELS.items()))


def target(name: str) -> ModuleType:
    """Import a target."""
    return import_module(f"tests.fuzz.targets.{name}")
