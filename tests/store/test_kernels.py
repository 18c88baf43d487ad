"""The kernels' cache folder: another name for any change, never shared, and the first compile told once."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from captools.store import kernels
from tests.conftest import ROOT


def imported(path: Path) -> set[Path]:
    """Return the files of the project that ``path`` imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
        elif isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        else:
            continue
        found |= {ROOT / Path(*name.split(".")).with_suffix(".py") for name in names}
    return {one for one in found if one.is_file() and one.is_relative_to(ROOT / "captools")}


def compiled_in() -> set[Path]:
    """Return every file whose functions or constants can end up in machine code: what the kernels import, and so on."""
    known: set[Path] = set()
    left = list((ROOT / "captools" / "wire" / "kernels").glob("*.py"))
    while left:
        path = left.pop()
        if path not in known:
            known.add(path)
            left += imported(path)
    return known


COMPILED_IN = sorted(path.relative_to(ROOT).as_posix() for path in compiled_in())


@pytest.fixture(scope="module")
def copied(tmp_path_factory) -> Path:
    """The sources in another place, to be changed there."""
    place = tmp_path_factory.mktemp("copy")
    for room in ("wire", "model"):
        shutil.copytree(ROOT / "captools" / room, place / "captools" / room)
    return place


@pytest.mark.parametrize("name", COMPILED_IN)
def test_a_change_in_whatever_is_compiled_in_means_another_folder(name, copied, monkeypatch):
    moved = tuple(copied / folder.relative_to(ROOT) for folder in kernels._SOURCES)
    monkeypatch.setattr(kernels, "_SOURCES", moved)
    before, source = kernels.cache_folder({}), copied / name
    text = source.read_text("utf-8")
    source.write_text(text + "\n# another constant\n", "utf-8")
    assert kernels.cache_folder({}) != before
    source.write_text(text, "utf-8")
    assert kernels.cache_folder({}) == before


def test_constants_of_other_rooms_files_are_among_what_is_compiled_in():
    assert {"captools/wire/kernels/loads.py", "captools/wire/tunnels.py", "captools/model/packets.py"} <= {*COMPILED_IN}


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
    folder = kernels.cache_folder({"XDG_CACHE_HOME": str(tmp_path)})
    folder.mkdir(parents=True)
    for name in ("run.decode_pcap", "blocks.decode_blocks"):
        assert len(prepare(XDG_CACHE_HOME=str(tmp_path))) == 2
        (folder / name).touch()
    assert len(prepare(XDG_CACHE_HOME=str(tmp_path))) == 1


def test_checked_and_interpreted_runs_get_empty_folders_of_their_own(tmp_path):
    plain = prepare(XDG_CACHE_HOME=str(tmp_path))[-1].split()[0]
    checked = [prepare(XDG_CACHE_HOME=str(tmp_path), **{name: "1"})[-1].split()[0]
               for name in ("NUMBA_BOUNDSCHECK", "NUMBA_BOUNDSCHECK", "NUMBA_DISABLE_JIT")]  # fmt: skip
    assert len({plain, *checked}) == 4
    assert not any(kernels.Path(folder).exists() for folder in checked)  # they go with their process
