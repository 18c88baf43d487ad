"""A short visit to a node."""

from __future__ import annotations

import json
import struct
import sys
import threading
from types import SimpleNamespace

import pytest

from captools.collect import link as link_module
from captools.collect.detached.visit import Visit
from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.collect.spooling import SpoolWish
from captools.collect.targets import LOCAL
from captools.collect.transports import local
from captools.model.errors import CaptureFailed

pytestmark = pytest.mark.lab
GREETING = "import os; os.write(1, b'\\ncaptools-agent/2\\nH\\0\\0\\0\\0\\0\\2{}'); "


def test_what_lies_on_a_node_is_told_and_can_be_removed(node, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    request = CaptureRequest(
        targets=(node.target(),), interfaces=("eth1",), out=tmp_path / "s", detach=True, buffer_bytes=8 << 20,
        command=("captools", "capture"), spool=SpoolWish(spool_bytes=64 << 20),
    )  # fmt: skip
    name = capture(request, stop=threading.Event()).extra["capture"]
    with Visit(node.target()) as visit:
        captures, refused = visit.captures()
        (mine,) = [one for one in captures if one["capture"].startswith(name)]
        assert refused == [] and mine["keeper"] == "alive" and len(mine["points"]) == 1
        assert mine["words"]["session"] == str(tmp_path / "s") and mine["words"]["command"] == ["captools", "capture"]
        assert visit.attach(mine["capture"])["capture"] == mine["capture"]
        visit.remove(mine["capture"])
        assert all(one["capture"] != mine["capture"] for one in visit.captures()[0])
        with pytest.raises(CaptureFailed, match="n1: .*captools sessions --node n1"):
            visit.attach(mine["capture"])
    assert node.wait_until_alone() == []


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("raise SystemExit('no more room')", "no agent could be started"),
        ("print('x' * 400_000)", "something that is not captools' agent"),
        (GREETING, "the connection ended"),
        (GREETING + "os.write(1, b'L\\0\\0\\0\\0\\0\\2{]')", "something that is not captools' agent"),
        (GREETING + "import time; time.sleep(60)", "no answer within 1 s"),
        (GREETING + "[os.write(1, b'S\\0\\0\\0\\0\\0\\2{}') for _ in iter(int, 1)]", "no answer within 1 s"),
    ],
)
def test_a_bad_peer_is_one_sentence(script, sentence, monkeypatch):
    peer = SimpleNamespace(argv=lambda target, line: [sys.executable, "-c", script], explain=local.explain)
    monkeypatch.setattr(link_module, "transport", lambda name: peer)
    with pytest.raises(CaptureFailed, match=sentence), Visit(LOCAL, timeout_s=1.0) as visit:
        visit.captures()


@pytest.mark.parametrize(("offset", "length"), [(0, 100), (99, 2), (101, 10), (100, 101), (100, 0), (1 << 63, 5)])
def test_a_stretch_comes_whole_and_in_order_or_not_at_all(offset, length, monkeypatch):
    payload = struct.pack(">BBQI", 0, 0, offset, length) + bytes(length)
    data = b"D" + struct.pack(">HI", 1, len(payload)) + payload
    peer = SimpleNamespace(
        argv=lambda target, line: [sys.executable, "-c", GREETING + f"os.write(1, {data!r} * 3)"], explain=local.explain
    )
    monkeypatch.setattr(link_module, "transport", lambda name: peer)
    wanted = [{"channel": 1, "stream": "data", "from": 100, "to": 200}]
    with pytest.raises(CaptureFailed, match="bytes .* where 100 to 200 were asked for"), Visit(LOCAL) as visit:
        assert [piece.data for _, piece in visit.pieces("c", wanted)] == []


def test_what_is_told_between_two_pieces_harms_none(monkeypatch):
    frames = b""
    for kind, document in ((b"S", {}), (b"D", 100), (b"G", {}), (b"D", 150)):
        payload = json.dumps(document).encode()
        if isinstance(document, int):
            payload = struct.pack(">BBQI", 0, 0, document, 50) + bytes(50)
        frames += kind + struct.pack(">HI", 1, len(payload)) + payload
    peer = SimpleNamespace(
        argv=lambda target, line: [sys.executable, "-c", GREETING + f"os.write(1, {frames!r}); input()"],
        explain=local.explain,
    )
    monkeypatch.setattr(link_module, "transport", lambda name: peer)
    wanted = [{"channel": 1, "stream": "data", "from": 100, "to": 200}]
    with Visit(LOCAL) as visit:
        assert b"".join(piece.data for _, piece in visit.pieces("c", wanted)) == bytes(100)
