"""Which readers are fuzzed: each file of tests/fuzz/targets, compiled code in two ways.

A target is a module with ``check(data)``, which raises where a promise is broken, ``seeds()`` and ``MAX_LEN``; and,
where changing plain bytes is too blunt, ``mutate(data, size, rng)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_PACKAGE = "tests.fuzz.targets"
_TARGETS = Path(__file__).parent / "targets"
# Targets of compiled code, which gives no coverage: interpreted they find inputs (in a corpus that both keep) for the
# bounds-checked run behind it.
_COMPILED = ("kernels", "messages")
_INTERPRETED, _CHECKED = (("NUMBA_DISABLE_JIT", "1"),), (("NUMBA_BOUNDSCHECK", "1"),)


@dataclass(frozen=True, slots=True)
class Variant:
    """A target (the name of its module) and the environment it runs in."""

    name: str
    module: str
    environ: tuple[tuple[str, str], ...] = ()


def variants() -> tuple[Variant, ...]:
    """Return all that can be fuzzed, by name."""
    found = []
    for name in sorted(path.stem for path in _TARGETS.glob("*.py")):
        module = f"{_PACKAGE}.{name}"
        if name in _COMPILED:
            found.append(Variant(f"{name}-interpreted", module, _INTERPRETED))
        found.append(Variant(name, module, _CHECKED if name in _COMPILED else ()))
    return tuple(found)
