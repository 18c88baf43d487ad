"""A small capture: its bytes in memory, decoded by the numpy reference when it is first asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from captools.store.files import sha256_of
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.records import Interface, Records


class SmallCapture:
    """A captools.store.capture.Capture of the file's ``data`` (unpacked) and ``records``."""

    def __init__(self, path: Path, data: bytes, records: Records, vxlan_ports: tuple[int, ...]) -> None:
        self.path, self.vxlan_ports, self._records = path, vxlan_ports, records
        self._view = BytesView(data)
        self._decoded: tuple[Naming, pa.Table] | None = None

    def __len__(self) -> int:
        return len(self._records)

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """Its interfaces."""
        return self._records.interfaces

    @property
    def times(self) -> tuple[int | None, int | None]:
        """Earliest and latest time."""
        stamps = self._records.ts_ns
        return (int(stamps.min()), int(stamps.max())) if len(stamps) else (None, None)

    @property
    def damage(self) -> str:
        """Where and how it ends early."""
        return self._records.damage

    @cached_property
    def sha256(self) -> str:
        """The hash of the file."""
        return sha256_of(self.path)

    def table(self, naming: Naming, first: int = 0, count: int | None = None) -> pa.Table:
        """Return rows of the packet table."""
        if self._decoded is None or self._decoded[0] != naming:
            self._decoded = naming, decode(self._view, self._records, naming, vxlan_ports=self.vxlan_ports)
        return self._decoded[1].slice(first, count)

    def batches(self, naming: Naming) -> Iterator[pa.Table]:
        """Yield the packet table at once."""
        yield self.table(naming)

    def http(self, naming: Naming) -> pa.Table:
        """Return the HTTP table."""
        from captools.wire.http import http_heads

        return http_heads(self._view, self._records, self.table(naming))

    def tls(self, naming: Naming) -> pa.Table:
        """Return the TLS table."""
        from captools.wire.tls import tls_hellos

        return tls_hellos(self._view, self._records, self.table(naming))

    def dns(self, naming: Naming) -> pa.Table:
        """Return the DNS table."""
        from captools.wire.dns import dns_messages

        return dns_messages(self._view, self._records, self.table(naming))
