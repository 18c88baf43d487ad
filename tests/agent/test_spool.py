"""A spool within its bounds: the disk that fills up, what is dropped, and what state.json keeps."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from captools.agent import spool as spools
from captools.agent.spool import Spool, load
from tests.agent.conftest import full_disk


@pytest.fixture
def folder(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 8 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "captools-test", disk], check=True)
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_spool_takes_half_of_what_is_free_at_most_and_says_so(folder, tmp_path):
    spool = Spool(folder, "/p", {"bytes": 1 << 60}, [1])
    found = os.statvfs(tmp_path)
    assert spool.limit <= found.f_bavail * found.f_frsize // 2 + (1 << 20)
    assert "half of what is free" in spool.notes[0]
    assert Spool(folder, "/p", {}, [1]).notes == []


@pytest.mark.parametrize(
    ("wishes", "mode", "cut"),
    [
        ({}, "keep", "anywhere"),
        ({"full": "drop"}, "drop", "records"),
        ({"ring_bytes": 1 << 22}, "ring", "records"),
        ({"keep_s": 5}, "ring", "records"),
    ],
    ids=str,
)
def test_what_is_asked_for_decides_where_segments_end(folder, wishes, mode, cut):
    spool = Spool(folder, "/p", wishes, [1])
    assert (spool.mode, spool.streams[1, "data"].document()["cut"]) == (mode, cut)


def test_segments_of_many_channels_fit_into_a_small_ring(folder):
    spool = Spool(folder, "/p", {"ring_bytes": 64 << 20}, list(range(1, 51)))
    assert 50 * spool.segment_bytes < spool.limit


def test_the_oldest_of_all_streams_goes_first(folder):
    spool = Spool(folder, "/p", {"bytes": 1 << 20, "full": "drop", "segment_bytes": 1 << 18}, [1, 2])
    for number in range(40):
        spool.streams[1 + number % 2, "text"].write(b"x" * 65_535 + b"\n")
    assert spool.full() == "limit" and spool.make_room() == "" and spool.used < 1 << 20
    one, two = (spool.streams[channel, "text"] for channel in (1, 2))
    assert abs(one.oldest - two.oldest) <= 1 << 18 and one.dropped == one.oldest


@pytest.mark.parametrize("wishes", [{"full": "drop"}, {"keep_s": 0.001}], ids=str)
def test_where_others_have_filled_the_disk_no_line_is_cut_in_two(folder, tmp_path, wishes):
    spool = Spool(folder, "/p", wishes, [1])
    text = spool.streams[1, "text"]
    with full_disk(at=10):
        text.write(b"first line\nsecond line\n")
        time.sleep(0.002)
        spool.age()
        assert spool.make_room() == "space" and text.oldest == 0 and text.dropped == 0
    assert spool.make_room() == "" and text.written == 23
    (file,) = tmp_path.glob("1-text-*.seg")
    assert file.read_bytes() == b"first line\nsecond line\n"


def test_state_is_replaced_in_one_step_and_damage_to_it_is_nothing(folder, tmp_path):
    spool = Spool(folder, "/p", {}, [1])
    assert spool.save({"a": 1}) and spool.save({"a": 2}) and load(folder) == {"a": 2}
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600
    (tmp_path / "state.json").write_text('{"a": ')
    assert load(folder) == {}
    (tmp_path / "state.json").write_text("[1]")
    assert load(folder) == {}


def test_words_of_a_tool_are_never_dropped_for_room(folder):
    spool = Spool(folder, "/p", {"bytes": 1 << 20, "full": "drop"}, [1])
    spool.streams[1, "said"].write(b"listening\n")
    spool.seal()
    spool.streams[1, "text"].write(b"x\n" * (1 << 20))
    spool.make_room()
    assert spool.streams[1, "said"].oldest == 0 < spool.streams[1, "text"].oldest


@pytest.mark.lab
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_disk_that_others_fill_is_waited_out_and_nothing_is_lost(agent, small_disk):
    script = "echo listening >&2; seq 1 100000; sleep 1.5; seq 100001 400000"
    agent.start(script, dir=str(small_disk), spool={"bytes": 3 << 20})
    agent.state(lambda state: state["points"][0]["streams"]["data"]["written"] > 500_000)
    ballast = small_disk / "ballast"
    with open(ballast, "wb") as file:
        for _ in range(7 << 4):
            try:
                file.write(bytes(1 << 16))
                file.flush()
            except OSError:
                break
    full = agent.state(lambda state: state["spool"]["full"] == "space")
    assert full["keeper"] == "alive"
    ballast.unlink()
    agent.ship(1)
    assert agent.exits(1)[1]["code"] == 0
    assert agent.home[1, "data"] == b"".join(b"%d\n" % n for n in range(1, 400_001))
    agent.send("remove", capture="c", dir=str(small_disk))
    agent.state(lambda state: state.get("removed"))


def test_bounds_are_what_the_help_says():
    assert spools.SPOOL_BYTES == 1 << 30 and spools.SEGMENT_BYTES == 16 << 20
