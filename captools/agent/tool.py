"""One capture tool on the node: its process, its pipes, and how it is asked to end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import time
from typing import Any, Dict, List, Optional, Tuple

from captools.agent.outputs import environment

# A deeper pipe rides out a short stall of the way home before the kernel ring has to.
PIPE_BYTES = 1024 * 1024
F_SETPIPE_SZ = 1031  # fcntl.F_SETPIPE_SZ exists from Python 3.10 on only
PCAP_PLACEHOLDER = "{pcap}"
READY_WINDOW = 16 * 1024  # the marker stands in the first bytes a tool prints
ASK_EVERY_S = 0.15
SILENT_S = 0.2
BLOCK_S = 1.1  # the kernel hands a block of packets over after a second at the latest (libpcap's default timeout)
# What tcpdump prints when it is asked: how many packets it has read, and how many the kernel has for it.
_COUNTS = re.compile(rb"(\d+) packets? captured, (\d+) packets? received by filter")
# The same at the end of a run, one count per line.
_EACH = {
    "captured": re.compile(rb"(\d+) packets? captured"),
    "received": re.compile(rb"(\d+) packets? received by filter"),
    "dropped": re.compile(rb"(\d+) packets? dropped by kernel"),
}


class Tool:
    """A running tool. ``pipes`` maps each open descriptor to the stream ("data", "text", "said") its bytes belong to.

    ``spec`` comes from the controller: ``channel``, ``argv``, ``packets`` ("stdout" or "pipe"), ``ready``
    (text that means it is listening) with ``ready_in`` ("stderr" or "text"), and ``poll_signal`` (number of
    a signal that makes it print its counts, or 0).
    """

    def __init__(self, spec: Dict[str, Any]) -> None:
        self.channel = int(spec["channel"])
        self.ready_marker = str(spec["ready"]).encode()
        self.ready_stream = "text" if spec.get("ready_in") == "text" else "said"
        self.poll_signal = int(spec.get("poll_signal", 0))
        self.ready = False
        self.signalled_ns = 0
        self.escalation = 0  # how many signals it has ignored
        self.forbidden = False  # no right to signal it: root without CAP_KILL, and a tool that changed its user
        self.gave = 0.0  # when it last gave packets
        self.flushed = 0.0  # when it was last asked to write what it holds back
        self.quiet_since = 0.0  # when it last gave a byte, for deciding that it hangs
        self._seen = b""
        self._counts = b""  # the end of what it printed, since it was last asked
        self._asked = 0.0
        self._goal = -1  # how many packets it had received when it was first asked whether it had caught up
        self._had, self._first_told = 0, 0.0  # how many it had read then, and when it said so
        self._first_asked_ns = 0
        self.caught_up_ns = 0  # up to when it has surely written every packet that it received
        self.counts: Dict[str, Optional[int]] = {"captured": None, "received": None, "dropped": None}
        self.pipes: Dict[int, str] = {}
        self.process = self._start([str(part) for part in spec["argv"]], spec.get("packets") == "pipe")

    def _start(self, argv: List[str], own_pipe: bool) -> "subprocess.Popen[bytes]":
        """Start the tool; raise OSError where it cannot be."""
        env = environment()
        program = shutil.which(argv[0], path=env["PATH"])
        if program is None:
            raise FileNotFoundError("%s: not found" % argv[0])
        packets, write_end = os.pipe() if own_pipe else (-1, -1)
        try:
            # The tool reopens the pipe by name, so packets need no file on the node.
            process = subprocess.Popen(
                [program] + [part.replace(PCAP_PLACEHOLDER, "/dev/fd/%d" % write_end) for part in argv[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=env,
                cwd="/",
                start_new_session=True,
                pass_fds=(write_end,) if own_pipe else (),
            )
        except OSError:
            if own_pipe:
                os.close(packets)
            raise
        finally:
            if own_pipe:
                os.close(write_end)
        assert process.stdout is not None and process.stderr is not None
        self.pipes[process.stderr.fileno()] = "said"
        self.pipes[process.stdout.fileno()] = "text" if own_pipe else "data"
        if own_pipe:
            self.pipes[packets] = "data"
        for descriptor in self.pipes:
            os.set_blocking(descriptor, False)
            # An unprivileged user's pipe budget may be used up: a smaller pipe works too.
            with contextlib.suppress(OSError):
                fcntl.fcntl(descriptor, F_SETPIPE_SZ, PIPE_BYTES)
        self._streams = {stream.fileno(): stream for stream in (process.stderr, process.stdout)}
        return process

    def became_ready(self, stream: str, data: bytes) -> bool:
        """Tell whether these bytes are the ones that first say that the tool is listening."""
        if self.ready or stream != self.ready_stream or len(self._seen) > READY_WINDOW:
            return False
        self._seen += data
        self.ready = self.ready_marker in self._seen
        return self.ready

    def close(self, descriptor: int) -> None:
        """Forget a pipe that has reached its end."""
        del self.pipes[descriptor]
        stream = self._streams.pop(descriptor, None)
        if stream is not None:
            stream.close()
        else:
            os.close(descriptor)

    def signal(self, number: int) -> None:
        """Send a signal to the tool's whole process group."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass  # it has ended meanwhile
        except PermissionError:
            self.forbidden = True

    def ask_counts(self) -> None:
        """Make the tool print its counts so far. Before it is ready the signal would end it instead."""
        if self.ready and self.poll_signal and self.process.poll() is None:
            with contextlib.suppress(PermissionError):  # then it has no counts until it ends
                self.process.send_signal(self.poll_signal)

    def flush(self, now: float) -> None:
        """Make a silent tcpdump (4.99 and later) write what it holds back: up to 4 KiB, on a quiet link all there is.

        Only one that has written nothing for a while: its handler flushes at once, also in the midst of a write, and
        on a busy link the buffer turns over by itself. SIGUSR2 ends a program that does not know it, so it goes only
        to one that has a handler.
        """
        if not self.ready or now - max(self.gave, self.flushed) < SILENT_S:
            return
        try:
            with open("/proc/%d/status" % self.process.pid) as status:
                caught = next(int(line.split()[1], 16) for line in status if line.startswith("SigCgt:"))
            if caught >> (signal.SIGUSR2 - 1) & 1:
                self.process.send_signal(signal.SIGUSR2)
                self.flushed = now
        except (OSError, StopIteration, ValueError):
            pass  # it has ended, or may not be signalled: then it writes when its buffer is full

    def note_counts(self, data: bytes) -> None:
        """Keep what may be an answer to ``ask_counts``, or the counts a tool prints at its end."""
        self._counts = (self._counts + data)[-READY_WINDOW:]
        for name, pattern in _EACH.items():
            told = pattern.findall(self._counts)
            if told:
                self.counts[name] = int(told[-1])

    def caught_up(self, now: float) -> bool:
        """Tell whether the tool has read every packet that it had received when this was first asked.

        On a busy link more keep coming, so it is never through with all. It may also count packets that it will never
        read: those that came before its filter was in place. Then it is through when it has read nothing for as long as
        the kernel keeps a block. A tool that cannot be asked counts as one that has caught up.
        """
        if not (self.ready and self.poll_signal):
            return True
        told = _COUNTS.findall(self._counts)
        if self._asked and told:
            captured = int(told[-1][0])
            if self._goal < 0:
                self._goal, self._had, self._first_told = int(told[0][1]), captured, now
            idle = captured == self._had and now - self._first_told >= BLOCK_S
            if idle or captured >= self._goal:
                self.caught_up_ns = self._first_asked_ns
                return True
        if now - self._asked >= ASK_EVERY_S:
            self._first_asked_ns = self._first_asked_ns or time.time_ns()
            self._counts, self._asked = b"", now
            self.ask_counts()
        return False

    def finished(self) -> Optional[int]:
        """Return the exit code once the process has ended and every pipe is empty.

        One that may not be signalled and whose pipes were closed ends by SIGPIPE, with the next packet it writes.
        """
        code = self.process.poll()
        if code is None and self.forbidden and not self.pipes:
            return -signal.SIGPIPE
        return None if self.pipes or code is None else code


def start(spec: Dict[str, Any]) -> Tuple[Optional[Tool], str]:
    """Start one tool; return it, or None and the reason."""
    try:
        return Tool(spec), ""
    except (OSError, ValueError) as error:
        return None, str(error)
