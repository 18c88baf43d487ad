"""JSON documents, one per line, over the keeper's Unix-domain socket; neither side ever waits for the other."""

from __future__ import annotations

import json
import os
import socket
from typing import Any, Dict, List

READ_BYTES = 256 * 1024
LONGEST_LINE = 8 * 1024 * 1024
MOST_UNSENT = 32 * 1024 * 1024  # a reader that is so far behind is let go


class Line:
    """One end of a connection. ``open`` turns False when the other end is gone or speaks nonsense."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.socket = connection
        self.open = True
        self._in = bytearray()
        self._out = bytearray()

    def fileno(self) -> int:
        """The descriptor to watch."""
        return self.socket.fileno()

    @property
    def unsent(self) -> bool:
        """True while the other end has not taken everything: watch for writing."""
        return self.open and bool(self._out)

    def send(self, document: Dict[str, Any]) -> None:
        """Queue a document and send what goes without waiting."""
        if self.open:
            self._out += json.dumps(document).encode() + b"\n"
            self.flush()
            self.open = self.open and len(self._out) <= MOST_UNSENT

    def flush(self) -> None:
        """Send what goes without waiting."""
        try:
            while self._out:
                del self._out[: self.socket.send(self._out)]
        except BlockingIOError:
            return
        except OSError:
            self.open = False

    def receive(self) -> List[Dict[str, Any]]:
        """Return the documents that are complete."""
        while self.open and len(self._in) <= LONGEST_LINE:
            try:
                data = os.read(self.fileno(), READ_BYTES)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            self.open = bool(data)
            self._in += data
        *whole, rest = bytes(self._in).split(b"\n")
        self._in = bytearray(rest)
        found = []
        for line in whole:
            try:
                document = json.loads(line.decode())
            except ValueError:
                document = None
            if not isinstance(document, dict):
                self.open = False
                break
            found.append(document)
        self.open = self.open and len(rest) <= LONGEST_LINE
        return found

    def close(self) -> None:
        """End the connection."""
        self.open = False
        self.socket.close()
