"""Tables of flows and messages from the kernels' rows: nulls, Latin-1 text, names of ALPN."""

from __future__ import annotations

import numpy as np
import pytest

from captools.model.narrow import FLOWS, HEADS, HELLOS
from captools.wire.kernels import records
from captools.wire.kernels.buffers import bytes_of
from captools.wire.scanned import flow_table, head_table, hello_table
from tests.wire import equality  # noqa: F401  the kernels' cache folder


def test_no_rows_give_empty_tables():
    assert flow_table(np.zeros(0, records.FLOW)).schema == FLOWS
    assert (head_table(np.zeros(0, records.HEAD)).schema, hello_table(np.zeros(0, records.HELLO)).schema) == (
        HEADS,
        HELLOS,
    )


def test_flows_come_from_records_and_from_columns():
    flows = np.zeros(2, records.FLOW)
    flows["packets"], flows["odd"], flows["tcp_flags"] = [1, 2], [0, 1], [0x12, 0xFF]
    table = flow_table(flows)
    assert table["odd"].to_pylist() == [False, True] and table["packets"].to_pylist() == [1, 2]
    assert flow_table({name: flows[name].astype(np.int64) for name in FLOWS.names}).equals(table)


def written(kind, values: dict, text: bytes, number: int):
    """``number`` rows of one message, its text over all of them."""
    rows = np.zeros(number, kind)
    rows["kind"][1:] = records.CONTINUED
    for name, value in values.items():
        rows[name][0] = value
    lines = bytes_of(rows)[:, records.TEXT_AT :]
    lines[:] = np.frombuffer(text.ljust(lines.size, b"?"), np.uint8).reshape(lines.shape)
    return rows


@pytest.mark.slow
def test_a_head_over_two_rows_is_one_row_of_the_table():
    path = b"/\xe9" + b"a" * 150
    rows = written(records.HEAD, {"row": 7, "kind": records.REQUEST, "has": records.HAS_HOST | records.WHOLE, "method": 3,
                                  "path": len(path), "host": 1}, b"GET" + path + b"h", 2)  # fmt: skip
    (one,) = head_table(rows).to_pylist()
    assert (one["row"], one["method"], one["path"], one["host"]) == (7, "GET", path.decode("latin-1"), "h")
    assert (one["xff"], one["status"], one["content_length"], one["complete"]) == (None, None, None, True)


@pytest.mark.slow
def test_hellos_have_lists_of_protocols():
    has = records.HAS_RANDOM | records.HAS_SNI | records.HAS_ALPN
    text = bytes(range(32)) + b"a.example" + b"\x02h2\x08http/1.1"
    some = written(
        records.HELLO, {"kind": 1, "has": has, "random": 32, "sni": 9, "alpn": 12, "version": 0x304}, text, 1
    )
    none = written(records.HELLO, {"kind": 2}, b"", 1)
    one, other = hello_table(np.concatenate([some, none])).to_pylist()
    assert (one["kind"], one["random"], one["sni"], one["alpn"]) == ("client_hello", bytes(range(32)), "a.example",
                                                                     ["h2", "http/1.1"])  # fmt: skip
    assert (other["kind"], other["random"], other["sni"], other["alpn"], other["cipher"]) == (
        "server_hello",
        *[None] * 4,
    )
