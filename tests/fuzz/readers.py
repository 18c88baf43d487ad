"""Read a capture the way the loader does, and check what must hold for any bytes."""

from __future__ import annotations

import pyarrow as pa

from captools.model.errors import MalformedCapture
from captools.model.packets import DNS, HTTP, PACKETS, TLS
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.dns import dns_messages
from captools.wire.http import http_heads
from captools.wire.index import read_records
from captools.wire.records import Records
from captools.wire.tls import tls_hellos

_HEADS = ((http_heads, HTTP), (tls_hellos, TLS), (dns_messages, DNS))


def records_of(data: bytes) -> Records | None:
    """Return the index of a capture; None where it says that it is none."""
    try:
        return read_records(data, "fuzz")
    except MalformedCapture as error:
        assert error.hint and str(error).isprintable(), str(error)
        return None


def check_rows(data: bytes, records: Records) -> pa.Table:
    """Decode ``records``: each keeps its row, nothing lies outside of its frame; return the packet table."""
    names = tuple(f"n/{at}" for at in range(len(records.interfaces)))
    view = BytesView(data)
    packets = decode(view, records, Naming(source="fuzz", points=names or ("n/0",)))
    packets.validate(full=True)
    assert packets.schema == PACKETS and len(packets) == len(records), (len(packets), len(records))
    assert packets["frame"].to_pylist() == list(range(1, len(records) + 1))
    for row in packets.select(["cap_len", "payload_off", "payload_len", "decode_stop"]).to_pylist():
        assert row["payload_off"] is None or row["payload_off"] <= row["cap_len"], row
    for read, schema in _HEADS:
        heads = read(view, records, packets)
        heads.validate(full=True)
        assert heads.schema == schema
        rows = heads["row"].to_pylist()
        assert rows == sorted(rows) and all(0 <= row < len(packets) for row in rows), rows
    return packets
