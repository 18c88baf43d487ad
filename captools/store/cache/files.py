"""The files of an entry: ``<shard>.<table>.parquet``, and how many rows their groups hold."""

from __future__ import annotations

from pathlib import Path

ROWS = 1 << 16  # of packets in a row group: what is read for one page
LANE_ROWS = 1 << 13


def table_file(folder: Path, shard: int, name: str) -> Path:
    """Return the file of a shard's table."""
    return folder / f"{shard}.{name}.parquet"


def remove_shard(folder: Path, shard: int) -> None:
    """Remove the files of a shard that was decoded from a wrong place."""
    for file in folder.glob(f"{shard}.*.parquet"):
        file.unlink()
