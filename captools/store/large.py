"""A large capture: decoded once by the kernels into a cache entry, read from there page by page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from captools.model.errors import MalformedCapture
from captools.store import kernels
from captools.store.cache import place
from captools.store.cache.entry import Entry
from captools.store.cache.files import ROWS
from captools.store.cache.key import key_of
from captools.store.capture import Reading
from captools.store.files import sha256_of
from captools.store.memory import give_back
from captools.wire.decode import Naming
from captools.wire.fast import compile_decoders
from captools.wire.records import Interface

_DIGEST = "sha256"
_BROKEN = (ValueError, KeyError, TypeError, OSError)  # what pyarrow and json say of a damaged entry


class LargeCapture:
    """A captools.store.capture.Capture of ``path``. ``session``: the folder of the session it belongs to, if any."""

    def __init__(self, path: Path, session: Path | None, reading: Reading) -> None:
        self.path, self._reading = path, reading
        self._places = place.roots(session, os.environ)
        self.entry = self._open()

    def _open(self) -> Entry:
        try:
            key = key_of(self.path, self._reading.vxlan_ports)
        except OSError as error:
            raise MalformedCapture(
                f"{self.path}: cannot be read ({error.strerror or error})", hint="copy it again"
            ) from error
        folder = place.find(self._places, key)
        if folder is not None:
            try:
                return Entry(folder)
            except _BROKEN:
                shutil.rmtree(folder, ignore_errors=True)
        return Entry(self._ingest(key))

    def _ingest(self, key: str) -> Path:
        if not kernels.compiled(kernels.prepare(self._reading.announce)):
            compile_decoders()
        from captools.store.cache.ingest import ingest

        size = self.path.stat().st_size
        try:
            folder = ingest(
                self.path, self._places, key, vxlan_ports=self._reading.vxlan_ports,
                tick=lambda count: self._reading.tick(self.path, count, size),
            )  # fmt: skip
        except OSError as error:
            raise MalformedCapture(
                f"{self.path}: its decoded tables cannot be written ({error.strerror or error})",
                hint="they need about a seventh of its size; set XDG_CACHE_HOME to a folder with room",
            ) from error
        place.prune(folder.parent, folder.name, str(self.path.resolve()))
        give_back()
        return folder

    def __len__(self) -> int:
        return len(self.entry)

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """Its interfaces."""
        return self.entry.meta.interfaces

    @property
    def times(self) -> tuple[int | None, int | None]:
        """Earliest and latest time."""
        return self.entry.meta.first_ns, self.entry.meta.last_ns

    @property
    def damage(self) -> str:
        """Where and how it ends early."""
        return self.entry.meta.damage

    @property
    def sha256(self) -> str:
        """The hash of the file, computed when it is first asked for: pages and SQL do without."""
        kept = self.entry.folder / _DIGEST
        try:
            return kept.read_text("ascii")
        except (OSError, ValueError):
            found = sha256_of(self.path)
            with suppress(OSError):
                kept.write_text(found, "ascii")
            return found

    def table(self, naming: Naming, first: int = 0, count: int | None = None) -> pa.Table:
        """Return rows of the packet table."""
        try:
            return self.entry.table(naming, first, count)
        except _BROKEN:  # damaged, or removed by somebody, since it was opened
            shutil.rmtree(self.entry.folder, ignore_errors=True)
            self.entry = self._open()
            return self.entry.table(naming, first, count)

    def batches(self, naming: Naming) -> Iterator[pa.Table]:
        """Yield the packet table, a row group at a time."""
        for first in range(0, len(self), ROWS):
            yield self.table(naming, first, ROWS)

    def http(self, naming: Naming) -> pa.Table:
        """Return the HTTP table."""
        return self._heads("http", naming)

    def tls(self, naming: Naming) -> pa.Table:
        """Return the TLS table."""
        return self._heads("tls", naming)

    def dns(self, naming: Naming) -> pa.Table:
        """Return the DNS table."""
        return self._heads("dns", naming)

    def _heads(self, kind: str, naming: Naming) -> pa.Table:
        from captools.store.cache.messages import messages

        return messages(self.entry, self.path, kind, naming)
