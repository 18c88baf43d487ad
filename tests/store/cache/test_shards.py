"""One shard's files: every part of it, in order, with row groups that a page can be read from."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from captools.model.narrow import FLOWS, NARROW
from captures.generate import generate
from tests.wire.equality import compiled

pytestmark = pytest.mark.slow
_SUMS = ["packets", "wire_bytes", "first_ns", "last_ns", "tcp_flags", "next_seq", "http", "stage", "left"]


@pytest.mark.parametrize(("part_rows", "together"), [(1_000, 50), (1_000, 1 << 15), (64, 1 << 15)])
def test_parts_become_row_groups_and_side_rows_count_through(tmp_path, monkeypatch, part_rows, together):
    from captools.store.cache import shards
    from captools.store.cache.shards import ShardWriter
    from captools.wire.kernels.session import Options
    from captools.wire.runs import open_run

    monkeypatch.setattr(shards, "_SIDE_ROWS", together)
    data = b"".join(generate(packets=5_000, seed=2))
    run = open_run(data[:24], "a.pcap", Options(part_rows=part_rows, fresh=False))
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
    flows = pq.read_table(tmp_path / "0.flows.parquet").cast(FLOWS)
    assert flows.select(_SUMS).equals(whole.flows.select(_SUMS))
    assert {name: rows for name, rows in shard.sides.items() if rows} == {
        name: len(table) for name, table in whole.sides.items() if len(table)
    }  # fmt: skip
    for name in shard.sides:
        file = pq.ParquetFile(tmp_path / f"0.{name}.parquet")
        assert file.num_row_groups == 1 or together < shard.sides[name]
        rows = file.read()["row"].to_pylist()
        assert rows == whole.sides[name]["row"].to_pylist()
        groups = [file.metadata.row_group(group).column(0).statistics for group in range(file.num_row_groups)]
        assert [groups[0].min, groups[-1].max] == [min(rows), max(rows)]  # tells which groups speak of a page


def test_what_is_random_is_stored_as_it_is_and_numbers_as_differences(entry):
    group = pq.ParquetFile(entry.folder / "0.packets.parquet").metadata.row_group(0)
    columns = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
    assert {one.compression for one in columns.values()} == {"UNCOMPRESSED"}
    plain = {name for name, one in columns.items() if "DELTA_BINARY_PACKED" not in one.encodings}
    assert plain == {"payload_hash", "payload_head", "seq", "ack", "tsval", "tsecr"}
    # No column is larger than in memory by more than a few bits a value, whatever its encoding.
    for name, one in columns.items():
        assert one.total_compressed_size <= NARROW.field(name).type.bit_width * group.num_rows / 8 * 1.2 + 500, name
