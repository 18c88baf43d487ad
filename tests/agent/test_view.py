"""A capture whose keeper is dead, read from what it left."""

from __future__ import annotations

import hashlib
import json
import os

import pytest

from captools.agent import places
from captools.agent.places import Refused
from captools.agent.stream import Stream
from captools.agent.view import View


@pytest.fixture
def left(tmp_path):
    """A spool with three segments of one stream, the last one unfinished, and no state.json."""
    folder, path = places.create("dead", str(tmp_path))
    stream = Stream(folder, 4, "data", 100)
    stream.write(bytes(range(250)))
    stream.close()
    os.close(folder)
    return path, stream


def view(path):
    return View("dead", os.path.dirname(os.path.dirname(path)))


def test_without_state_the_files_tell_everything(left):
    path, _ = left
    found = view(path)
    assert not found.alive and found.state["keeper"] == "dead" and found.words == {}
    (point,) = found.state["points"]
    assert point["channel"] == 4 and point["exit"]["code"] is None and point["exit"]["ends"]["data"] == 250
    segments = found.segments[4, "data"]
    assert sorted(segments) == [0, 100, 200] and segments[200]["length"] == 50
    assert segments[200]["sha256"] == hashlib.sha256(bytes(range(200, 250))).hexdigest()
    found.close()


def test_what_state_knows_is_believed_as_far_as_the_disk_agrees(left):
    path, stream = left
    known = [[4, "data", segment.document()] for segment in stream.segments]
    known[1][2]["length"] = 77  # the disk has 100
    exit_known = {"code": 0, "time_ns": 1, "signalled_ns": 0, "caught_up_ns": 0, "ends": {"data": 250}}
    point = {"channel": 4, "ready_ns": 5, "exit": exit_known, "counts": {}, "header": "", "streams": {}}
    state = {"points": [point], "stopped_ns": 1, "notes": ["a note"]}
    with open(os.path.join(path, "state.json"), "w") as file:
        json.dump({"state": state, "words": {"a": 1}, "segments": known}, file)
    found = view(path)
    assert (
        found.words == {"a": 1}
        and found.state["notes"] == ["a note"]
        and found.state["points"][0]["exit"] == exit_known
    )
    assert found.segments[4, "data"][100]["sha256"] == hashlib.sha256(bytes(range(100, 200))).hexdigest()
    assert found.segments[4, "data"][0] == known[0][2]
    found.close()


def test_acknowledging_deletes_whole_segments(left):
    path, _ = left
    found = view(path)
    found.ack([{"channel": 4, "stream": "data", "upto": 199}])
    assert (
        sorted(found.segments[4, "data"]) == [100, 200] and len([n for n in os.listdir(path) if n.endswith("seg")]) == 2
    )
    found.close()


def test_files_of_other_names_are_left_alone(left):
    path, _ = left
    for name in (
        "x.seg",
        "4-data-12.seg",
        "4-../x-000000000000000.seg".replace("/", "_"),
        "99-data-000000000000000.seg.bak",
    ):
        open(os.path.join(path, name), "w").close()
    found = view(path)
    assert list(found.segments) == [(4, "data")]
    found.close()


def test_nothing_is_asked_of_the_dead(left):
    found = view(left[0])
    with pytest.raises(Refused, match="is dead"):
        found.ask("state")
    found.close()


def test_what_is_not_there_is_unknown(tmp_path):
    with pytest.raises(Refused) as refused:
        View("dead", str(tmp_path))
    assert refused.value.code == "unknown"


def test_what_is_removed_while_it_is_looked_at_is_gone_and_not_empty(left):
    path, _ = left
    found = view(path)
    places.take_away("dead", found.base)
    with pytest.raises(FileNotFoundError):
        found.read_disk()
    found.close()
