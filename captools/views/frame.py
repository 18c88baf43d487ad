"""The packet table as a pandas frame, as people read it: addresses and times as text or timestamps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from captools.model.addresses import mac_text, to_text
from captools.model.packets import ADDRESS, MAC
from captools.model.units import rfc3339

if TYPE_CHECKING:
    import pandas as pd

TIME = pa.timestamp("ns")


def packets_table(packets: pa.Table) -> pa.Table:
    """Return rows of the packet table (schema PACKETS) as SQL and rows in print have them: readable, ``time`` first."""
    packets = readable(packets)
    return packets.add_column(0, "time", packets["ts_ns"].cast(TIME))


def readable(packets: pa.Table) -> pa.Table:
    """Return ``packets`` with addresses and MACs as dictionary text."""
    arrays = []
    for field in packets.schema:
        column = packets[field.name].combine_chunks()
        if field.type in (ADDRESS, MAC):
            speak = to_text if field.type == ADDRESS else mac_text
            coded = column.dictionary_encode()
            words = pa.array([speak(value) for value in coded.dictionary.to_pylist()], pa.string())
            column = pa.DictionaryArray.from_arrays(coded.indices, words)
        arrays.append(column)
    return pa.table(arrays, names=packets.column_names)


def spoken(packets: pa.Table) -> Iterator[dict[str, Any]]:
    """Return one dictionary per row for JSON: addresses as text, and ``time`` beside ``ts_ns``.

    The time is text because many JSON readers keep 53 bits of a number only.
    """
    for batch in readable(packets).to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            yield {"time": rfc3339(row["ts_ns"]), **row}


def to_pandas(packets: pa.Table) -> pd.DataFrame:
    """Return a pandas frame of one row per sighting, Arrow-backed; ``time`` is ``ts_ns`` as a UTC timestamp.

    Arrow's types keep what pandas' own would change: null is null, ports and hashes stay whole numbers.
    """
    import pandas as pd

    plain = readable(packets)
    columns = [one.cast(pa.string()) if pa.types.is_dictionary(one.type) else one for one in plain.columns]
    table = pa.table(columns, names=plain.column_names)
    table = table.add_column(0, "time", table["ts_ns"].cast(pa.timestamp("ns", tz="UTC")))
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame
