"""The bytes of one frame of a capture file."""

from __future__ import annotations

from pathlib import Path

from captools.model.errors import MalformedCapture, UsageError
from captools.model.units import size
from captools.store.files import read_file, unreadable
from captools.wire.index import read_records

MAX_FILE = 256 << 20  # read whole to find one frame


def frame_of(path: Path | str, number: int) -> tuple[int, bytes]:
    """Return link type and captured bytes of frame ``number`` (from 1).

    Raises MalformedCapture where the file has no such frame or is no capture, UsageError where it is too large.
    """
    path = Path(path)
    try:
        large = path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from error
    if large > MAX_FILE:
        raise UsageError(
            f"{path}: {size(large)} are too many to look for one frame in",
            hint=f"cut it out with `editcap -r {path.name} one.pcap {number}`, or ask tshark alone",
        )
    data, _damage = read_file(path)
    records = read_records(data, str(path))
    if not 0 < number <= len(records):
        raise MalformedCapture(f"{path}: has {len(records):,} frames, and none is {number}", hint="frames count from 1")
    at = number - 1
    begin, length = int(records.offset[at]), int(records.cap_len[at])
    return records.interfaces[int(records.interface[at])].linktype, bytes(data[begin : begin + length])
