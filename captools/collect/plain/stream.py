"""One transport process with a shell at its far end: a script goes in, bytes come out."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

from captools.collect.plain.script import LAUNCHER
from captools.collect.targets import Target
from captools.collect.transports import transport
from captools.model.errors import ToolMissing

READ_BYTES = 1024 * 1024
MAX_BANNER = 256 * 1024
MAX_WORDS = 64 * 1024


class Shell:
    """A running shell on the node. Its two outputs are read by the owner's selector."""

    def __init__(self, target: Target, script: bytes) -> None:
        argv = transport(target.transport).argv(target, LAUNCHER)
        try:
            # A session of its own: Ctrl-C in the terminal must reach us only, who then stop in good order.
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise ToolMissing(f"{argv[0]} cannot be started ({error.strerror})", hint="install it again") from error
        assert self.process.stdin and self.process.stdout and self.process.stderr
        self.stdin, self.stdout, self.stderr = self.process.stdin, self.process.stdout, self.process.stderr
        for stream in (self.stdout, self.stderr):
            os.set_blocking(stream.fileno(), False)
        self.said = bytearray()  # the end of what came on stderr
        self.tell(script)

    def tell(self, data: bytes) -> None:
        """Send bytes to the shell; a closed channel shows at the reading end, which knows the reason."""
        with contextlib.suppress(OSError, ValueError):
            self.stdin.write(data)

    def hear(self, data: bytes) -> None:
        """Keep the newest words of stderr."""
        self.said += data
        del self.said[:-MAX_WORDS]

    def hang_up(self) -> None:
        """Close our side: the far shell ends what it runs."""
        with contextlib.suppress(OSError):
            self.stdin.close()

    def end(self, patience_s: float = 3.0) -> int | None:
        """End the channel, by force where it does not end by itself; return its exit code."""
        self.hang_up()
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()
        self.stdout.close()
        self.stderr.close()
        return self.process.returncode

    def kill(self) -> None:
        """End the client and its helpers (a ProxyCommand) at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


class Greeting:
    """Drops what a login shell prints before the mark; ValueError where the mark never comes. Pure."""

    def __init__(self, mark: str) -> None:
        self._mark = b"\n" + mark.encode() + b"\n"
        self._buffer = bytearray()
        self.seen = False

    def feed(self, data: bytes) -> bytes:
        """Return what stands behind the mark."""
        if self.seen:
            return data
        self._buffer += data
        at = self._buffer.find(self._mark)
        if at < 0:
            if len(self._buffer) > MAX_BANNER:
                raise ValueError(f"{len(self._buffer):,} bytes of other output before the tool's own")
            return b""
        self.seen = True
        return bytes(self._buffer[at + len(self._mark) :])
