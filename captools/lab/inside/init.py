"""Process 1 of a lab's own PID namespace: as long as it lives the lab lives, and everything dies with it.

Started as ``init.py NAME PATH...`` with one end of a pipe as stdin. The creator writes ``k`` (keep) when the lab
is to outlive it. If the pipe ends without that, the creator is gone in whatever way, a SIGKILL included: then
every process of the lab is killed and every PATH removed, so that nothing stays behind.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
from contextlib import suppress


def reap() -> None:
    """Collect every child that has ended: orphans of the whole namespace end up here."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def remove(paths: list[str]) -> None:
    """Kill everything else in this namespace, then remove the lab's files."""
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    for path in paths:
        if os.path.islink(path):
            os.unlink(path)
        else:
            shutil.rmtree(path, ignore_errors=True)


def main(paths: list[str]) -> None:
    """Tell the creator our process id as the host sees it, then wait for ``k`` or for the end of the pipe."""
    signal.signal(signal.SIGTERM, lambda *_: None)
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # /proc is still the host's here, so the link names the process id the creator can use.
    os.write(1, os.readlink("/proc/self").encode() + b"\n")
    kept = False
    while True:
        ready, _, _ = select.select([woken] if kept else [woken, 0], [], [])
        if woken in ready:
            os.read(woken, 4096)
        if 0 in ready:
            if os.read(0, 1) != b"k":
                remove(paths)
                return
            kept = True
        reap()


if __name__ == "__main__":
    main(sys.argv[2:])
