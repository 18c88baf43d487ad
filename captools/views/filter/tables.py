"""The tables that a filter is asked of: packets, and what was read in their payloads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa


class Loaded(Protocol):
    """Whatever holds all four tables: an Analysis does."""

    @property
    def packets(self) -> pa.Table:
        """Schema PACKETS."""

    @property
    def http(self) -> pa.Table:
        """Schema HTTP."""

    @property
    def tls(self) -> pa.Table:
        """Schema TLS."""

    @property
    def dns(self) -> pa.Table:
        """Schema DNS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Packets (schema PACKETS) and the tables of payloads, whose ``row`` points into ``packets``.

    Without a table of payloads no packet has a field of it: `Filter.tables` tells which are needed. Where the packets
    are a piece of one file, ``before`` holds the times of that file's first record and of the one before the piece.
    """

    packets: pa.Table
    http: pa.Table | None = None
    tls: pa.Table | None = None
    dns: pa.Table | None = None
    before: tuple[int, int] | None = None

    @classmethod
    def of(cls, loaded: Loaded) -> Tables:
        """Return all tables of an analysis."""
        return cls(packets=loaded.packets, http=loaded.http, tls=loaded.tls, dns=loaded.dns)

    def payloads(self, name: str) -> pa.Table | None:
        """Return the table of payloads called ``name``; None where it was not given or is empty."""
        found: pa.Table | None = {"http": self.http, "tls": self.tls, "dns": self.dns}[name]
        return found if found is not None and found.num_rows else None
