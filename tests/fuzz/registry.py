"""Which readers are fuzzed: each file of tests/fuzz/targets, the kernels in two ways.

A target is a module with ``check(data)``, which raises where a promise is broken, ``seeds()`` and ``MAX_LEN``; and,
where changing plain bytes is too blunt, ``mutate(data, size, rng)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_PACKAGE = "tests.fuzz.targets"
_TARGETS = Path(__file__).parent / "targets"
# Compiled code gives no coverage: the interpreted kernels come first, and find inputs (a corpus both keep) for it.
_KERNELS = {
    "kernels-interpreted": (("NUMBA_DISABLE_JIT", "1"),),
    "kernels": (("NUMBA_BOUNDSCHECK", "1"),),
}


@dataclass(frozen=True, slots=True)
class Variant:
    """A target (the name of its module) and the environment it runs in."""

    name: str
    module: str
    environ: tuple[tuple[str, str], ...] = ()


def variants() -> tuple[Variant, ...]:
    """Return all that can be fuzzed, by name."""
    names = sorted(path.stem for path in _TARGETS.glob("*.py"))
    plain = [Variant(name, f"{_PACKAGE}.{name}") for name in names if name != "kernels"]
    return (*plain, *(Variant(name, f"{_PACKAGE}.kernels", environ) for name, environ in _KERNELS.items()))
