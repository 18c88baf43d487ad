"""Run one input through a target, without libFuzzer: ``python -m tests.fuzz.once TARGET FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.fuzz.registry import target

if __name__ == "__main__":
    name, file = sys.argv[1:]
    target(name).check(Path(file).read_bytes())
    print(f"{name}: {file} breaks nothing")
