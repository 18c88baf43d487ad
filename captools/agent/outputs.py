"""Many programs at once, each bounded in time and in size, without threads (the agent forks).

Outputs are kept as text, exactly as the node's own tools print them: iproute2 repeats keys inside one JSON
object (an encapsulated route has "dst" twice), which a parse and a second print would lose.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections import deque
from typing import Deque, Dict, List, Optional, Tuple

# Logins without a login shell often lack the sbin folders, where tcpdump and ip live.
EXTRA_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
COMMAND_TIMEOUT_S = 10.0
MAX_BYTES = 1024 * 1024
AT_ONCE = 8
END_WAIT_S = 1.0
READ_BYTES = 64 * 1024


def environment() -> Dict[str, str]:
    """Return the environment every program on the node gets: plain English, a complete PATH."""
    env = dict(os.environ)
    env["LC_ALL"] = "C"
    env["WG_HIDE_KEYS"] = "always"  # "never" would have `wg show` print private keys
    env["PATH"] = env.get("PATH", "") + ":" + EXTRA_PATH
    return env


class Running:
    """One program and what it has printed so far."""

    def __init__(self, program: str, argv: List[str], env: Dict[str, str], max_bytes: int) -> None:
        self.process = subprocess.Popen(
            [program] + argv[1:],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.stdout = self.process.stdout
        self.max_bytes = max_bytes
        self.printed = bytearray()
        self.cut = False

    def read(self) -> bool:
        """Take what has been printed; tell whether more may follow."""
        data = os.read(self.stdout.fileno(), READ_BYTES)
        self.printed += data
        self.cut = len(self.printed) > self.max_bytes
        return bool(data) and not self.cut

    def end(self, late: bool) -> Optional[str]:
        """Return what it printed, cut after a whole line; None where it failed, hangs, or printed JSON too long."""
        self.stdout.close()
        if late or self.cut:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        try:
            code = self.process.wait(END_WAIT_S)
        except subprocess.TimeoutExpired:  # it has closed its output and lives on: not what was asked for
            self.process.kill()
            return None
        if late or (code != 0 and not self.cut):
            return None
        if not self.cut:
            return self.printed.decode("utf-8", "replace")
        return shortened(bytes(self.printed), self.max_bytes)


def shortened(data: bytes, most: int) -> Optional[str]:
    """Return the whole lines among the first ``most`` bytes, with a last line that says so; None for JSON."""
    if data[:1] in (b"[", b"{"):
        return None  # half a document says nothing
    kept = data[:most]
    kept = kept[: kept.rfind(b"\n") + 1]
    return kept.decode("utf-8", "replace") + "# cut by captools after %d bytes\n" % len(kept)


def outputs(
    commands: List[List[str]], timeout_s: Optional[float] = None, max_bytes: int = MAX_BYTES
) -> List[Optional[str]]:
    """Return what each command prints on stdout and stderr, in order; None where it is missing, fails or hangs.

    ``timeout_s`` (COMMAND_TIMEOUT_S) is for all of them together: a slow one takes nothing from the quick ones.
    """
    env = environment()
    said: List[Optional[str]] = [None] * len(commands)
    waiting: Deque[Tuple[int, str]] = deque()
    for number, argv in enumerate(commands):
        program = shutil.which(argv[0], path=env["PATH"])
        if program is not None:
            waiting.append((number, program))
    deadline = time.monotonic() + (COMMAND_TIMEOUT_S if timeout_s is None else timeout_s)
    with selectors.DefaultSelector() as selector:
        while waiting or selector.get_map():
            while waiting and len(selector.get_map()) < AT_ONCE and time.monotonic() < deadline:
                number, program = waiting.popleft()
                with contextlib.suppress(OSError):  # not executable after all
                    one = Running(program, commands[number], env, max_bytes)
                    selector.register(one.stdout, selectors.EVENT_READ, (number, one))
            events = selector.select(max(0.0, deadline - time.monotonic()))
            late = not events
            for key in [key for key, _ in events] or list(selector.get_map().values()):
                number, one = key.data
                if late or not one.read():
                    selector.unregister(key.fileobj)
                    said[number] = one.end(late)
            if late and time.monotonic() >= deadline:
                break
    return said


def run(argv: List[str]) -> Optional[str]:
    """Return what one program prints on stdout and stderr, or None where it is missing, fails or hangs."""
    return outputs([argv])[0]


def first_lines(path: str, max_bytes: int = MAX_BYTES) -> Optional[str]:
    """Return the text of a file of /proc, cut after ``max_bytes``; None where it may not be read or is empty."""
    try:
        with open(path, "rb", buffering=0) as file:
            data = bytearray()
            while len(data) <= max_bytes:
                block = file.read(READ_BYTES)
                if not block:
                    return data.decode("utf-8", "replace") or None
                data += block
    except OSError:
        return None
    return shortened(bytes(data), max_bytes)
