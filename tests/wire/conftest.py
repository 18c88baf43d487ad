"""Decode bytes in one call, for the tests of this room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from captools.model.addresses import mac_text, to_text
from captools.model.packets import PACKETS
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.index import read_records

Rows = list[dict[str, Any]]


def decode_file(data: bytes, **options: Any) -> Rows:
    """Return the packet table of a capture file's bytes as dictionaries, addresses as text."""
    records = read_records(data, "test")
    naming = Naming(source="test", points=tuple(f"n/{at}" for at in range(len(records.interfaces) or 1)))
    rows: Rows = decode(BytesView(data), records, naming, **options).to_pylist()
    for row in rows:
        for name, value in row.items():
            if isinstance(value, bytes):
                row[name] = to_text(value) if len(value) == 16 else mac_text(value)
    return rows


def decode_table(files: dict[str, bytes]) -> pa.Table:
    """Return one packet table of several capture files, each at its point."""
    tables = []
    for point, data in files.items():
        records = read_records(data, point)
        tables.append(decode(BytesView(data), records, Naming(source=point, points=(point,) * len(records.interfaces))))
    return pa.concat_tables([PACKETS.empty_table(), *tables]).unify_dictionaries()


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., Rows]:
    return decode_file


@pytest.fixture(scope="session")
def row_of() -> Callable[..., dict[str, Any]]:
    """Decode one frame of a link type."""
    from captures.build import pcap

    def one(frame: bytes, linktype: int = 1, **options: Any) -> dict[str, Any]:
        return decode_file(pcap([(1_700_000_000_000_000_001, frame)], linktype=linktype, **options))[0]

    return one
