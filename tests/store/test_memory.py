"""How much memory is left."""

from __future__ import annotations

import subprocess
import sys

from captools.store.memory import available
from tests.conftest import ROOT


def test_the_machines_own_figure_is_read():
    assert available("MemTotal: 9 kB\nMemAvailable:       2048 kB\n") == 2048 * 1024


def test_an_address_space_limit_counts():
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30));"
        "from captools.store.memory import available; print(available('MemAvailable: 999999999 kB'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert 500 << 20 < int(done.stdout) < 1 << 30


def test_freed_memory_goes_back_to_the_system():
    code = """
from pathlib import Path
import pyarrow as pa
from captools.store.memory import give_back

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) << 12

small = [bytes(1_000) for _ in range(100_000)]
columns = [pa.array(range(10_000)) for _ in range(500)]
last = bytes(1_000), pa.array(range(10_000))  # what is behind them stays
del small, columns
before = held()
give_back()
print(before - held())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert int(done.stdout) > 30 << 20
