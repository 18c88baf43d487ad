"""Bounds checks work, and the checked and the interpreted kernels say what the compiled ones say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

OVERRUN = """
import numpy as np
from captools.store import kernels
kernels.prepare(lambda words: None)
from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.loads import u8, u32, u64le
@kernel
def one(data): return u32(data, data.shape[0] - 3)
@kernel
def two(data): return u64le(data, data.shape[0] - 7)
@kernel
def three(data): return u8(data, data.shape[0])
@kernel
def four(data): return u32(data, -4)
for overrun in (one, two, three, four):
    try:
        overrun(np.zeros(64, np.uint8))
    except IndexError:
        print("caught")
"""

# The overrun stays inside the memory that the view is of, so that reading it unchecked harms nothing.
PADDED = """
import numpy as np
from captools.store import kernels
kernels.prepare(lambda words: None)
from captools.wire.kernels.compiler import kernel
@kernel
def beyond(data, at): return data[at]
try:
    print(beyond(np.arange(64, dtype=np.uint8)[:32], 40))
except IndexError:
    print("caught")
"""

AGREE = """
import warnings
warnings.simplefilter("ignore")  # interpreted, the hashes' overflow is a warning
from captures.generate import generate
from tests.wire.equality import assert_same, mutated
data = b"".join(generate(packets={packets}, seed=5))
blocks = b"".join(generate(packets={packets}, seed=6, form="pcapng"))
print(len(assert_same(data)), len(assert_same(mutated(data, 1))), len(assert_same(mutated(blocks, 2))))
from captools.wire.kernels.compiler import CHECKED, INTERPRETED
print(CHECKED, INTERPRETED)
"""


def run(folder: Path, script: str, **environ: str) -> str:
    program = folder / "program.py"  # numba keeps the code of files only
    program.write_text(script)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, str(program)], cwd=ROOT, env=plain | {"PYTHONPATH": str(ROOT)} | environ,
        capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_deliberate_overrun_is_caught_under_bounds_checking(tmp_path):
    assert run(tmp_path, OVERRUN, NUMBA_BOUNDSCHECK="1").split() == ["caught"] * 4


def test_a_deliberate_overrun_is_caught_interpreted(tmp_path):
    assert run(tmp_path, OVERRUN, NUMBA_DISABLE_JIT="1").split() == ["caught"] * 4


def test_without_checks_nothing_is_caught_which_is_why_there_are_runs_with_them(tmp_path):
    assert run(tmp_path, PADDED, XDG_CACHE_HOME=str(tmp_path)) == "40\n"
    assert run(tmp_path, PADDED, NUMBA_BOUNDSCHECK="1") == "caught\n"


def test_the_bounds_checked_kernels_agree_with_the_reference_and_overrun_nothing(tmp_path):
    assert run(tmp_path, AGREE.format(packets=5_000), NUMBA_BOUNDSCHECK="1").split() == ["5000"] * 3 + ["True", "False"]


def test_the_interpreted_kernels_agree_with_the_reference_and_overrun_nothing(tmp_path):
    assert run(tmp_path, AGREE.format(packets=300), NUMBA_DISABLE_JIT="1").split() == ["300"] * 3 + ["True", "True"]
