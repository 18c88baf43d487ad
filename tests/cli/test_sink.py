"""Where Parquet goes."""

from __future__ import annotations

import io
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from captools.cli.sink import parquet_sink
from captools.model.errors import UsageError

TABLE = pa.table({"a": list(range(1_000))})


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Pipe(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.buffer = io.BytesIO()


def test_parquet_is_not_thrown_at_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    with pytest.raises(UsageError, match=r"add -o FILE\.parquet"), parquet_sink(None):
        pass


def test_a_pipe_gets_a_whole_file_in_pieces(monkeypatch):
    monkeypatch.setattr(sys, "stdout", pipe := Pipe())
    with parquet_sink(None) as sink, pq.ParquetWriter(sink, TABLE.schema) as writer:
        for at in range(0, 1_000, 100):
            writer.write_table(TABLE.slice(at, 100))
    assert pq.read_table(io.BytesIO(pipe.buffer.getvalue())) == TABLE


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "t.parquet"
    with pytest.raises(KeyError), parquet_sink(str(path)) as sink:
        sink.write(b"PAR1")
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    with parquet_sink(str(path)) as sink:
        pq.write_table(TABLE, sink)
    assert pq.read_table(io.BytesIO(path.read_bytes())) == TABLE
