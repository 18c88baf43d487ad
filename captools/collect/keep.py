"""Where a capture's files go: a session folder, or nowhere when packets are only streamed."""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version as installed_version
from pathlib import Path

from captools.collect.arrival import Arrival
from captools.collect.detached import register
from captools.collect.detached.remote import NAME as REMOTE
from captools.collect.detached.remote import Remote, RemotePoint, with_gaps
from captools.collect.planning.plan import PlannedRun
from captools.collect.point import PointCapture
from captools.collect.records import PcapCounter
from captools.collect.request import CaptureRequest
from captools.collect.way_home import WayHome
from captools.model.points import Role
from captools.model.session import InventoryRecord, Manifest, NodeRecord, PointRecord, UntilRecord
from captools.model.units import rfc3339
from captools.store.arriving import ArrivingFile
from captools.store.layout import default_root, point_stem, session_name
from captools.store.writer import SessionWriter, inventory_name

Missing = tuple[str, tuple[str, str]]  # node, (wish, sentence)
_NOT_AN_ID = re.compile(r"[^A-Za-z0-9._-]+")
_MAX_ID = 60


class Keeper:
    """Makes the session folder and writes its manifest again and again."""

    def __init__(self, request: CaptureRequest, texts: Mapping[str, str]) -> None:
        self.request = request
        self.started_ns = time.time_ns()
        self.remote: Remote | None = None
        self.before: Manifest | None = None  # what a former run has written
        self._stems: set[str] = set()
        self._points: list[PointCapture] = []
        self._lock = threading.Lock()
        self._writer: SessionWriter | None = None
        name = session_name(self.started_ns)
        if request.keep:
            if request.out is not None:
                self._writer = SessionWriter.create(request.out)
            else:
                self._writer = SessionWriter.create_under(default_root(Path.cwd(), os.environ), name)
            name = _NOT_AN_ID.sub("_", self._writer.folder.resolve().name).lstrip(".-_")[:_MAX_ID] or name
        self.capture = f"{name}-{secrets.token_hex(3)}"
        self.add_inventory(texts)

    @classmethod
    def again(cls, folder: Path, remote: Remote, before: Manifest | None) -> Keeper:
        """Take up the session folder of a former run."""
        self = cls.__new__(cls)
        self.request = remote.request
        self.started_ns = remote.started_ns
        self.remote, self.before = remote, before
        self.capture = remote.terms.capture
        self._stems, self._points, self._lock = set(), [], threading.Lock()
        self._writer = SessionWriter(folder)
        return self

    @property
    def folder(self) -> Path | None:
        """The session folder, if there is one."""
        return self._writer.folder.resolve() if self._writer else None

    @property
    def where(self) -> str:
        """The place packets go to, for sentences."""
        return str(self.folder) if self.folder else "standard output"

    def add_inventory(self, texts: Mapping[str, str]) -> None:
        """Keep files of the user's inventory."""
        if self._writer is not None:
            for name, text in texts.items():
                self._writer.write_inventory(name, text)

    def add_texts(self, node: str, texts: Mapping[str, str]) -> None:
        """Keep what a node told of itself."""
        if self._writer is not None:
            for name, text in texts.items():
                self._writer.write_inventory(inventory_name(node, name), text)

    def open_point(self, run: PlannedRun, version: str) -> PointCapture:
        """Open the files of one point."""
        point = PointCapture(run=run, request=self.request, version=version)
        if self._writer is not None:
            stem = point_stem(run.point, frozenset(self._stems))
            self._stems.add(stem)
            point.packets = Arrival(ArrivingFile(self._writer.folder / f"{stem}.pcap"), PcapCounter())
            if self.request.tool == "ngrep":
                point.text = Arrival(ArrivingFile(self._writer.folder / f"{stem}.ngrep.txt"))
        self._points.append(point)
        return point

    def reopen_point(self, kept: RemotePoint) -> PointCapture:
        """Open the files of one point where a former run left them."""
        assert self._writer is not None
        point = PointCapture(run=kept.run, request=self.request, version=kept.version)
        point.packets = _left_over(self._writer.folder / kept.file, PcapCounter())
        point.packets.gaps = list(kept.gaps)
        if kept.text_file:
            point.text = _left_over(self._writer.folder / kept.text_file, None)
            point.text.gaps = list(kept.text_gaps)
        self._points.append(point)
        return point

    # -- the way back to the nodes -------------------------------------------------------------------------

    def remember(self, remote: Remote) -> None:
        """Write down how the nodes' part of this capture is found again."""
        if self._writer is not None:
            with self._lock:  # nodes note their gaps in threads of their own
                self.remote = remote
                remote.save(self._writer.folder)
            register.note(remote.terms.capture, self._writer.folder)

    def renew(self, nodes: Iterable[WayHome] = (), *, detached: bool | None = None) -> None:
        """Write it down as things stand: which bytes are lost for good, which nodes are home."""
        if self.remote is None:
            return
        gaps = {
            point.packets.file.path.name: (
                tuple(point.packets.gaps),
                tuple(point.text.gaps) if point.text is not None else (),
            )
            for point in self._points
            if isinstance(point.packets.file, ArrivingFile)
        }
        remote = with_gaps(self.remote, gaps, {node.target.name for node in nodes if node.home})
        if detached is not None:
            remote = replace(remote, detached=detached)
        self.remember(remote)

    def forget(self) -> None:
        """Everything is home: nothing has to be found again."""
        if self.remote is not None and self._writer is not None:
            (self._writer.folder / REMOTE).unlink(missing_ok=True)
            register.forget(self.remote.terms.capture)
            self.remote = None

    # -- the manifest ----------------------------------------------------------------------------------------

    def save(
        self,
        nodes: Sequence[NodeRecord],
        points: Sequence[PointCapture],
        missing: Sequence[Missing],
        warnings: Sequence[str],
        *,
        complete: bool,
        stopped: bool = False,
        until: Sequence[UntilRecord] = (),
        mode: str = "spool",
        inventory: Sequence[InventoryRecord] = (),
    ) -> Manifest:
        """Write the manifest as things stand and return it; ``extra`` holds the folder for the caller."""
        here = [point.record() for point in points]
        manifest = Manifest(
            id=self.folder.name if self.folder else session_name(self.started_ns),
            captools=installed_version("captools"),
            started=rfc3339(self.started_ns),
            stopped=rfc3339(time.time_ns()) if complete or stopped else "",
            command=self.request.command,
            nodes=tuple(nodes),
            points=(*here, *(_absent(one, self.request.tool) for one in missing)),
            warnings=tuple(warnings),
            complete=complete,
            mode=mode,
            until=tuple(until),
            inventory=tuple(inventory),
        )
        if self.before is not None:
            manifest = _joined(self.before, manifest)
        if self._writer is None:
            return manifest
        try:
            self._writer.save(manifest)
        except OSError as error:
            # The one before stays in place and readable; captures matter more than the newest manifest.
            sentence = f"{self.where}: session.json could not be renewed ({error.strerror}); the one before stays"
            manifest = replace(manifest, complete=False, warnings=(*manifest.warnings, sentence))
        # Told to the caller only: a folder that is moved or copied must not carry its old place along.
        extra = {"folder": str(self.folder)}
        if self.remote is not None:
            extra["capture"] = self.remote.terms.capture
        return replace(manifest, extra=extra)

    def discard(self) -> None:
        """Take the folder away again: nothing was captured."""
        self.forget()
        if self._writer is not None:
            self._writer.discard()


def _left_over(path: Path, counter: PcapCounter | None) -> Arrival:
    """Open a former run's file; one that is gone begins anew."""
    try:
        arrival = Arrival(ArrivingFile.again(path), counter)
        arrival.left_over = True
    except FileNotFoundError:
        arrival = Arrival(ArrivingFile(path), counter)
    return arrival


def _joined(before: Manifest, now: Manifest) -> Manifest:
    """Return the manifest of a session that was taken up: what only the former run knew stays."""
    nodes = {node.name: node for node in before.nodes}
    for node in now.nodes:
        old = nodes.get(node.name, node)
        clock = (*old.clock, *(one for one in node.clock if one not in old.clock))
        nodes[node.name] = replace(node, system=old.system or node.system, clock=clock, cuts=old.cuts + node.cuts)
    names = {point.point for point in now.points}
    points = (*(point for point in before.points if point.point not in names), *now.points)
    here = {node.name for node in now.nodes}
    # What the former run said of these points and nodes is over, or is said again.
    over = {str(one.error) for one in before.nodes if one.name in here}
    over |= {sentence for one in before.points if one.point in names for sentence in (one.error, *one.notes)}
    warnings = dict.fromkeys((*(one for one in before.warnings if one not in over), *now.warnings))
    return replace(
        now,
        started=before.started,
        command=before.command,
        mode=before.mode,
        nodes=tuple(nodes.values()),
        points=points,
        warnings=tuple(warnings),
        until=now.until or before.until,
        inventory=(*before.inventory, *(one for one in now.inventory if one.again)),
    )


def _absent(missing: Missing, tool: str) -> PointRecord:
    """A point that was asked for and does not exist."""
    node, (wish, sentence) = missing
    return PointRecord(
        point=f"{node}/{wish}", node=node, interface=wish, role=Role.OTHER.value, tool=tool, file="", ok=False,
        error=sentence,
    )  # fmt: skip
