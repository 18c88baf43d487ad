"""The last minutes of a capture that goes on: a session folder of their own, complete in itself."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from captools.collect.clean import clean
from captools.collect.detached.remote import Remote, RemoteNode
from captools.collect.detached.visit import Visit
from captools.collect.keep import Keeper
from captools.collect.point import PointCapture
from captools.collect.progress import State
from captools.collect.reports import number
from captools.collect.terms import Terms
from captools.model.errors import CaptoolsError, CaptureFailed
from captools.model.session import Manifest, NodeRecord
from captools.store.session import INVENTORY, read_manifest

AT_ONCE = 8
Say = Callable[[str], None]


@dataclass(slots=True)
class _Part:
    """One node's part: its points and how it went."""

    node: RemoteNode
    points: list[PointCapture]
    error: CaptoolsError | None = None


def snapshot(folder: Path, remote: Remote, last_s: float, out: Path | None, say: Say) -> Manifest:
    """Bring home what every point saw in the last ``last_s`` seconds, while the capture goes on.

    Returns the manifest of the new session. A node that fails is said and recorded; CaptureFailed where all do.
    """
    keeper = Keeper(replace(remote.request, out=out, keep=True), _inventory(folder))
    parts = [_Part(node, [keeper.open_point(one.run, one.version) for one in node.points]) for node in remote.nodes]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda part: _fetch(part, remote.terms, last_s), parts))
    warnings = []
    for part in parts:
        for point in part.points:
            if part.error is not None:
                point.fail(f"{point.run.point}: {part.error.message}")
            point.close()
            if point.error:
                warnings.append(point.error)
        if part.error is not None:
            warnings.append(str(part.error))
    for sentence in dict.fromkeys(warnings):
        say(sentence)
    points = [point for part in parts for point in part.points]
    if not any(point.kept_bytes for point in points):
        keeper.discard()
        raise CaptureFailed(
            "no packet of that time is on the nodes: " + (" | ".join(dict.fromkeys(warnings)) or "none came by"),
            hint="ask for more with --last",
        )
    before = read_manifest(folder)
    clocks = {node.name: node for node in before.nodes} if before is not None else {}
    records = [_record(part, clocks.get(part.node.target.name)) for part in parts]
    return keeper.save(records, points, [], list(dict.fromkeys(warnings)), complete=True, mode="ring")


def _inventory(folder: Path) -> dict[str, str]:
    """Return the inventory of the capture's own session: its facts are those of the snapshot too."""
    found = {}
    for path in sorted((folder / INVENTORY).glob("*")):
        if path.is_file() and not path.is_symlink():
            found[path.name] = path.read_text("utf-8", "surrogateescape")
    return found


def _record(part: _Part, before: NodeRecord | None) -> NodeRecord:
    target = part.node.target
    return NodeRecord(
        name=target.name,
        address=target.address,
        transport=target.transport,
        ok=part.error is None,
        error=str(part.error) if part.error is not None else "",
        system=before.system if before is not None else "",
        clock=before.clock if before is not None else (),
    )


def _fetch(part: _Part, terms: Terms, last_s: float) -> None:
    capture = terms.id_on(part.node.target.name)
    try:
        with Visit(part.node.target, spool_dir=terms.spool.spool_dir) as visit:
            visit.attach(capture)
            told = visit.snapshot(capture, last_s)
            wanted = _begin(part, told)
            by_channel = {point.run.channel: point for point in part.points}
            for channel, piece in visit.pieces(capture, wanted):
                point = by_channel[channel]
                if piece.stream == "data":
                    point.take(piece.data)
                else:
                    point.take_text(piece.data)
    except CaptoolsError as error:
        part.error = error
    except OSError as error:
        part.error = CaptureFailed(f"no room for the snapshot ({error.strerror})", hint="give another place with --out")


def _begin(part: _Part, told: dict[str, Any]) -> list[dict[str, object]]:
    """Write each file's header and return the ranges to fetch; a point that has none says why."""
    wanted: list[dict[str, object]] = []
    entries = told.get("points")
    found = (
        {number(one, "channel"): one for one in entries if isinstance(one, dict)} if isinstance(entries, list) else {}
    )
    for point in part.points:
        entry = found.get(point.run.channel, {})
        if entry.get("error"):
            point.fail(f"{point.run.point}: {clean(str(entry['error']))}")
            continue
        streams = entry.get("streams")
        for stream in ("data", "text") if point.text is not None else ("data",):
            where = streams.get(stream) if isinstance(streams, dict) else None
            where = where if isinstance(where, dict) else {}
            begin, end = number(where, "from"), number(where, "to")
            if begin is None or end is None or not 0 <= begin <= end:
                continue
            if stream == "data":
                if begin > 0:
                    point.take(_header(entry))
                point.ready(number(where, "first_ns") or 0)
                point.stopped_ns = number(where, "last_ns") or time.time_ns()
                point.state = State.STOPPED
            wanted.append({"channel": point.run.channel, "stream": stream, "from": begin, "to": end})
    return wanted


def _header(entry: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(str(entry.get("header", "")), validate=True)
    except (binascii.Error, ValueError):
        return b""
