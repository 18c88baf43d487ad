"""The packet table as a pandas frame, as people read it: addresses and times as text or timestamps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from captools.model.addresses import mac_text, to_text
from captools.model.packets import ADDRESS, MAC

if TYPE_CHECKING:
    import pandas as pd


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


def to_pandas(packets: pa.Table) -> pd.DataFrame:
    """Return a pandas frame of one row per sighting; ``time`` is ``ts_ns`` as a UTC timestamp."""
    import pandas as pd

    frame: pd.DataFrame = readable(packets).to_pandas()
    frame.insert(0, "time", pd.to_datetime(frame["ts_ns"], unit="ns", utc=True, errors="coerce"))
    return frame
