"""What lies on nodes, asked of all of them at once."""

from __future__ import annotations

import threading

import pytest

from captools.collect.detached.lying import ask, begun_by, name_of
from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.collect.spooling import SpoolWish
from captools.collect.targets import Target


@pytest.mark.lab
def test_each_node_tells_its_own_and_a_node_that_is_gone_is_a_sentence(node, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    spool = tmp_path / "spool"
    spool.mkdir()
    request = CaptureRequest(
        targets=(node.target(),), interfaces=("eth1",), out=tmp_path / "s", detach=True, buffer_bytes=8 << 20,
        spool=SpoolWish(spool_dir=str(spool)),
    )  # fmt: skip
    name = capture(request, stop=threading.Event()).extra["capture"]
    targets = [node.target(), Target(name="gone", transport="netns", pid=4194303)]
    plain, gone = ask(targets)
    assert plain.captures == () and plain.errors == ()
    assert gone.captures == () and len(gone.errors) == 1 and "4194303" in gone.errors[0]
    there = ask(targets, str(spool))[0]
    assert [name_of(one) for one in there.captures] == [name] and "@" in begun_by(there.captures[0])
    # This machine has the same disk and another name: what n1 captures is not its own.
    (here,) = ask([Target(name="local", transport="local")], str(spool))
    assert name not in [name_of(one) for one in here.captures]


def test_names_from_nodes_are_made_safe():
    entry = {"capture": "s-1.n1-x", "words": {"capture": "\x1b[2Js\n", "user": "\x07me", "host": "h\u202e"}}
    assert name_of(entry) == "[2Js" and begun_by(entry) == "me@h"
    assert name_of({"capture": "s-1.n1-x", "words": []}) == "s-1.n1-x" and begun_by({}) == "?@?"
