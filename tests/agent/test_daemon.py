"""Keepers come into being whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from captools.agent import frames, places
from captools.agent.daemon import connect


def test_a_keeper_is_nobodys_child_and_says_its_name(agent):
    agent.start("echo listening >&2; exec sleep 100")
    pid = agent.state()["pid"]
    stat = Path(f"/proc/{pid}/stat").read_text()
    parent, _, session = stat.rpartition(")")[2].split()[1:4]
    assert stat.split("(")[1].startswith("captools-keeper") and int(session) != os.getsid(0)
    assert int(parent) != agent.process.pid


def test_a_long_spool_folder_is_no_trouble_for_the_socket(agent, tmp_path):
    # A socket's name has 107 bytes; this path has many more.
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True, mode=0o700)
    agent.start("echo listening >&2", dir=str(deep), capture="x" * 80)
    assert agent.state()["dir"].startswith(str(deep))
    agent.send("remove", capture="x" * 80, dir=str(deep), force=True)
    agent.state(lambda state: state.get("removed"))


def test_a_spool_without_a_keeper_is_not_connected_to(tmp_path):
    folder, _ = places.create("empty", str(tmp_path))
    assert connect(folder) is None
    os.close(folder)


def test_what_fails_leaves_nothing_behind(agent, tmp_path):
    agent.send("start", capture="c", tools=[{"channel": 1, "argv": ["x"], "ready": "r"}], spool={"bytes": -1})
    assert agent.next(frames.OOPS)["code"] == "bad-command"
    assert not list(tmp_path.glob("captools-*/*"))
