"""Where this user's unfinished captures are."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from captools.collect.detached.register import controller_of, find, forget, gone_from, held, note, strayed, unfinished
from captools.collect.detached.remote import Remote, RemoteNode
from captools.collect.request import CaptureRequest
from captools.collect.targets import Target
from captools.collect.terms import Terms
from captools.model.errors import UsageError


@pytest.fixture
def captures(tmp_path, monkeypatch):
    """Two unfinished captures, one of them in the default place only."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    noted, lying = tmp_path / "noted", tmp_path / "state/captools/sessions/lying"
    for folder, name in ((noted, "20261121T101500Z-aaaaaa"), (lying, "20261121T103000Z-bbbbbb")):
        folder.mkdir(parents=True)
        Remote(terms=Terms(capture=name), request=CaptureRequest(targets=()), nodes=(), started_ns=1, pid=7).save(
            folder
        )
    note("20261121T101500Z-aaaaaa", noted)
    return noted, lying


def test_captures_are_found_by_id_by_its_beginning_and_by_their_folder(captures):
    noted, lying = captures
    assert unfinished() == {"20261121T101500Z-aaaaaa": noted, "20261121T103000Z-bbbbbb": lying}
    assert find("20261121T101500Z-aaaaaa")[0] == noted and find("20261121T1030")[0] == lying
    assert find(str(lying))[1].terms.capture == "20261121T103000Z-bbbbbb"


def test_what_fits_twice_or_not_at_all_is_said_with_what_there_is(captures):
    with pytest.raises(UsageError, match="several captures begin so; give more of its id: 20261121T101500Z"):
        find("20261121")
    with pytest.raises(UsageError, match="no unfinished capture is called so; unfinished ones: 20261121T101500Z"):
        find("nothing")


def test_a_capture_that_is_home_or_gone_is_forgotten(captures, tmp_path):
    noted, lying = captures
    (noted / "remote.json").unlink()
    assert unfinished() == {"20261121T103000Z-bbbbbb": lying}
    assert list((tmp_path / "state/captools/captures").iterdir()) == []
    forget("20261121T103000Z-bbbbbb")


def test_a_session_that_is_home_says_so(captures, tmp_path):
    (tmp_path / "done").mkdir()
    (tmp_path / "done/session.json").write_text("{}")
    with pytest.raises(UsageError, match="everything of it is home already; open it: captools info"):
        find(str(tmp_path / "done"))


def test_a_folder_that_is_away_is_not_taken_for_home(captures, tmp_path):
    noted, lying = captures
    noted.rename(tmp_path / "unmounted")
    assert unfinished() == {"20261121T103000Z-bbbbbb": lying} and strayed() == {"20261121T101500Z-aaaaaa": noted}
    (tmp_path / "unmounted").rename(noted)
    assert strayed() == {} and find("20261121T101500Z")[0] == noted
    noted.rename(tmp_path / "deleted")
    os.utime(tmp_path / "state/captools/captures/20261121T101500Z-aaaaaa", (1, 1))
    assert unfinished() == {"20261121T103000Z-bbbbbb": lying} and strayed() == {}


def test_a_state_folder_that_cannot_be_written_to_is_no_trouble(captures, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    note("x", captures[0])
    forget("x")
    assert unfinished() == {}


def test_a_session_belongs_to_one_process_and_is_free_when_that_is_killed(captures):
    noted, _ = captures
    _, remote = find(str(noted))
    code = (
        "import sys, time; from pathlib import Path; from captools.collect.detached.register import held\n"
        "with held(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(noted)], stdout=subprocess.PIPE, env=os.environ)
    assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
    try:
        assert controller_of(noted, remote) == 7
        with pytest.raises(UsageError, match="another captools process is attached"), held(noted):
            pass
    finally:
        holder.kill()
        holder.communicate()
    assert controller_of(noted, remote) == 0
    with held(noted):
        assert controller_of(noted, remote) == 7


def test_thrown_away_on_all_its_nodes_a_session_is_no_longer_unfinished(captures):
    noted, name = captures[0], "20261121T101500Z-aaaaaa"
    nodes = tuple(RemoteNode(target=Target(name=one), points=(), home=one == "w0") for one in ("w0", "w1", "w2"))
    Remote(terms=Terms(capture=name), request=CaptureRequest(targets=()), nodes=nodes, started_ns=1).save(noted)
    gone_from(name, ["w1"])
    gone_from("another", ["w1", "w2"])
    assert name in unfinished()
    gone_from(name, ["w1", "w2"])
    assert name not in unfinished() and not (noted / "remote.json").exists()
