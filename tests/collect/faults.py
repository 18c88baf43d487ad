"""What goes wrong on the way home, made to happen: cut connections, killed processes, and a witness of the spool."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

SEGMENT = re.compile(r"(\d+)-(data|text|said)-(\d+)\.seg$")


def processes(*words: str, pid_of_namespace: int | None = None) -> list[int]:
    """Return the processes whose command line holds all ``words`` (in the network of one process, if given)."""
    wanted = os.readlink(f"/proc/{pid_of_namespace}/ns/net") if pid_of_namespace else ""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            fits = entry.name.isdigit() and int(entry.name) != os.getpid() and all(word in line for word in words)
            if fits and (not wanted or os.readlink(entry / "ns/net") == wanted):
                found.append(int(entry.name))
    return found


def kill(*pids: int) -> int:
    """SIGKILL them; return how many were still there."""
    killed = 0
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    return killed


class Witness:
    """Keeps a second name of every segment that appears below a spool folder, so that its bytes outlive it."""

    def __init__(self, spool: Path, keep: Path) -> None:
        self._spool, self._keep = spool, keep
        keep.mkdir()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(0.005):
            self._look()

    def _look(self) -> None:
        for path in self._spool.rglob("*.seg"):
            with contextlib.suppress(OSError):
                if not (self._keep / path.name).exists():
                    os.link(path, self._keep / path.name)

    def stream(self, channel: int = 1, stream: str = "data") -> bytes:
        """Return the whole stream as the node wrote it; ends the watch."""
        self._over.set()
        self._thread.join()
        parts = []
        for path in self._keep.iterdir():
            found = SEGMENT.search(path.name)
            if found and int(found[1]) == channel and found[2] == stream:
                parts.append((int(found[3]), path.read_bytes()))
        whole = bytearray()
        for offset, data in sorted(parts):
            assert offset == len(whole), "the witness missed a segment"
            whole += data
        return bytes(whole)


def numbers(path: Path) -> Iterator[int]:
    """Give the numbers that the node fixture's sender wrote into its packets, in the file's order."""
    data, offset = path.read_bytes(), 24
    while offset < len(data):
        length = struct.unpack_from("<I", data, offset + 8)[0]
        yield int(data[offset + 16 + 42 + 14 : offset + 16 + 42 + 22])
        offset += 16 + length


def wait_for(condition, timeout_s: float = 20.0) -> None:  # type: ignore[no-untyped-def]
    """Wait until ``condition()``; AssertionError after the time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        time.sleep(0.02)
