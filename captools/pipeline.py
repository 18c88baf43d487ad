"""Open a session: load, correlate, find. The one road for the command line, screens, reports and notebooks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools import findings as rules
from captools.correlate.analyse import analyse
from captools.inventory.read import read_inventory
from captools.model.analysis import Analysis
from captools.model.cluster import Cluster
from captools.model.errors import MalformedCapture
from captools.model.findings import FindingRule
from captools.model.packets import DNS, HTTP, PACKETS, TLS
from captools.model.session import PointRecord, ToolCounts
from captools.model.sources import Source
from captools.model.units import from_rfc3339
from captools.registry import additions
from captools.store.files import as_text, read_file, sha256_of
from captools.store.inputs import CaptureInput, Inputs, expand
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.dns import dns_messages
from captools.wire.http import http_heads
from captools.wire.index import read_records
from captools.wire.records import Records
from captools.wire.text.read import read_text_log
from captools.wire.text.recognise import printed
from captools.wire.tls import tls_hellos
from captools.wire.tunnels import VXLAN_PORTS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Session:
    """An opened session."""

    analysis: Analysis

    def packets(self) -> pd.DataFrame:
        """Return the packet table as a pandas frame: addresses as text, times as UTC timestamps beside ``ts_ns``."""
        from captools.views.frame import to_pandas

        return to_pandas(self.analysis.packets)

    def findings(self) -> list[dict[str, Any]]:
        """Return the findings as dictionaries (DESIGN section 7)."""
        return [one.to_json() for one in self.analysis.findings]


@dataclass(slots=True)
class _Loaded:
    source: Source
    packets: pa.Table
    http: pa.Table
    tls: pa.Table
    dns: pa.Table


def open_session(
    sources: Iterable[str | Path],
    *,
    inventory: Iterable[str | Path] = (),
    expect_encryption: bool = False,
    tunnel_ports: Iterable[int] = (),
) -> Session:
    """Open SOURCE… (DESIGN section 3), correlate and judge.

    ``tunnel_ports`` are further UDP ports read as VXLAN. Raises CaptoolsError kinds for what a person named wrongly;
    what was found damaged in a folder becomes a warning in the analysis.
    """
    inputs = expand(tuple(str(source) for source in sources), tuple(str(path) for path in inventory))
    cluster = read_inventory(inputs.inventory)
    loaded, warnings = _load(inputs, cluster, (*VXLAN_PORTS, *tunnel_ports))
    packets = pa.concat_tables([PACKETS.empty_table(), *(one.packets for one in loaded)]).unify_dictionaries()
    before = np.cumsum([0, *(len(one.packets) for one in loaded)]).tolist()
    http = _together([one.http for one in loaded], before, HTTP)
    found = analyse(
        packets,
        http,
        tuple(one.source for one in loaded) + tuple(_failed(record) for record in inputs.failed_points),
        cluster,
        manifest=inputs.manifest,
        expect_encryption=expect_encryption,
        title=inputs.title,
        warnings=(*inputs.warnings, *cluster.warnings, *warnings),
    )
    found = replace(
        found,
        tls=_together([one.tls for one in loaded], before, TLS),
        dns=_together([one.dns for one in loaded], before, DNS),
    )
    return Session(replace(found, findings=rules.judge(found, additions(rules, "RULE", FindingRule))))


def _load(inputs: Inputs, cluster: Cluster, ports: tuple[int, ...]) -> tuple[list[_Loaded], list[str]]:
    loaded: list[_Loaded] = []
    warnings: list[str] = []
    names: set[str] = set()
    printouts: list[_Loaded] = []  # after the captures: what both know is told by the capture
    for one in inputs.captures:
        try:
            data, cut = read_file(one.path)
            text = printed(data)
            if text:
                printouts.append(_read_text(one, _unique(one.path, names), text, cut, warnings))
                continue
            records = read_records(data, str(one.path))
            records = replace(records, damage="; ".join(filter(None, (cut, records.damage))))
        except MalformedCapture as error:
            if one.required:
                raise
            warnings.append(f"{error}; the other files are read")
            if one.record is not None:
                inputs.failed_points.append(replace(one.record, ok=False, error=one.record.error or str(error)))
            continue
        name = _unique(one.path, names)
        loaded.append(_decode(one, name, data, records, cluster, ports))
        if records.damage:
            warnings.append(f"{one.path}: {records.damage}; the {len(records):,} whole records before it are read")
    return loaded + printouts, warnings


def _read_text(one: CaptureInput, name: str, text: str, cut: str, warnings: list[str]) -> _Loaded:
    """Read a text log of tcpdump or ngrep; what it leaves in doubt becomes warnings."""
    log = read_text_log(text, name, _point_name(one, ""))
    record = one.record
    known = _from_record(record)
    times = log.packets["ts_ns"]
    source = Source(
        name=name,
        path=as_text(str(one.path)),
        point=one.point or _point_name(one, ""),
        linktype=log.linktype,
        sha256=sha256_of(one.path),
        packets=len(log.packets),
        bytes=one.path.stat().st_size,
        first_ns=pc.min(times).as_py() if log.dated else None,
        last_ns=pc.max(times).as_py() if log.dated else None,
        counts=record.counts if record else log.counts,
        damage=cut,
        text=log.kind,
        lines=log.lines,
        **{**known, "match": known.get("match") or log.match},
    )
    if record is None:  # our own printout lies beside its capture, which leaves no doubt
        warnings += [f"{as_text(str(one.path))}: {doubt}" for doubt in log.warnings]
    return _Loaded(source, log.packets, log.http, TLS.empty_table(), DNS.empty_table())


def _unique(path: Path, names: set[str]) -> str:
    """Return a short name for a file that no other file of the session has."""
    name = as_text(path.name)
    parents = list(path.resolve().parents)
    while name in names and parents:
        name = f"{as_text(parents.pop(0).name)}/{name}"
    while name in names:  # the very same file twice
        name += "'"
    names.add(name)
    return name


def _decode(
    one: CaptureInput, name: str, data: bytes, records: Records, cluster: Cluster, ports: tuple[int, ...]
) -> _Loaded:
    point = one.point
    points = tuple(_point_name(one, interface.name) for interface in records.interfaces)
    naming = Naming(source=name, points=points, by_ifindex=_interfaces(point, cluster))
    view = BytesView(data)
    packets = decode(view, records, naming, vxlan_ports=ports)
    record = one.record
    dropped = [interface.dropped for interface in records.interfaces if interface.dropped is not None]
    counts = record.counts if record else ToolCounts()
    if dropped and counts.dropped is None:
        counts = replace(counts, dropped=sum(dropped))
    source = Source(
        name=name,
        path=str(one.path),
        point=point or (points[0] if len(set(points)) == 1 else ""),
        linktype=records.interfaces[0].linktype if records.interfaces else None,
        sha256=sha256_of(one.path),
        packets=len(records),
        bytes=one.path.stat().st_size,
        first_ns=int(records.ts_ns.min()) if len(records) else None,
        last_ns=int(records.ts_ns.max()) if len(records) else None,
        snaplen=record.snaplen if record else (records.interfaces[0].snaplen if records.interfaces else None),
        counts=counts,
        damage=records.damage,
        **_from_record(record),
    )
    heads = (read(view, records, packets) for read in (http_heads, tls_hellos, dns_messages))
    return _Loaded(source, packets, *heads)


def _point_name(one: CaptureInput, interface: str) -> str:
    return one.point or interface or as_text(one.path.name).partition(".")[0] or "capture"


def _interfaces(point: str, cluster: Cluster) -> dict[int, str] | None:
    """Return interface index -> point for a capture of ``any``; the names come from that node's own list only."""
    node, slash, interface = point.partition("/")
    if not slash or interface != "any":
        return None
    known = cluster.node(node)
    return {link.index: f"{node}/{link.name}" for link in known.links} if known else {}


def _from_record(record: PointRecord | None) -> dict[str, Any]:
    if record is None:
        return {}
    return {
        "role": record.role,
        "user_filter": record.user_filter,
        "match": record.match,
        "started_ns": _ns(record.started),
        "stopped_ns": _ns(record.stopped),
        "ok": record.ok,
        "error": record.error,
    }


def _ns(text: str) -> int | None:
    try:
        return from_rfc3339(text) if text else None
    except ValueError:
        return None


def _failed(record: PointRecord) -> Source:
    """A point that left no readable file is still part of the session: it says what could not be seen."""
    return Source(
        name=record.file or record.point,
        path=record.file,
        point=record.point,
        linktype=None,
        sha256="",
        packets=0,
        bytes=0,
        first_ns=None,
        last_ns=None,
        role=record.role,
        ok=False,
        error=record.error or "no capture file is there",
    )


def _together(tables: list[pa.Table], before: list[int], schema: pa.Schema) -> pa.Table:
    """Put the head tables of all sources together: ``row`` then counts in the packet table of all of them.

    ``before`` says how many packets precede those of each source.
    """
    at = schema.get_field_index("row")
    moved = [
        one.set_column(at, schema.field("row"), pc.add(one["row"], first))
        for one, first in zip(tables, before, strict=False)
    ]
    return pa.concat_tables([schema.empty_table(), *moved]).unify_dictionaries()
