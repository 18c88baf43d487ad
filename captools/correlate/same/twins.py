"""Twins: a line of a text log and the record of a capture file at the same point that are one sighting.

ngrep's text beside its own pcap, or tcpdump's text beside a capture of the same interface, prove a sighting twice.
The line says less than the record, so it takes the record's columns: whatever reads sightings then sees one packet
from two sources. Text tells no time zone, and often no date: the times need only agree, to the microsecond that
text prints, up to whole quarters of an hour (the smallest difference between time zones).
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from captools.correlate.sightings import Ints, Sightings
from captools.model.sources import Source

_ZONE_US = 15 * 60 * 1_000_000
# What both forms of every log tell; ABSENT in either would be ABSENT in both.
_SAME = ("point", "src", "dst", "proto", "sport", "dport", "icmp_type")
_OWN = {"source", "frame", "point"}


def join_twins(rows: Sightings, sources: tuple[Source, ...]) -> None:
    """Give each row of a text log in ``rows`` the columns of its twin in a capture file, where it has one."""
    texts = {source.name for source in sources if source.text}
    codes = [code for code, name in enumerate(rows.sources) if name in texts]
    of_text = np.isin(rows["source"], codes)
    lines = np.flatnonzero(of_text)
    if not len(lines):
        return
    clock = rows["ts_ns"] // 1_000 % _ZONE_US
    near = ~of_text & np.isin(clock, clock[lines]) & np.isin(rows["point"], rows["point"][lines])
    records: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for row in np.flatnonzero(near).tolist():
        records[_key(rows, clock, row)].append(row)
    pairs = [(line, waiting.pop(0)) for line in lines.tolist() if (waiting := records.get(_key(rows, clock, line)))]
    if not pairs:
        return
    ours, theirs = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    for name, values in rows.columns.items():
        if name not in _OWN:
            rows.columns[name] = values.copy()
            rows.columns[name][ours] = values[theirs]


def _key(rows: Sightings, clock: Ints, row: int) -> tuple[int, ...]:
    return int(clock[row]), *(int(rows[name][row]) for name in _SAME)
