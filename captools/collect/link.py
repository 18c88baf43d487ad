"""One channel to one node: a local subprocess (ssh, nsenter, sh) with the agent at its far end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import select
import signal
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

from captools.collect.launch import LAUNCHER, agent_bytes
from captools.collect.protocol import Frame, Unpacker, command
from captools.collect.targets import Target
from captools.collect.transports import transport
from captools.model.errors import ToolMissing

READ_BYTES = 1024 * 1024
MAX_SAID = 64 * 1024  # what is kept of the channel's stderr
MAX_UNSENT = 32 * 1024 * 1024  # commands that a far end has not taken; one that takes so few is as good as dead
END_TIMEOUT_S = 3.0
TICK_S = 1.0


class AgentLink:
    """Start it, iterate ``frames()`` in one thread, ``send`` from any."""

    def __init__(self, target: Target, *, facts: bool = True) -> None:
        """Connect; ``facts``: let the greeting carry all that the node tells of itself."""
        self.target = target
        self.transport = transport(target.transport)
        argv = self.transport.argv(target, LAUNCHER)
        try:
            # A session of its own: Ctrl-C in the terminal must reach us only, who then stop in good order.
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise ToolMissing(f"{argv[0]} cannot be started ({error.strerror})", hint="install it again") from error
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._stdin = self._process.stdin
        self._stdout = self._process.stdout
        self._unpacker = Unpacker()
        self._said = bytearray()
        self._lock = threading.Lock()
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._stdout, fcntl.F_SETPIPE_SZ, READ_BYTES)
        self._listener = threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        self._listener.start()
        # A far end that does not read must hold up nobody who sends: one thread writes what all of them queue.
        self._outgoing: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._unsent = 0
        self._sender = threading.Thread(target=self._write, daemon=True)
        self._sender.start()
        self._queue(agent_bytes(facts=facts))

    def _listen(self, stderr: Any) -> None:
        """Keep the end of what the channel's client and the node say."""
        while data := stderr.read(4096):
            self._said += data
            del self._said[:-MAX_SAID]
        stderr.close()

    def _write(self) -> None:
        """Write what is queued, up to the empty piece that ends it; then close our side."""
        # A closed channel shows at the reading end, which knows the reason.
        with contextlib.suppress(OSError):
            while data := self._outgoing.get():
                view = memoryview(data)
                while view:
                    view = view[self._stdin.write(view) :]
                with self._lock:
                    self._unsent -= len(data)
        with contextlib.suppress(OSError):
            self._stdin.close()

    def _queue(self, data: bytes) -> None:
        with self._lock:
            self._unsent += len(data)
            stuck = self._unsent > MAX_UNSENT
        self._outgoing.put(data)
        if stuck:
            self.kill()

    def send(self, do: str, **details: Any) -> None:
        """Send one command to the agent, without waiting; a broken channel is noticed by ``frames``."""
        self._queue(command(do, **details))

    def frames(self) -> Iterator[Frame | None]:
        """Give frames until the channel ends, None whenever a second passes without a byte.

        Raises NotOurStream where the bytes are not an agent's.
        """
        source = self._stdout.fileno()
        poll = select.poll()
        poll.register(source, select.POLLIN)
        while True:
            if not poll.poll(TICK_S * 1000):
                yield None
                continue
            data = os.read(source, READ_BYTES)
            if not data:
                return
            yield from self._unpacker.feed(data)

    @property
    def greeted(self) -> bool:
        """True once the agent has spoken."""
        return self._unpacker.greeted

    @property
    def said(self) -> str:
        """What was printed beside the frames: the client's stderr, and a login banner if nothing else came."""
        return (bytes(self._said) + b"\n" + self._unpacker.banner).decode("utf-8", "replace").strip()

    def close(self) -> int | None:
        """End the channel: first by closing our side, then by force. Returns its exit code."""
        self._outgoing.put(b"")
        try:
            self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait(END_TIMEOUT_S)
        self._sender.join(END_TIMEOUT_S)
        self._listener.join(END_TIMEOUT_S)
        self._stdout.close()
        return self._process.returncode

    def kill(self) -> None:
        """End the client and its helpers (a ProxyCommand) at once; captures on the node go on."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
