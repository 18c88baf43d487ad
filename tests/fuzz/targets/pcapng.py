"""Any blocks are a packet table with a row for each packet they hold, or MalformedCapture; nothing else."""

from __future__ import annotations

from captools.model.errors import MalformedCapture
from captools.wire.pcapng import read_pcapng
from tests.fuzz.container import mutate
from tests.fuzz.frames import pcapngs
from tests.fuzz.readers import check_rows, records_of

MAX_LEN = 4_096
seeds = pcapngs
__all__ = ["MAX_LEN", "check", "mutate", "seeds"]


def check(data: bytes) -> None:
    """Read a capture, and again with its last bytes cut off: what was whole before the cut stays as it was."""
    data = b"\n\r\r\n" + data[4:]
    records = records_of(data)
    if records is None:
        return
    check_rows(data, records)
    for interface in records.interfaces:
        assert interface.snaplen >= 0 and 0 <= interface.linktype < 1 << 16
    try:
        cut = read_pcapng(data[: len(data) * 3 // 4], "fuzz")
    except MalformedCapture:
        return
    count = len(cut)
    assert count <= len(records)
    for name in ("offset", "cap_len", "wire_len", "ts_ns", "interface"):
        assert getattr(cut, name).tolist() == getattr(records, name)[:count].tolist(), name
