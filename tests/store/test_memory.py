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
