"""Which decoder a capture is worth: starting the compiled one costs more than numpy needs for a small file."""

from __future__ import annotations

from captools.model.errors import MalformedCapture
from captools.wire.index import read_records

WORTH_IT = 150_000  # packets from which the compiled decoder is done first
TOGETHER = 400_000  # packets of all captures of a session from which they are not held in memory together
WORTH_IT_AMONG = 5_000  # packets of one capture of such a session


def packets_in(size: int, head: bytes) -> int:
    """Estimate the packets of a capture of ``size`` bytes from its first ones (64 KiB do); 0 where none is there."""
    try:
        records = read_records(head, "")
    except MalformedCapture:
        return 0
    if not len(records):
        return 0
    seen = int(records.offset[-1] + records.cap_len[-1])
    return size * len(records) // seen


def worth_compiling(size: int, head: bytes, together: int = 0) -> bool:
    """Tell whether a capture of ``size`` bytes is one for the compiled decoder (captools.wire.fast) and for tables on disk.

    ``together`` is how many packets it and the other captures of its session hold, where that is known.
    """
    return packets_in(size, head) >= (WORTH_IT_AMONG if together > TOGETHER else WORTH_IT)
