"""Load SOURCE…: every capture and log that was named, as one packet table that need not be in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.cluster import Cluster
from captools.model.errors import MalformedCapture
from captools.model.packets import DNS, HTTP, PACKETS, TLS
from captools.model.session import PointRecord, ToolCounts
from captools.model.sources import Source
from captools.model.units import from_rfc3339
from captools.store.capture import Capture, Reading, Rows
from captools.store.files import as_text, read_file, sha256_of
from captools.store.inputs import CaptureInput, Inputs
from captools.store.large import LargeCapture
from captools.store.naming import naming_of, point_name
from captools.store.small import SmallCapture
from captools.store.stream import open_stream, read_exactly
from captools.wire.choice import packets_in, worth_compiling
from captools.wire.decode import Naming
from captools.wire.index import is_capture, no_capture, read_records

LARGE = 256 << 20  # bytes of a file that is not read into memory, however few packets it holds
_HEAD = 1 << 16
_PACKED_SHARE = 4  # what captures shrink to, about: only for the choice of the road


@dataclass(frozen=True, slots=True)
class Loaded:
    """One source with its rows. The source's hash is not told yet: :attr:`Opened.sources` does.

    ``noted`` is the hash that the session's manifest has of the file, if any.
    """

    source: Source
    rows: Rows
    naming: Naming
    noted: str = ""


@dataclass(slots=True)
class Opened:
    """All sources, in their order; the rows of the packet table count through all of them."""

    loaded: list[Loaded]
    warnings: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(len(one.rows) for one in self.loaded)

    @property
    def sources(self) -> tuple[Source, ...]:
        """What is known of each source, its hash too: a statement needs it, a page of packets does not."""
        return tuple(replace(one.source, sha256=one.rows.sha256) for one in self.loaded)

    def packets(self) -> pa.Table:
        """Return the whole packet table, in memory."""
        tables = [one.rows.table(one.naming) for one in self.loaded]
        return pa.concat_tables([PACKETS.empty_table(), *tables]).unify_dictionaries()

    def page(self, first: int, count: int) -> pa.Table:
        """Return rows ``first`` to ``first + count`` of the packet table."""
        pieces = [PACKETS.empty_table()]
        for one in self.loaded:
            size = len(one.rows)
            if first < size and count > 0:
                pieces.append(one.rows.table(one.naming, first, count))
                count -= len(pieces[-1])
            first = max(first - size, 0)
        return pa.concat_tables(pieces).unify_dictionaries()

    def batches(self) -> Iterator[tuple[Loaded, int, pa.Table]]:
        """Yield the packet table in pieces that fit into memory: the source, its first row in it, the rows."""
        for one in self.loaded:
            first = 0
            for table in one.rows.batches(one.naming):
                yield one, first, table
                first += len(table)

    def http(self) -> pa.Table:
        """Return the HTTP table; ``row`` counts in the packet table of all sources, as in the two below."""
        return self._heads(lambda one: one.rows.http(one.naming), HTTP)

    def tls(self) -> pa.Table:
        """Return the TLS table."""
        return self._heads(lambda one: one.rows.tls(one.naming), TLS)

    def dns(self) -> pa.Table:
        """Return the DNS table."""
        return self._heads(lambda one: one.rows.dns(one.naming), DNS)

    def _heads(self, read: Callable[[Loaded], pa.Table], schema: pa.Schema) -> pa.Table:
        at = schema.get_field_index("row")
        before = np.cumsum([0, *(len(one.rows) for one in self.loaded)]).tolist()
        moved = []
        for one, first in zip(self.loaded, before, strict=False):
            table = read(one)
            moved.append(table.set_column(at, schema.field("row"), pc.add(table["row"], first)))
        return pa.concat_tables([schema.empty_table(), *moved]).unify_dictionaries()


def load(inputs: Inputs, cluster: Cluster, reading: Reading) -> Opened:
    """Open every capture and log of ``inputs``.

    What a person named and cannot be read raises MalformedCapture; what was found damaged in a folder becomes a
    warning, and its point one of ``inputs.failed_points``.
    """
    opened = Opened([])
    names: set[str] = set()
    logs: list[Loaded] = []  # after the captures: what both know is told by the capture
    together = sum(_packets_of(one.path) for one in inputs.captures) if len(inputs.captures) > 1 else 0
    for one in inputs.captures:
        try:
            found = open_file(one, reading, together)
        except MalformedCapture as error:
            if one.required:
                raise
            opened.warnings.append(f"{error}; the other files are read")
            if one.record is not None:
                inputs.failed_points.append(replace(one.record, ok=False, error=one.record.error or str(error)))
            continue
        name = _unique(one.path, names)
        if isinstance(found, tuple):
            logs.append(_log(one, name, *found, opened.warnings))
            continue
        opened.loaded.append(_capture(one, name, found, cluster))
        if found.damage:
            opened.warnings.append(f"{one.path}: {found.damage}; the {len(found):,} whole records before it are read")
    opened.loaded += logs
    return opened


def open_file(one: CaptureInput, reading: Reading, together: int = 0) -> Capture | tuple[str, str]:
    """Open one file: a capture, or the text of a log and what is damaged about its packing.

    ``together`` is how many packets all captures of its session hold, about. Raises MalformedCapture where the file
    cannot be read or is neither.
    """
    with open_stream(one.path) as stream:
        head = read_exactly(stream, _HEAD)
    if is_capture(head) and _is_large(one.path, head, together):
        return LargeCapture(one.path, one.path.parent if one.record or one.temporary else None, reading)
    if not is_capture(head) and not _printed(head):  # not worth unpacking into memory
        raise no_capture(head[:64], str(one.path))
    data, cut = read_file(one.path)
    text = "" if is_capture(head) else _printed(data)
    if text:
        return text, cut
    records = read_records(data, str(one.path))
    records = replace(records, damage="; ".join(filter(None, (cut, records.damage))))
    return SmallCapture(one.path, data, records, reading.vxlan_ports)


def _printed(data: bytes) -> str:
    from captools.wire.text.recognise import printed  # the patterns of logs, which captures need not wait for

    return printed(data)


def _packets_of(path: Path) -> int:
    """Estimate the packets of a capture; 0 for what cannot be read, or is none."""
    try:
        with open_stream(path) as stream:
            return packets_in(_size(path), read_exactly(stream, _HEAD))
    except (MalformedCapture, OSError):
        return 0


def _is_large(path: Path, head: bytes, together: int) -> bool:
    size = _size(path)
    return size > LARGE or worth_compiling(size, head, together)


def _size(path: Path) -> int:
    """Return the bytes of a file, of a packed one those it unpacks to, about."""
    with path.open("rb") as file:
        packed = not is_capture(file.read(4))
    return path.stat().st_size * (_PACKED_SHARE if packed else 1)


def _log(one: CaptureInput, name: str, text: str, cut: str, warnings: list[str]) -> Loaded:
    """Read a text log of tcpdump or ngrep; what it leaves in doubt becomes warnings."""
    from captools.store.printed import PrintedRows
    from captools.wire.text.read import read_text_log

    point = point_name(one, "")
    log = read_text_log(text, name, point)
    record = one.record
    known = _from_record(record)
    times = log.packets["ts_ns"]
    source = Source(
        name=name,
        path=as_text(str(one.path)),
        point=one.point or point,
        linktype=log.linktype,
        sha256="",
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
    return Loaded(source, PrintedRows(log, sha256_of(one.path)), Naming(source=name, points=(point,)))


def _capture(one: CaptureInput, name: str, capture: Capture, cluster: Cluster) -> Loaded:
    interfaces = capture.interfaces
    naming = naming_of(one, name, interfaces, cluster)
    record = one.record
    dropped = [interface.dropped for interface in interfaces if interface.dropped is not None]
    counts = record.counts if record else ToolCounts()
    if dropped and counts.dropped is None:
        counts = replace(counts, dropped=sum(dropped))
    first_ns, last_ns = capture.times
    source = Source(
        name=name,
        path=str(one.path),
        point=one.point or (naming.points[0] if len(set(naming.points)) == 1 else ""),
        linktype=interfaces[0].linktype if interfaces else None,
        sha256="",
        packets=len(capture),
        bytes=one.path.stat().st_size,
        first_ns=first_ns,
        last_ns=last_ns,
        snaplen=record.snaplen if record else (interfaces[0].snaplen if interfaces else None),
        counts=counts,
        damage=capture.damage,
        **_from_record(record),
    )
    return Loaded(source, capture, naming, record.sha256 if record else "")


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


def _from_record(record: PointRecord | None) -> dict[str, Any]:
    if record is None:
        return {}
    return {
        "role": record.role,
        "user_filter": record.user_filter,
        "excluded": record.excluded,
        "match": record.match,
        "started_ns": _ns(record.started),
        "stopped_ns": _ns(record.stopped),
        "holes": record.holes,
        "ok": record.ok,
        "error": record.error,
    }


def _ns(text: str) -> int | None:
    try:
        return from_rfc3339(text) if text else None
    except ValueError:
        return None


def failed_source(record: PointRecord) -> Source:
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
