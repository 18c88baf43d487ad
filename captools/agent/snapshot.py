"""The last minutes of a capture that goes on: where they begin and end in each stream, and held so that they stay.

Where segments end between records (ring, drop) whole segments are named. Where they are cut anywhere, records are
walked from the first one that is still there, which must be the first of all.
"""

from __future__ import annotations

import base64
import contextlib
import os
import time
from typing import Any, Dict, Iterator, Tuple

from captools.agent import frames
from captools.agent.borders import FILE_HEADER, Records
from captools.agent.places import Refused
from captools.agent.ship import READ, Pin, Pins
from captools.agent.stream import file_name
from captools.agent.tool import BLOCK_S
from captools.agent.view import Key, View

# A tool hands packets over up to a second after they came.
LATE_S = 2.0
FLUSH_S = 0.2  # for what the tools hold back
READ_BYTES = 1024 * 1024
STEP_BYTES = 64 * 1024


def take(view: View, last_s: float) -> Tuple[Dict[str, Any], Pins]:
    """Return SNAP's document, and descriptors of the segments it names."""
    asked = now = time.monotonic()
    asked_ns = time.time_ns()
    if view.line is not None:
        if not _ask(view, "state")["state"]["stopped_ns"]:
            # What came until now has to reach the tool, and then us.
            time.sleep(BLOCK_S)
            view.line.send({"do": "flush"})
            time.sleep(FLUSH_S)
        answer = _ask(view, "segments")
        view.learn(answer["state"])
        view.add(answer["segments"])
        now = answer["now"] - (time.monotonic() - asked)  # on the keeper's clock, when we were asked
    pins: Pins = {}
    # Of a capture that has ended, the last minutes before its end.
    running = view.alive and not view.state["stopped_ns"]
    until_ns = asked_ns if running else view.state["stopped_ns"]
    since = now - last_s - LATE_S
    if not running:
        newest = [one["written"] for known in view.segments.values() for one in known.values()]
        since = max(newest, default=0.0) - last_s - LATE_S
    points = []
    for point in view.state["points"]:
        points.append(_point(view, point, since, until_ns - int((last_s + LATE_S) * 1e9), pins))
    return {"capture": view.capture, "time_ns": time.time_ns(), "last_s": last_s, "points": points}, pins


def _ask(view: View, do: str) -> Dict[str, Any]:
    answer = view.ask(do)
    if "state" not in answer:
        raise Refused("%s was removed meanwhile" % view.capture, "unknown")
    return answer


def _point(view: View, point: Dict[str, Any], since: float, since_ns: int, pins: Pins) -> Dict[str, Any]:
    streams: Dict[str, Any] = {}
    answer = {"channel": point["channel"], "header": point["header"], "error": "", "streams": streams}
    header = base64.b64decode(point["header"])
    try:
        for name in frames.STREAMS:
            key = (point["channel"], name)
            _pin(view, key, pins)
            if name == "data" and point["streams"][name]["cut"] == "anywhere":
                streams[name] = _walked(header, key, point["streams"][name], since_ns, pins)
            else:
                streams[name] = _whole(view, key, point["streams"][name], since if name != "said" else 0.0)
    except (Refused, OSError) as error:
        answer["error"] = str(error)
        streams.clear()
    return answer


def _pin(view: View, key: Key, pins: Pins) -> None:
    """Open every segment of a stream: what the ring drops from now on stays readable."""
    known = view.segments.get(key, {})
    for start in [*known, view.open_start.get(key, 0)]:
        with contextlib.suppress(FileNotFoundError):
            pins[key, start] = Pin(os.open(file_name(*key, start), READ, dir_fd=view.folder), known.get(start))


def _whole(view: View, key: Key, stream: Dict[str, Any], since: float) -> Dict[str, int]:
    segments = [one for _, one in sorted(view.segments.get(key, {}).items()) if one["written"] >= since]
    # Text and words have no records, and their last segment may be unfinished: up to what is written.
    end = stream["written"] if key[1] != "data" else max([one["start"] + one["length"] for one in segments], default=0)
    begin = segments[0]["start"] if segments else min(stream["oldest"] if since == 0.0 else end, end)
    if not segments and key[1] == "data":
        begin = end = stream["written"]
    return {
        "from": begin,
        "to": end,
        "first_ns": segments[0]["first_ns"] if segments else 0,
        "last_ns": segments[-1]["last_ns"] if segments else 0,
    }


def _walked(header: bytes, key: Key, stream: Dict[str, Any], since_ns: int, pins: Pins) -> Dict[str, int]:
    """Find the first record that is new enough; Refused where no border is known or the records are damaged."""
    if len(header) < FILE_HEADER:
        return {"from": 0, "to": 0, "first_ns": 0, "last_ns": 0}
    if stream["oldest"]:
        raise Refused("its oldest part is at home already and was deleted here; take the last minutes from there")
    records = Records(header)
    begin, end, first_ns, last_ns = -1, FILE_HEADER, 0, 0
    block, offset = b"", 0  # offset: of the block in the stream; it begins at a border
    for data in _bytes(key, pins):
        block += data
        at = 0 if offset else FILE_HEADER
        while True:
            records.restart()
            border = records.advance(block, at, STEP_BYTES)
            if records.broken:
                raise Refused("its packets are damaged (%s)" % records.broken)
            if border == at:
                break
            at_ns = records.last_ns
            if begin < 0 and at_ns >= since_ns:
                begin, first_ns = offset + at, records.first_ns
                while first_ns < since_ns:  # one by one; the last of them is new enough
                    begin = offset + records.advance(block, begin - offset, 1)
                    first_ns = records.stamp_ns(block, begin - offset)
            at, last_ns = border, at_ns
        block, offset = block[at:], offset + at
        end = offset
    begin = end if begin < 0 else begin
    return {"from": begin, "to": end, "first_ns": first_ns, "last_ns": last_ns if first_ns else 0}


def _bytes(key: Key, pins: Pins) -> Iterator[bytes]:
    for (pinned, _), pin in sorted(pins.items(), key=lambda one: one[0][1]):
        at = 0
        while pinned == key:
            data = os.pread(pin.descriptor, READ_BYTES, at)
            if not data:
                break
            yield data
            at += len(data)


def release(pins: Pins) -> None:
    """Let go what a snapshot held."""
    for pin in pins.values():
        os.close(pin.descriptor)
    pins.clear()
