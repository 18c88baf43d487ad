"""captools packets --follow SESSION: all points of a session that grows, as one list."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from captools.cli.follow import Wanted
from captools.cli.follow_session import follow_session
from captools.store.growing_session import GrowingSession
from captures.build import ethernet, ipv4, pcap, udp
from tests.cli.test_follow import Following, append, nothing_left
from tests.store.test_growing_session import START, A, B, save

__all__ = ["nothing_left"]
CSV = ("--format", "csv", "-e", "udp.srcport")


def frames(*numbers: int) -> bytes:
    """Frames whose source port tells their order."""
    return pcap(
        [
            (START + one, ethernet(ipv4(udp(sport=1000 + one, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17)))
            for one in numbers
        ]
    )


@pytest.fixture
def session(tmp_path) -> Path:
    for point in (A, B):
        append(tmp_path / point.file, frames())
    save(tmp_path, A, B)
    return tmp_path


def test_rows_of_all_points_come_in_the_order_of_time_and_the_end_of_the_capture_ends_it(session):
    following = Following(session, *CSV)
    append(session / A.file, frames(1, 3, 5)[24:])
    append(session / B.file, frames(2, 4)[24:])
    assert [following.line() for _ in range(6)] == ["udp.srcport", "1001", "1002", "1003", "1004", "1005"]
    append(session / B.file, frames(6)[24:])
    save(session, A, B, complete=True)
    assert following.line() == "1006" and following.end() == (0, "")


def test_ctrl_c_prints_what_waits_and_a_row_says_its_point(session):
    following = Following(session, "--format", "ndjson", "-Y", "udp.srcport != 1002")
    append(session / A.file, frames(1, 2)[24:])
    row = json.loads(following.line())
    assert (row["point"], row["frame"], row["sport"]) == ("n1/eth0", 1, 1001)
    append(session / A.file, frames(7)[24:])
    time.sleep(0.3)
    assert following.stop() == (0, "")
    assert json.loads(following.line())["sport"] == 1007


def test_a_session_that_is_complete_prints_everything_and_count_ends_it(session, captools):
    append(session / A.file, frames(1, 3)[24:])
    append(session / B.file, frames(2)[24:])
    save(session, A, B, complete=True)
    assert captools("packets", session, "--follow", *CSV).out.split() == ["udp.srcport", "1001", "1002", "1003"]
    assert captools("packets", session, "--follow", *CSV, "-c", 2).out.split() == ["udp.srcport", "1001", "1002"]
    assert captools("packets", session, "--follow", *CSV, "-c", 0).out == ""


def test_a_capture_that_ended_without_a_word_ends_it_too(session, capsys):
    from captools.cli.packets import wanted_rows

    append(session / A.file, frames(1)[24:])
    over = threading.Event()
    over.set()
    wanted: Wanted = wanted_rows(fields=("udp.srcport",))
    follow_session(GrowingSession(session), "csv", wanted, over=over)
    assert capsys.readouterr().out.split() == ["udp.srcport", "1001"]


def test_damage_of_one_point_is_told_and_the_other_goes_on(session, captools):
    append(session / A.file, b"\xff" * 40)
    append(session / B.file, frames(2)[24:])
    save(session, A, B, complete=True)
    done = captools("packets", session, "--follow", *CSV)
    assert done.code == 0 and done.out.split() == ["udp.srcport", "1002"]
    assert done.err.startswith("captools: warning: n1__eth0.pcap: record 1") and len(done.err.splitlines()) == 1
