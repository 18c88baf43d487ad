"""Kernels are called by their kept object files, without numba, and only with what they were compiled for."""

from __future__ import annotations

import subprocess
import sys
import weakref

import numpy as np
import pytest

from captools.wire.kernels.native import UNUSUAL, Native, Programs
from tests.conftest import ROOT
from tests.wire.equality import compiled

pytestmark = pytest.mark.slow
compiled_only = pytest.mark.skipif(UNUSUAL, reason="checked kernels are numba's own")


class Shelf(dict[str, bytes]):
    """A shelf in memory."""

    read = dict.get
    write = dict.__setitem__


def move(old: np.ndarray, new: np.ndarray) -> None:
    Native("lanes.move_lanes")(old, new)


def test_a_kernel_is_called_and_answers():
    data = np.zeros(4_096, np.uint8)
    assert Native("resync.find_record")(data, 4_000, True, 1_000_000, 16, 262_144, 0) == -1


def test_arrays_of_the_next_call_may_be_others():
    call = Native("lanes.move_lanes")
    for hashed in (5, 6):
        old, new = np.array([[hashed, 1]], np.uint64), np.zeros((4, 2), np.uint64)
        call(old, new)
        assert new[hashed & 3].tolist() == [hashed, 1]


@compiled_only
@pytest.mark.parametrize("old", [np.zeros((1, 2), np.int32), np.zeros(2, np.uint64), np.zeros((8, 8), np.uint64)[:, :2],
                                 (np.zeros((1, 2), np.uint64),), 5.0])  # fmt: skip
def test_an_array_of_another_kind_is_refused(old):
    move(np.zeros((1, 2), np.uint64), np.zeros((4, 2), np.uint64))
    with pytest.raises(TypeError, match="argument 0 is"):
        move(old, np.zeros((4, 2), np.uint64))


@compiled_only
def test_a_compiled_kernel_is_kept_and_taken_from_there():
    arguments = (np.array([[5, 1]], np.uint64), np.zeros((4, 2), np.uint64))
    first, second = Programs(), Programs()
    first.shelf = second.shelf = shelf = Shelf()
    first.get("lanes.move_lanes", arguments)
    assert list(shelf) == ["lanes.move_lanes"]
    # Under another name, so that only the shelf can know it.
    shelf["lanes.other_name"] = shelf["lanes.move_lanes"]
    _function, kinds = second.get("lanes.other_name", arguments)
    assert kinds == ["<u8/2", "<u8/2"]


WITHOUT = """
import sys
import weakref
from captools.store import kernels
from captures.generate import generate
kernels.prepare(print)
from captools.wire.fast import decode_bytes
for form in ("pcap", "pcapng"):
    print(len(decode_bytes(b"".join(generate(packets=500, seed=1, form=form)), "test").packets))
print("numba" in sys.modules)
"""


@compiled_only
def test_numba_is_not_imported_where_the_object_files_are_kept():
    from captures.generate import generate

    for form in ("pcap", "pcapng"):
        compiled(b"".join(generate(packets=500, seed=1, form=form)))
    argv = [sys.executable, "-c", WITHOUT]
    subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=200, check=True)  # fills an empty folder
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.stdout.split() == ["500", "500", "False"], done.stderr


def test_forgotten_arrays_are_held_by_nobody():
    old, new = np.zeros((1, 2), np.uint64), np.zeros((4, 2), np.uint64)
    call, held = Native("lanes.move_lanes"), weakref.ref(new)
    call(old, new)
    call.forget()
    del new
    assert held() is None
