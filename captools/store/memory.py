"""How much memory this process may still take, and giving back what it took."""

from __future__ import annotations

import resource
from pathlib import Path

import pyarrow as pa

_CGROUP = Path("/sys/fs/cgroup")


def available(meminfo: str | None = None) -> int:
    """Return the bytes that are free for this process: the machine's, its control group's or its own limit's rest."""
    rests = [_machine(_read(Path("/proc/meminfo")) if meminfo is None else meminfo), _group(_CGROUP), _limit()]
    return max(min(rest for rest in rests if rest is not None), 0)


def give_back() -> None:
    """Give freed memory back to the system, after work that took much of it: Arrow and the heap keep it for a next time."""
    pa.default_memory_pool().release_unused()
    pa.system_memory_pool().release_unused()  # the heap of everybody else


def _machine(meminfo: str) -> int:
    for line in meminfo.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return 1 << 62


def _group(folder: Path) -> int | None:
    """Return what the control group (version 2) leaves; None where it sets no limit."""
    most, used = _read(folder / "memory.max").strip(), _read(folder / "memory.current").strip()
    return int(most) - int(used) if most.isdigit() and used.isdigit() else None


def _limit() -> int | None:
    """Return what the address-space limit (``ulimit -v``) leaves; None where there is none."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY:
        return None
    pages = _read(Path("/proc/self/statm")).split()
    return soft - (int(pages[0]) * resource.getpagesize() if pages else 0)


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""
