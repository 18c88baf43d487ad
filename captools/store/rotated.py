"""Rotated captures: several files of one capture are one point, in the order of their packets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from captools.model.errors import MalformedCapture
from captools.model.points import file_name
from captools.store.files import as_text
from captools.store.stream import open_stream, read_exactly
from captools.wire.index import read_records

if TYPE_CHECKING:
    from captools.store.inputs import CaptureInput

_HEAD = 1 << 16
_NO_PACKET = 1 << 63


def unite(captures: list[CaptureInput]) -> list[CaptureInput]:
    """Return the captures with those of each rotated set together, in time order, under one stem.

    A set is two or more files of a folder whose names differ only in what rotation adds (tcpdump -C, -W and -G,
    dumpcap -b), each alone or packed. Numbers do not tell the order: a ring begins again with the first.
    """
    sets: dict[tuple[Path, str, str], list[int]] = {}
    rotated = set()
    for at, one in enumerate(captures):
        name = file_name(as_text(one.path.name))
        if one.record is None and not one.temporary and name.kind:
            key = (one.path.parent, name.base, name.kind)
            sets.setdefault(key, []).append(at)
            if name.rotated:
                rotated.add(key)
    place = {at: members for key, members in sets.items() if key in rotated and len(members) > 1 for at in members}
    united: list[CaptureInput] = []
    for at, one in enumerate(captures):
        members = place.get(at)
        if members is None:
            united.append(one)
        elif at == members[0]:
            some = sorted((captures[member] for member in members), key=lambda each: _begins(each.path))
            united += [replace(each, stem=file_name(as_text(each.path.name)).base) for each in some]
    return united


def _begins(path: Path) -> int:
    """Return the time of the first packet of a file; the end of time where it has none."""
    try:
        with open_stream(path) as stream:
            records = read_records(read_exactly(stream, _HEAD), str(path))
    except MalformedCapture:
        return _NO_PACKET  # whoever reads it says what is wrong with it
    return int(records.ts_ns[0]) if len(records) else _NO_PACKET
