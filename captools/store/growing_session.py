"""A session that is still being captured: the new packets of all its points since the last look, as tables.

What ``packets --follow`` and a screen ask while a capture runs. Files are read as they lie there; which point each one
is, the manifest says, which its writer renews again and again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from captools.inventory.read import read_inventory
from captools.model.errors import CaptoolsError, MalformedCapture, UsageError
from captools.model.session import Manifest, PointRecord
from captools.store.files import unreadable
from captools.store.inputs import CaptureInput, inventory_of
from captools.store.naming import naming_of
from captools.store.session import MANIFEST, read_manifest
from captools.wire.follow import Arrived, Follower
from captools.wire.tunnels import VXLAN_PORTS

_MOST = 1 << 20  # bytes of one file decoded at once


@dataclass(frozen=True, slots=True)
class Fresh:
    """New packets of one file of a session; ``file`` is its number, counted from 0 in the order they appeared."""

    file: int
    name: str
    point: str
    arrived: Arrived


@dataclass(slots=True)
class _Grown:
    """One file so far. ``damage`` is told once, at the end of what can be read."""

    name: str
    point: str
    descriptor: int
    follower: Follower
    at: int = 0
    damaged: bool = False


@dataclass(slots=True)
class GrowingSession:
    """``look`` again and again; ``ended`` once the capture is complete and everything of it has been given."""

    folder: Path
    tunnel_ports: tuple[int, ...] = ()
    inventory: tuple[str, ...] = ()
    ended: bool = False
    warnings: list[str] = field(default_factory=list)  # what befell it, in order; whoever tells may take them out
    _files: dict[str, _Grown] = field(default_factory=dict)
    _refused: set[str] = field(default_factory=set)
    _seen: tuple[int, int] = (0, 0)
    _manifest: Manifest | None = None

    def __post_init__(self) -> None:
        if not (self.folder / MANIFEST).is_file():
            raise UsageError(
                f"{self.folder}: no {MANIFEST} in this folder, so it is no session that could be followed",
                hint="name a session folder, or the one file in it that grows",
            )
        self._renew()

    @property
    def points(self) -> tuple[str, ...]:
        """The points whose files have appeared, in that order; ``Fresh.file`` counts in it."""
        return tuple(one.point for one in self._files.values())

    def look(self) -> Sequence[Fresh]:
        """Return what has come since the last look, at most one piece of each file; empty where there is nothing new."""
        if self.ended:
            return []
        complete = self._renew()
        found: list[Fresh] = []
        more = False
        for number, one in enumerate(self._files.values()):
            data = self._next(one)
            more = more or bool(data)
            if (arrived := self._decoded(one, data)) is not None:
                found.append(Fresh(number, one.name, one.point, arrived))
        if complete and not more:
            self._note_cut_ends()
            self.close()
        return found

    def close(self) -> None:
        """Look no more; what was found stays."""
        if not self.ended:
            self.ended = True
            for one in self._files.values():
                os.close(one.descriptor)

    def _renew(self) -> bool:
        """Read the manifest where it has been written anew, and open files it tells of; True once it is complete."""
        try:
            now = (self.folder / MANIFEST).stat()
            if self._manifest is None or (now.st_mtime_ns, now.st_ino) != self._seen:
                self._manifest = read_manifest(self.folder) or self._manifest
                self._seen = now.st_mtime_ns, now.st_ino
                self._open_new()
        except (OSError, MalformedCapture) as error:
            if self._manifest is None:
                raise
            self.warnings.append(f"{self.folder / MANIFEST}: cannot be read any more ({error})")
            return True
        return self._manifest is not None and self._manifest.complete

    def _open_new(self) -> None:
        assert self._manifest is not None
        new = [one for one in self._manifest.points if one.file and one.file not in self._files.keys() | self._refused]
        if not new:
            return
        texts, said = inventory_of(self.folder, self.inventory)
        cluster = read_inventory(texts)
        self.warnings += [one for one in (*said, *cluster.warnings) if one not in self.warnings]
        ports = tuple(dict.fromkeys((*VXLAN_PORTS, *self.tunnel_ports)))
        for record in new:
            try:
                descriptor = self._opened(record)
            except MalformedCapture as error:
                self._refused.add(record.file)
                self.warnings.append(str(error))
                continue
            if descriptor is None:
                continue
            one = CaptureInput(path=self.folder / record.file, point=record.point, record=record)
            follower = Follower(
                record.file,
                lambda interfaces, one=one: naming_of(one, one.path.name, interfaces, cluster),  # type: ignore[misc]
                ports,
            )
            self._files[record.file] = _Grown(record.file, record.point, descriptor, follower)

    def _opened(self, record: PointRecord) -> int | None:
        """Open a point's file; None where it is not there yet. A name never leads out of the folder."""
        if Path(record.file).name != record.file:
            raise MalformedCapture(
                f"{self.folder / MANIFEST}: {record.file!r} is no name of a file in this folder",
                hint="whoever wrote this session is not to be trusted; what is in it is read",
            )
        try:
            return os.open(self.folder / record.file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unreadable(self.folder / record.file, error) from error

    def _next(self, one: _Grown) -> bytes:
        if one.damaged:
            return b""
        try:
            # Bytes that proved wrong on their way home are taken back and written again: the file may be shorter for a while.
            data = os.pread(one.descriptor, _MOST, one.at)
        except OSError as error:
            raise unreadable(self.folder / one.name, error) from error
        one.at += len(data)
        return data

    def _decoded(self, one: _Grown, data: bytes) -> Arrived | None:
        if not data:
            return None
        try:
            arrived = one.follower.feed(data)
        except CaptoolsError as error:
            one.damaged = True
            self.warnings.append(str(error))
            return None
        if one.follower.ended:
            one.damaged = True
            self.warnings.append(
                f"{one.name}: {one.follower.damage()}; the {one.follower.frames:,} whole records before it are given"
            )
        return arrived

    def _note_cut_ends(self) -> None:
        for one in self._files.values():
            try:
                damage = one.follower.damage() if one.at and not one.damaged else ""
            except MalformedCapture as error:
                damage = str(error)
            if damage:
                self.warnings.append(f"{one.name}: {damage}")
