"""The kernels' cache folder: another name for any change, never shared, and the first compile told once."""

from __future__ import annotations

import subprocess
import sys

from captools.store import kernels


def test_any_changed_source_or_word_is_another_folder(tmp_path):
    a, b = tmp_path / "a.py", tmp_path / "b.py"
    a.write_text("one")
    b.write_text("two")
    first = kernels.fingerprint([a, b], ["0.60", "cpu"])
    assert first == kernels.fingerprint([a, b], ["0.60", "cpu"])
    others = {kernels.fingerprint([a, b], ["0.61", "cpu"]), kernels.fingerprint([a, b], ["0.60", "CPU"]),
              kernels.fingerprint([b, a], ["0.60", "cpu"]), kernels.fingerprint([a, b], ["0.60c", "pu"])}  # fmt: skip
    a.write_text("onE")
    assert len({first, *others, kernels.fingerprint([a, b], ["0.60", "cpu"])}) == 6


def test_the_folder_lies_in_the_users_cache(tmp_path):
    assert kernels.cache_folder({"XDG_CACHE_HOME": str(tmp_path)}).parent == tmp_path / "captools" / "kernels"
    assert kernels.cache_folder({"HOME": "/home/x"}).as_posix().startswith("/home/x/.cache/captools/kernels/")


PREPARE = """
import os, sys
from captools.store import kernels
folder = kernels.prepare(print)
print(folder, "numba" in sys.modules, os.environ["NUMBA_CACHE_DIR"] == str(folder), oct(folder.stat().st_mode)[-3:])
"""


def prepare(**environ: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PREPARE], env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.splitlines()


def test_the_first_compile_is_announced_and_numba_is_not_imported_for_that(tmp_path):
    said, state = prepare(XDG_CACHE_HOME=str(tmp_path))
    assert said == kernels.ANNOUNCEMENT
    assert state.split()[1:] == ["False", "True", "700"] and state.startswith(str(tmp_path))


def test_compiled_kernels_are_not_announced_again(tmp_path):
    folder = kernels.cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) / "somewhere"
    folder.mkdir(parents=True)
    (folder / "run.decode_pcap-59.py311.1.nbc").touch()
    assert len(prepare(XDG_CACHE_HOME=str(tmp_path))) == 1


def test_checked_and_interpreted_runs_get_empty_folders_of_their_own(tmp_path):
    plain = prepare(XDG_CACHE_HOME=str(tmp_path))[-1].split()[0]
    checked = [prepare(XDG_CACHE_HOME=str(tmp_path), **{name: "1"})[-1].split()[0]
               for name in ("NUMBA_BOUNDSCHECK", "NUMBA_BOUNDSCHECK", "NUMBA_DISABLE_JIT")]  # fmt: skip
    assert len({plain, *checked}) == 4
    assert not any(kernels.Path(folder).exists() for folder in checked)  # they go with their process
