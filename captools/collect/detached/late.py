"""The beginning of files whose stream was fetched in part by another controller: at the next whole packet."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Sequence
from typing import Any

from captools.collect.arrival import Gap
from captools.collect.detached.border import first_record
from captools.collect.detached.visit import Visit
from captools.collect.point import PointCapture
from captools.collect.records import FILE_HEADER
from captools.collect.reports import number

WINDOW = 1 << 20  # where the first whole packet is looked for


class NoBorder(Exception):
    """No packet begins in what is known of a stream."""


def begin_late(visit: Visit, capture: str, state: dict[str, Any], points: Sequence[PointCapture]) -> None:
    """Let the files of streams whose beginning was fetched by somebody else begin where the node's do.

    ``capture``: its id on the node, which ``visit`` is attached to; ``state``: how it stands there. NoBorder where it
    cannot be told yet; points that were done before stay as they are.
    """
    entries = state.get("points")
    told = (
        {number(one, "channel"): one for one in entries if isinstance(one, dict)} if isinstance(entries, list) else {}
    )
    for point in points:
        entry = told.get(point.run.channel, {})
        streams = entry.get("streams")
        streams = streams if isinstance(streams, dict) else {}
        data, text = _stream(streams, "data"), _stream(streams, "text")
        # What a ring, or a spool that drops its oldest, has thrown away ends between packets.
        if data["oldest"] and not data["dropped"] and state.get("mode") != "ring" and not point.packets.gaps:
            header = _header(entry)
            begin = _border(visit, capture, state, point, data, header)
            point.take(header)
            point.packets.gaps = [Gap(offset=begin, place=FILE_HEADER, lost=begin - FILE_HEADER, fetched=True)]
        if point.text is not None and text["oldest"] and not text["dropped"] and state.get("mode") != "ring":
            point.text.gaps = [Gap(offset=text["oldest"], place=0, lost=text["oldest"], fetched=True)]


def _border(
    visit: Visit, capture: str, state: dict[str, Any], point: PointCapture, data: dict[str, int], header: bytes
) -> int:
    """Return where the first whole packet that is still on the node begins; NoBorder where it cannot be told."""
    oldest, written = data["oldest"], data["written"]
    if len(header) != FILE_HEADER or oldest < FILE_HEADER or written < oldest:
        raise NoBorder
    if written == oldest and state.get("stopped_ns"):
        return written
    end = min(written, oldest + WINDOW)
    wanted = [{"channel": point.run.channel, "stream": "data", "from": oldest, "to": end}]
    known = b"".join(piece.data for _, piece in visit.pieces(capture, wanted))
    at = first_record(known, header, number(state, "started_ns") or 0, number(state, "time_ns") or 0)
    if at is None:
        raise NoBorder
    return oldest + at


def _stream(streams: dict[str, Any], name: str) -> dict[str, int]:
    found = streams.get(name)
    found = found if isinstance(found, dict) else {}
    return {key: max(0, number(found, key) or 0) for key in ("oldest", "written", "dropped")}


def _header(entry: dict[str, Any]) -> bytes:
    with contextlib.suppress(binascii.Error, ValueError):
        return base64.b64decode(str(entry.get("header") or ""), validate=True)
    return b""
