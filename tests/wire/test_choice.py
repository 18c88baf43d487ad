"""Small captures never pay for the compiler; large ones do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from captools.wire.choice import TOGETHER, packets_in, worth_compiling
from captures.generate import generate


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_the_estimate_is_within_a_third(form):
    data = b"".join(generate(packets=20_000, seed=2, form=form))
    assert 13_000 < packets_in(len(data), data[: 1 << 16]) < 27_000


def test_only_large_captures_are_worth_it():
    head = next(generate(packets=1, seed=2)) + b"".join(generate(packets=500, seed=2))[24 : 1 << 16]
    assert not worth_compiling(1 << 20, head) and worth_compiling(1 << 30, head)
    assert not worth_compiling(1 << 40, b"no capture at all") and not worth_compiling(24, head[:24])


def test_a_small_capture_of_a_large_session_is_worth_it_too():
    head = b"".join(generate(packets=500, seed=2))[: 1 << 16]
    tiny, small = 1 << 16, 10 << 20
    assert not worth_compiling(small, head) and not worth_compiling(small, head, TOGETHER)
    assert worth_compiling(small, head, TOGETHER + 1) and not worth_compiling(tiny, head, TOGETHER + 1)


def test_asking_loads_no_compiler():
    code = (
        "import captools.wire.choice, captools.wire.widen, captools.store.kernels, sys; print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"
