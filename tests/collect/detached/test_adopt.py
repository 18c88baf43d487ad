"""A capture whose session folder is gone: fetched, stopped or thrown away with nothing but what its node tells."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading

import pytest

from captools.collect.detached.adopt import adopt, discard, pick
from captools.collect.detached.lying import Lying, ask, name_of
from captools.collect.detached.register import unfinished
from captools.collect.detached.visit import Visit
from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.model.errors import CaptureFailed, UsageError
from tests.collect.faults import numbers

pytestmark = pytest.mark.lab
CAPTOOLS = (sys.executable, "-c", "from captools.cli.main import run; run()")


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """A state folder of this test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def leave(node, tmp_path, **wishes) -> str:
    """Begin a detached capture on the node's eth1 and lose its session folder; return its id."""
    request = CaptureRequest(
        targets=(node.target(),), interfaces=("eth1",), bpf="udp port 7777", buffer_bytes=8 << 20,
        out=tmp_path / "lost", detach=True, command=("captools", "capture", "--detach"), **wishes,
    )  # fmt: skip
    name = capture(request, stop=threading.Event()).extra["capture"]
    shutil.rmtree(tmp_path / "lost")
    assert unfinished() == {}
    return str(name)


def captools(tmp_path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run captools as its user does."""
    return subprocess.run([*CAPTOOLS, *words], capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)


def test_it_is_listed_fetched_and_stopped_by_its_id_and_its_node(node, toml_of, tmp_path):
    name = leave(node, tmp_path)
    asked = ("--config", str(toml_of(node.target())), "--node", "n1")
    node.send(100)
    said = captools(tmp_path, "sessions", *asked)
    assert f"captools stop {name} --node n1 brings it home" in said.stderr and name in said.stdout
    said = captools(tmp_path, "fetch", name)
    assert said.returncode == 2 and "--node NAME" in said.stderr

    said = captools(tmp_path, "fetch", name[:8], *asked, "--out", "s")
    assert said.returncode == 0 and "it goes on" in said.stderr, said.stderr
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o700 and (tmp_path / "s/remote.json").stat().st_mode & 0o77 == 0
    assert "no session of this machine" not in captools(tmp_path, "sessions", *asked).stderr
    node.send(50, first=100)
    said = captools(tmp_path, "stop", name, "--json")  # from now on without --node
    assert said.returncode == 0, said.stderr
    document = json.loads(said.stdout)
    point = document["points"][0]
    assert document["complete"] and document["command"] == ["captools", "capture", "--detach"]
    assert point["ok"] and point["packets"] == point["counts"]["captured"] == 150 and point["lost_bytes"] == 0
    assert point["user_filter"] == "udp port 7777" and point["argv"][0] == "tcpdump" and point["role"] == "nic"
    assert list(numbers(tmp_path / "s/n1__eth1.pcap")) == list(range(150))
    assert any((tmp_path / "s/inventory").iterdir()) and document["nodes"][0]["clock"]
    assert node.wait_until_alone() == [] and ask([node.target()])[0].captures == () and unfinished() == {}


def test_discarding_leaves_nothing_anywhere(node, toml_of, tmp_path):
    name = leave(node, tmp_path)
    asked = ("stop", name, "--config", str(toml_of(node.target())), "--node", "n1", "--discard")
    said = captools(tmp_path, *asked)
    assert said.returncode == 2 and "add --yes" in said.stderr and ask([node.target()])[0].captures
    said = captools(tmp_path, *asked, "--yes")
    assert said.returncode == 0 and f"{name} is gone from n1" in said.stderr, said.stderr
    assert node.wait_until_alone() == [] and ask([node.target()])[0].captures == ()
    assert "captools-" not in node.inside("find", "/var/tmp", "-mindepth", "2").stdout
    assert not list(tmp_path.rglob("session.json"))


def test_one_that_somebody_is_attached_to_is_left_alone(node, tmp_path):
    name = leave(node, tmp_path)
    (entry,) = ask([node.target()])[0].captures
    with Visit(node.target()) as visit:
        visit.attach(entry["capture"])
        with pytest.raises(CaptureFailed, match=f"n1: .* is attached to {name}; end that captools first"):
            adopt(name, ask([node.target()]), spool_dir="", out=tmp_path / "s", end=False, say=print)
    assert not (tmp_path / "s").exists()
    assert discard(name, ask([node.target()]), spool_dir="") == (name, ["n1"], [])


def _words(entry: dict, **story) -> dict:
    words = entry["words"]
    return {**entry, "words": {**words, "story": {**words["story"], **story}}}


def test_hostile_words_fail_alone_in_one_sentence(node, tmp_path):
    name = leave(node, tmp_path)
    (good,) = ask([node.target()])
    entry, target = good.captures[0], node.target("evil")
    point = entry["words"]["story"]["points"][0]
    hostile = [
        {**entry, "words": {"capture": name}},
        _words(entry, points=[{**point, "interface": "../../etc"}]),
        _words(entry, points=[{**point, "interface": "\x1b[2J"}]),
        _words(entry, points=[point] * 1_000_000),
        _words(entry, texts=["\x1b]0;owned\x07"] * 20),
        _words(entry, tool="sh"),
        _words(entry, spool={"spool_bytes": 1 << 70, "full": "keep", "compress": "auto"}),
        {**entry, "words": {**entry["words"], "command": "rm"}},
    ]
    for number, one in enumerate(hostile):
        other = Lying(target=target, captures=({**one, "capture": f"{name}.evil-{number}"},))
        said: list[str] = []
        out = tmp_path / f"s{number}"
        adopt(name, [good, other], spool_dir="", out=out, end=False, say=said.append)
        (sentence,) = said
        assert sentence.startswith("evil: ") and "\x1b" not in sentence and "\n" not in sentence and len(sentence) < 300
        manifest = json.loads((out / "session.json").read_text())
        assert [(one["name"], one["ok"]) for one in manifest["nodes"]] == [("n1", True), ("evil", False)]
        assert [path.name for path in out.glob("*.pcap")] == ["n1__eth1.pcap"]
    for odd in ("../../x", "\x1b[2J", ".hidden"):
        evil = {**entry, "capture": odd, "words": {**entry["words"], "capture": odd}}
        shown = name_of(evil)
        with pytest.raises(CaptureFailed, match=r"^evil: a capture whose name"):
            adopt(
                shown, [Lying(target=target, captures=(evil,))], spool_dir="", out=tmp_path / "x", end=False, say=print
            )
    assert not (tmp_path / "x").exists()
    discard(name, [good], spool_dir="")


def test_a_name_must_fit_one_capture(node, tmp_path):
    entry = {"capture": "s-1.n1-x", "words": {"capture": "s-1"}}
    other = {"capture": "s-2.n1-x", "words": {"capture": "s-2"}}
    lying = [Lying(target=node.target(), captures=(entry, other))]
    assert pick("s-1", [*lying, *lying]) == ("s-1", [(node.target(), entry)])  # one node by two names
    with pytest.raises(UsageError, match="several captures .* begin so; give more of its id: s-1, s-2"):
        pick("s-", lying)
    with pytest.raises(UsageError, match="no capture on these nodes is called so; there are: s-1, s-2"):
        pick("t", lying)
    with pytest.raises(UsageError, match="no capture on these nodes"):
        pick("", [Lying(target=node.target(), captures=(entry,))])
