from __future__ import annotations

import os
import subprocess

import pytest

from captools.lab import state
from captools.model.errors import UsageError


@pytest.mark.parametrize("name", ["", ".", "..", "../other", "a/b", "new\nline", "\x1b[31m"])
def test_a_name_that_is_no_plain_file_name_is_refused(name):
    with pytest.raises(UsageError, match="cannot name a lab"):
        state.folder_of(name)


def test_a_process_is_told_by_its_start_time_too():
    child = subprocess.Popen(["sleep", "30"])
    ticks = state.start_ticks(child.pid)
    assert ticks > 0
    state.kill(child.pid, ticks + 1)
    assert child.poll() is None, "another start time is another process"
    child.kill()
    child.wait()
    assert state.start_ticks(child.pid) == 0


def test_the_start_time_survives_a_process_name_with_spaces_and_parentheses(tmp_path):
    program = tmp_path / "odd ) name"
    program.symlink_to("/bin/sleep")
    child = subprocess.Popen([program, "30"])
    assert abs(state.start_ticks(child.pid) - state.start_ticks(os.getpid())) < 10**7
    assert state.start_ticks(child.pid) >= state.start_ticks(os.getpid())
    child.kill()
    child.wait()


def test_what_is_left_of_a_lab_is_removed_with_its_link(tmp_path):
    folder, link = tmp_path / "far", state.folder_of("left")
    folder.mkdir()
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(folder)
    state.write(folder, state.LabRecord(name="left", mode="native"))
    assert (link, state.LabRecord(name="left", mode="native")) in state.known()
    assert state.remove(link) == state.LabRecord(name="left", mode="native")
    assert not folder.exists() and not link.is_symlink()


def test_a_folder_that_is_no_labs_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    (tmp_path / "lab.json").write_text("[1, 2]")
    assert state.remove(tmp_path) is None
    assert (tmp_path / "thesis.txt").exists()
