"""Where a capture's files go: a session folder, or nowhere when the only point is streamed."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version as installed_version
from pathlib import Path

from captools.collect.plan import PlannedRun
from captools.collect.point import PointCapture
from captools.collect.request import CaptureRequest
from captools.model.points import Role
from captools.model.session import Manifest, NodeRecord, PointRecord
from captools.model.units import rfc3339
from captools.store.layout import default_root, point_stem, session_name
from captools.store.writer import SessionWriter, inventory_name

Missing = tuple[str, tuple[str, str]]  # node, (wish, sentence)


class Keeper:
    """Makes the session folder and writes its manifest again and again."""

    def __init__(self, request: CaptureRequest, texts: Mapping[str, str]) -> None:
        self.request = request
        self.started_ns = time.time_ns()
        self._stems: set[str] = set()
        self._writer: SessionWriter | None = None
        if request.live_fd is None:
            name = session_name(self.started_ns)
            if request.out is not None:
                self._writer = SessionWriter.create(request.out)
            else:
                self._writer = SessionWriter.create_under(default_root(Path.cwd(), os.environ), name)
        self.add_inventory(texts)

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
        point = PointCapture(run=run, request=self.request, version=version, live_fd=self.request.live_fd)
        if self._writer is not None:
            stem = point_stem(run.point, frozenset(self._stems))
            self._stems.add(stem)
            point.packets_file = self._writer.open_file(f"{stem}.pcap")
            if self.request.tool == "ngrep":
                point.text_file = self._writer.open_file(f"{stem}.ngrep.txt")
        return point

    def save(
        self,
        nodes: Sequence[NodeRecord],
        points: Sequence[PointCapture],
        missing: Sequence[Missing],
        warnings: Sequence[str],
        *,
        complete: bool,
    ) -> Manifest:
        """Write the manifest as things stand and return it; ``extra`` holds the folder for the caller."""
        manifest = Manifest(
            id=self.folder.name if self.folder else session_name(self.started_ns),
            captools=installed_version("captools"),
            started=rfc3339(self.started_ns),
            stopped=rfc3339(time.time_ns()) if complete else "",
            command=self.request.command,
            nodes=tuple(nodes),
            points=(*(point.record() for point in points), *(_absent(one, self.request.tool) for one in missing)),
            warnings=tuple(warnings),
            complete=complete,
        )
        if self._writer is None:
            return manifest
        try:
            self._writer.save(manifest)
        except OSError as error:
            # The one before stays in place and readable; captures matter more than the newest manifest.
            sentence = f"{self.where}: session.json could not be renewed ({error.strerror}); the one before stays"
            manifest = replace(manifest, complete=False, warnings=(*manifest.warnings, sentence))
        # Told to the caller only: a folder that is moved or copied must not carry its old place along.
        return replace(manifest, extra={"folder": str(self.folder)})

    def discard(self) -> None:
        """Take the folder away again: nothing was captured."""
        if self._writer is not None:
            self._writer.discard()


def _absent(missing: Missing, tool: str) -> PointRecord:
    """A point that was asked for and does not exist."""
    node, (wish, sentence) = missing
    return PointRecord(
        point=f"{node}/{wish}", node=node, interface=wish, role=Role.OTHER.value, tool=tool, file="", ok=False,
        error=sentence,
    )  # fmt: skip
