"""The rows of a text log."""

from __future__ import annotations

from captools.store.printed import PrintedRows
from captools.wire.decode import Naming
from captools.wire.text.read import read_text_log

LINE = "12:00:00.000001 IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [S], seq 1, win 64240, length 0\n"


def test_rows_come_as_the_log_has_them():
    log = read_text_log(LINE * 3, "log", "n/eth0")
    rows, naming = PrintedRows(log, "00"), Naming(source="log", points=("n/eth0",))
    assert len(rows) == 3
    assert rows.table(naming, 1, 1)["frame"].to_pylist() == [2]
    assert [len(one) for one in rows.batches(naming)] == [3]
    assert (len(rows.http(naming)), len(rows.tls(naming)), len(rows.dns(naming))) == (0, 0, 0)
