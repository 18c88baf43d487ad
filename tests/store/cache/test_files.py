"""The names of an entry's files."""

from __future__ import annotations

from captools.store.cache.files import remove_shard, table_file


def test_only_the_files_of_one_shard_go(tmp_path):
    for shard in (1, 11):
        for table in ("packets", "lanes"):
            table_file(tmp_path, shard, table).write_bytes(b"")
    remove_shard(tmp_path, 1)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["11.lanes.parquet", "11.packets.parquet"]
