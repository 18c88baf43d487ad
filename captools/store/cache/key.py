"""What an entry is called: a name that changes when the capture file or the decoder does."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

from captools.store.kernels import fingerprint, sources

_EDGE = 1 << 16  # bytes at either end of the file that count
_SAMPLES, _SAMPLE = 16, 1 << 12


def key_of(path: Path, vxlan_ports: tuple[int, ...]) -> str:
    """Return the key of ``path`` as it lies there now, read with ``vxlan_ports``.

    Device, inode, size and both times tell nearly every change; the sampled bytes tell the rest, short of a change
    that keeps all of these on purpose. OSError where the file cannot be read.
    """
    whole = hashlib.sha256(decoder().encode())
    with path.open("rb", buffering=0) as file:
        facts = os.fstat(file.fileno())
        told = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, *sorted(vxlan_ports))
        whole.update(repr(told).encode())
        places = [facts.st_size * number // _SAMPLES for number in range(1, _SAMPLES)]
        whole.update(os.pread(file.fileno(), _EDGE, 0))
        whole.update(os.pread(file.fileno(), _EDGE, max(facts.st_size - _EDGE, 0)))
        for place in places:
            whole.update(os.pread(file.fileno(), _SAMPLE, place))
    return whole.hexdigest()[:32]


@cache
def decoder() -> str:
    """Return a name for the decoder and its tables: another one must never be given this one's entries."""
    return fingerprint([*sources(), *sorted(Path(__file__).parent.glob("*.py"))], ())
