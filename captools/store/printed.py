"""A text log as rows of the packet table."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from captools.model.packets import DNS, TLS
from captools.wire.decode import Naming
from captools.wire.text.read import TextLog


class PrintedRows:
    """A captools.store.capture.Rows of a log; its rows are named already."""

    def __init__(self, log: TextLog, sha256: str) -> None:
        self._log, self.sha256 = log, sha256

    def __len__(self) -> int:
        return len(self._log.packets)

    def table(self, naming: Naming, first: int = 0, count: int | None = None) -> pa.Table:
        """Return rows of the packet table."""
        return self._log.packets.slice(first, count)

    def batches(self, naming: Naming) -> Iterator[pa.Table]:
        """Yield the packet table at once."""
        yield self._log.packets

    def http(self, naming: Naming) -> pa.Table:
        """Return the HTTP heads that the log shows."""
        return self._log.http

    def tls(self, naming: Naming) -> pa.Table:
        """Return no row: a text shows no hello."""
        return TLS.empty_table()

    def dns(self, naming: Naming) -> pa.Table:
        """Return no row: what a text says of a DNS message is not read."""
        return DNS.empty_table()
