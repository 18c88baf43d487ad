"""Skew: make a node's clock run wrong by a known amount, by rewriting what it stamped. Lab nodes share one clock.

Done after the capture, to whole sessions: every point of the node, its readings in the manifest, and the truth beside
them, so that what is then measured can be held against it.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from captools.lab.topology import NODES, ROUTER
from captools.model.errors import MalformedCapture, UsageError
from captools.model.session import ClockReading, Manifest, NodeRecord, PointRecord
from captools.model.units import NS_PER_S, from_duration, from_rfc3339, rfc3339
from captools.store.atomic import replacing, write_text
from captools.store.session import MANIFEST, read_manifest
from captools.wire.pcap import FILE_HEADER, MAGICS, read_header, whole_records

_FORM = "write --skew NODE=OFFSET[,DRIFT], for example k8s-w1=+250ms,+20ppm"
_PPB_PER_PPM = 1_000
_FAR_NS = 128_000_000  # further off NTP sets a clock (STEPT of RFC 5905): then a finding is due
_MOST_PPB = 500 * _PPB_PER_PPM  # the fastest that NTP lets a clock run wrong (MAXFREQ of RFC 5905)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skew:
    """A clock that is ``offset_ns`` ahead at the start of a session and gains ``drift_ppb`` (ns per second) from there."""

    node: str
    offset_ns: int
    drift_ppb: int = 0

    def moved(self, at_ns: int, since_ns: int) -> int:
        """Return what this clock shows when a right one shows ``at_ns``; ``since_ns`` is the session's start."""
        return at_ns + self.offset_ns + (at_ns - since_ns) * self.drift_ppb // NS_PER_S

    def truth(self, since_ns: int) -> dict[str, Any]:
        """Return its entry of ``[[truth.clocks]]``."""
        return {
            "node": self.node, "offset_ns": self.offset_ns, "drift_ppm": self.drift_ppb / _PPB_PER_PPM,
            "since": rfc3339(since_ns),
        }  # fmt: skip


def expected_of(skews: Iterable[Skew]) -> list[dict[str, Any]]:
    """Return the entries of ``[[findings.expected]]`` that clocks so wrong call for."""
    far = [one for one in skews if abs(one.offset_ns) > _FAR_NS]
    return [{"rule": "clock-offset-large", "subject": {"node": one.node}, "says": [one.node]} for one in far]


def read_skews(texts: Iterable[str]) -> tuple[Skew, ...]:
    """Return what ``--skew`` says, each ``NODE=OFFSET[,DRIFT]``; UsageError for anything else."""
    skews = tuple(_read(text) for text in texts)
    twice = {one.node for one in skews if sum(other.node == one.node for other in skews) > 1}
    if twice:
        raise UsageError(f"--skew names {min(twice)} twice", hint="give each node one offset")
    return skews


def _read(text: str) -> Skew:
    node, equals, rest = text.partition("=")
    offset, _, drift = rest.partition(",")
    names = [*(one.name for one in NODES), ROUTER]
    if node not in names or not equals:
        raise UsageError(f"--skew {text}: {node!r} is no node of the lab", hint=f"its nodes are {', '.join(names)}")
    try:
        return Skew(node=node, offset_ns=from_duration(offset), drift_ppb=_ppb(drift) if drift else 0)
    except ValueError as error:
        raise UsageError(f"--skew {text}: {error}", hint=_FORM) from error


def _ppb(text: str) -> int:
    """Return parts per thousand million of ``+20ppm``, which is 20,000 ns per second."""
    number, unit = text[:-3], text[-3:]
    try:
        found = round(float(number) * _PPB_PER_PPM)
    except (ValueError, OverflowError):
        unit, found = "", 0
    if unit != "ppm" or abs(found) > _MOST_PPB:
        raise ValueError(f"{text!r} is not a drift of up to 500 ppm such as +20ppm")
    return found


def skew_session(folder: Path, skews: Iterable[Skew]) -> tuple[Manifest, list[dict[str, Any]]]:
    """Rewrite the stamps of the session in ``folder``; return its new manifest and the truth about its clocks."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise UsageError(f"{folder}: no session.json", hint="only a recorded session can be skewed")
    by_node = {one.node: one for one in skews}
    since = from_rfc3339(manifest.started)
    truth = [one.truth(since) for one in by_node.values()]
    manifest = replace(
        manifest,
        nodes=tuple(_node(one, by_node.get(one.name), since) for one in manifest.nodes),
        points=tuple(_point(folder, one, by_node.get(one.node), since) for one in manifest.points),
        extra={**manifest.extra, "skew": truth},
    )
    write_text(folder / MANIFEST, json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n")
    return manifest, truth


def _node(node: NodeRecord, skew: Skew | None, since: int) -> NodeRecord:
    if skew is None:
        return node
    clock = (
        ClockReading(before_ns=one.before_ns, node_ns=skew.moved(one.node_ns, since), after_ns=one.after_ns)
        for one in node.clock
    )
    return replace(node, clock=tuple(clock))


def _point(folder: Path, point: PointRecord, skew: Skew | None, since: int) -> PointRecord:
    if skew is None:
        return point
    started, stopped = (
        rfc3339(skew.moved(from_rfc3339(at), since)) if at else "" for at in (point.started, point.stopped)
    )
    if point.file:
        path = folder / point.file
        data = skew_pcap(path.read_bytes(), skew, since, point.file)
        with replacing(path) as new:
            new.write_bytes(data)
        point = replace(point, sha256=hashlib.sha256(data).hexdigest())
    return replace(point, started=started, stopped=stopped)


def skew_pcap(data: bytes, skew: Skew, since_ns: int, where: str) -> bytes:
    """Return a pcap file with every stamp moved; MalformedCapture where it is none or is damaged."""
    if data[:4] not in MAGICS:
        raise MalformedCapture(f"{where}: not a pcap file", hint="the lab records pcap files with tcpdump")
    head = read_header(data, where)
    records, end = whole_records(data, FILE_HEADER, head)
    if end != len(data):
        raise MalformedCapture(f"{where}: cut in record {len(records) + 1}", hint="record the scenario again")
    out = bytearray(data)
    for at, _cap_len, _wire_len, seconds, fraction in records:
        stamp = skew.moved(seconds * NS_PER_S + fraction * head.tick_ns, since_ns)
        whole, rest = divmod(stamp, NS_PER_S)
        struct.pack_into(head.order + "II", out, at - head.record, whole, rest // head.tick_ns)
    return bytes(out)
