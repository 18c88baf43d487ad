"""Run one whole process and account for it: wall time, processor time, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took. ``memory`` is its peak resident set in bytes.

    A process starts as a copy of its parent, which counts too: the caller has to stay small itself.
    """

    wall_s: float
    cpu_s: float
    memory: int
    output: str


def measure(
    argv: list[str], *, runs: int = 3, environ: dict[str, str] | None = None, cpus: set[int] | None = None,
    discard: bool = False,
) -> Run:  # fmt: skip
    """Return the fastest of ``runs`` runs; RuntimeError where the process fails.

    ``cpus`` binds it to processors; ``discard`` sends its output to nowhere instead of through a pipe.
    """
    best: Run | None = None
    for _ in range(runs):
        one = _once(argv, environ or {}, cpus, discard)
        if best is None or one.wall_s < best.wall_s:
            best = one
    assert best is not None
    return best


def _once(argv: list[str], environ: dict[str, str], cpus: set[int] | None, discard: bool) -> Run:
    begun = time.perf_counter()
    with subprocess.Popen(
        argv, stdout=subprocess.DEVNULL if discard else subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | environ,
        preexec_fn=(lambda: os.sched_setaffinity(0, cpus)) if cpus else None,
    ) as process:  # fmt: skip
        tail = b""
        while process.stdout is not None and (part := process.stdout.read(1 << 20)):
            tail = (tail + part)[-65_536:]
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    if process.returncode:
        raise RuntimeError(f"{' '.join(argv)[:200]} ended with {process.returncode}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, tail.decode("utf-8", "replace"))


def python(*arguments: str) -> list[str]:
    """Return the command line of this interpreter."""
    return [sys.executable, *arguments]


def head_of_capture(source: Path, target: Path, packets: int) -> int:
    """Copy the first ``packets`` packets of a pcap file; return how many bytes were copied."""
    from captools.wire.pcap import read_pcap

    with source.open("rb") as file:
        data = file.read(packets * 1_600 + 24)
    records = read_pcap(data, str(source))
    size = int(records.offset[packets - 1] + records.cap_len[packets - 1])
    target.write_bytes(data[:size])
    return size


if __name__ == "__main__":  # a process of its own, so that the measuring one stays small
    head_of_capture(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
