"""The files of an entry: ``<shard>.<table>.parquet``, how many rows their groups hold, and how columns are encoded.

Numbers are stored as packed differences: as small as LZ4 makes them, in half the time, and any reader knows them.
What is random is stored as it is, text and addresses in LZ4 (a third larger than zstd's first level, and the whole
road is a third faster).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 1 << 16  # of packets in a row group: what is read for one page
LANE_ROWS = 1 << 14
# Neither differences nor a compressor make these smaller.
_RANDOM = {"payload_hash", "payload_head", "seq", "ack", "tsval", "tsecr", "first_seq", "next_seq", "request_id",
           "random"}  # fmt: skip


def table_file(folder: Path, shard: int, name: str) -> Path:
    """Return the file of a shard's table."""
    return folder / f"{shard}.{name}.parquet"


def table_writer(where: Path, schema: pa.Schema, *, statistics: Collection[str] = ()) -> pq.ParquetWriter:
    """Return what writes a table; ``statistics`` names the columns whose least and greatest values readers look at."""
    numbers = [field.name for field in schema if pa.types.is_integer(field.type) and field.name not in _RANDOM]
    texts = [_leaf(field) for field in schema if field.name not in {*numbers, *_RANDOM}]
    return pq.ParquetWriter(
        where,
        schema,
        compression=dict.fromkeys(texts, "lz4") or "none",
        use_dictionary=[field.name for field in schema if pa.types.is_dictionary(field.type)],
        column_encoding=dict.fromkeys(numbers, "DELTA_BINARY_PACKED"),
        write_statistics=list(statistics) or False,
        write_batch_size=ROWS,
    )


def _leaf(field: pa.Field) -> str:
    """Return what Parquet calls the column that holds a field's values."""
    return f"{field.name}.list.element" if pa.types.is_list(field.type) else str(field.name)


def remove_shard(folder: Path, shard: int) -> None:
    """Remove the files of a shard that was decoded from a wrong place."""
    for file in folder.glob(f"{shard}.*.parquet"):
        file.unlink()
