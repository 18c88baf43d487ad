"""libFuzzer's loop around one target: ``python -m tests.fuzz.loop MODULE SEEDS [libFuzzer's words]``."""

from __future__ import annotations

import hashlib
import os
import random
import sys
from importlib import import_module
from pathlib import Path

import atheris

_ROOT = Path(__file__).parents[2]


def main() -> None:
    """Write the target's seeds to a folder, then fuzz until libFuzzer's own words say that it is enough."""
    name, seeds, *words = sys.argv[1:]
    # numba must find the kernels as they were written; interpreted ones guide the search like any other code.
    apart = [] if os.environ.get("NUMBA_DISABLE_JIT") == "1" else kernel_modules()
    with atheris.instrument_imports(include=["captools"], exclude=apart):
        module = import_module(name)
        for seed in module.seeds():
            file = Path(seeds) / hashlib.sha256(seed).hexdigest()[:16]
            file.write_bytes(seed)
            try:
                module.check(seed)  # what is imported or compiled late is so here, outside of any time limit
            except Exception:
                file.rename(f"{_prefix(words)}seed-{file.name}")
                raise
    options: dict[str, object] = {}
    if hasattr(module, "mutate"):
        options["custom_mutator"] = lambda data, size, seed: module.mutate(data, size, random.Random(seed))
    atheris.Setup([sys.argv[0], f"-max_len={module.MAX_LEN}", *words], module.check, **options)
    atheris.Fuzz()


def kernel_modules() -> list[str]:
    """Return the names of all modules below captools.wire.kernels, importing none."""
    files = (_ROOT / "captools" / "wire" / "kernels").rglob("*.py")
    return [".".join(file.relative_to(_ROOT).with_suffix("").parts) for file in files]


def _prefix(words: list[str]) -> str:
    """Return where libFuzzer was told to leave inputs that break something."""
    return next(word.partition("=")[2] for word in words if word.startswith("-artifact_prefix="))


if __name__ == "__main__":
    main()
