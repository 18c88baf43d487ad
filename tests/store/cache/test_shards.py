"""One shard's files: every part of it, in order, with row groups that a page can be read from."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from captures.generate import generate
from tests.wire.equality import compiled

pytestmark = pytest.mark.slow


def test_parts_become_row_groups_and_side_rows_count_through(tmp_path):
    from captools.store.cache.shards import ShardWriter
    from captools.wire.kernels.session import Options
    from captools.wire.runs import open_run

    data = b"".join(generate(packets=5_000, seed=2))
    run = open_run(data[:24], "a.pcap", Options(part_rows=1_000, fresh=False))
    writer = ShardWriter(tmp_path, 0)
    at = 24
    while at < len(data):
        space = run.space()
        piece = data[at : at + len(space)]
        space[: len(piece)] = piece
        at += len(piece)
        for part in run.filled(len(piece)):
            writer.add(part)
    last = run.finish()
    if last is not None:
        writer.add(last)
    writer.end(run.common, (1,))
    shard = writer.close(np.empty(0, np.int64))
    whole = compiled(data)
    assert (shard.rows, shard.lanes) == (len(whole), len(whole.lanes))
    packets = pq.ParquetFile(tmp_path / "0.packets.parquet")
    assert packets.num_row_groups >= 5
    assert packets.read()["ts_ns"].to_pylist() == whole.packets["ts_ns"].to_pylist()
    assert pq.read_table(tmp_path / "0.arp.parquet")["row"].to_pylist() == whole.sides["arp"]["row"].to_pylist()
    assert {name for name, rows in shard.sides.items() if rows} == {
        name for name, table in whole.sides.items() if len(table)
    }  # fmt: skip


def test_hashes_are_stored_plain_and_times_as_differences(entry):
    group = pq.ParquetFile(entry.folder / "0.packets.parquet").metadata.row_group(0)
    columns = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
    assert columns["payload_hash"].compression == "UNCOMPRESSED" and columns["ts_ns"].compression == "LZ4"
    assert "DELTA_BINARY_PACKED" in columns["ts_ns"].encodings
