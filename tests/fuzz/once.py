"""Run one input through a target, without libFuzzer: ``python -m tests.fuzz.once MODULE FILE``."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

if __name__ == "__main__":
    name, file = sys.argv[1:]
    import_module(name).check(Path(file).read_bytes())
    print(f"{name}: {file} breaks nothing")
