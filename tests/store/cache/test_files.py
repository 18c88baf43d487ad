"""The names of an entry's files, and what is written into them: any reader gets the same values back."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from captools.model.narrow import FLOWS, LANES, NARROW, SIDE_TABLES
from captools.store.cache.files import remove_shard, table_file, table_writer

ROWS = 1_000


def test_only_the_files_of_one_shard_go(tmp_path):
    for shard in (1, 11):
        for table in ("packets", "lanes"):
            table_file(tmp_path, shard, table).write_bytes(b"")
    remove_shard(tmp_path, 1)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["11.lanes.parquet", "11.packets.parquet"]


def extremes(kind: pa.DataType) -> pa.Array:
    """Values of a type, the least and the greatest beside one another, in no order."""
    bits = kind.bit_width
    least = -(1 << bits - 1) if pa.types.is_signed_integer(kind) else 0
    greatest = least + (1 << bits) - 1
    some = np.random.default_rng(bits).integers(least, greatest, ROWS - 4, endpoint=True, dtype=kind.to_pandas_dtype())
    return pa.array([least, greatest, least, greatest, *some.tolist()], kind)


def numbers_of(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field for field in schema if pa.types.is_integer(field.type)])


@pytest.mark.parametrize("schema", [NARROW, LANES, FLOWS, *SIDE_TABLES.values()])
def test_every_number_comes_back_in_pyarrow_and_in_duckdb(tmp_path, schema):
    schema = numbers_of(schema)
    wanted = pa.table([extremes(field.type) for field in schema], schema=schema)
    where = tmp_path / "a.parquet"
    with table_writer(where, schema) as writer:
        writer.write_table(wanted)
    assert pq.read_table(where).equals(wanted)
    # A reader that does not know pyarrow's own notes sees the same.
    found = duckdb.sql(f"SELECT * FROM '{where}'").fetchall()
    assert found == list(zip(*(column.to_pylist() for column in wanted.columns), strict=True))


@pytest.mark.parametrize("schema", [LANES, *SIDE_TABLES.values()])
def test_what_is_not_there_stays_away(tmp_path, schema):
    wanted = pa.table([pa.nulls(ROWS, field.type) for field in schema], schema=schema)
    where = tmp_path / "a.parquet"
    with table_writer(where, schema, statistics=schema.names[:1]) as writer:
        writer.write_table(wanted)
    assert pq.read_table(where).cast(schema).equals(wanted)
