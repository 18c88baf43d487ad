"""The webpod's server: says who it is, who is asking, and the request as it arrived.

Started as ``whoami.py ADDRESS PORT``. Answers ``/data?size=N`` with N bytes instead, for larger transfers.
"""

from __future__ import annotations

import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from urllib.parse import parse_qs, urlsplit

MOST_BYTES = 64 * 1024 * 1024


class Whoami(BaseHTTPRequestHandler):
    """One connection, kept open between requests."""

    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # head and body leave in one write, as from a real server
    timeout = 60

    def do_GET(self) -> None:
        """Answer with identity, RemoteAddr, request line and headers, or with ``size`` bytes."""
        url = urlsplit(self.path)
        body = self._data(parse_qs(url.query).get("size", ["0"])[0]) if url.path == "/data" else self._facts()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _facts(self) -> bytes:
        host, port = self.client_address[:2]
        lines = [
            f"Hostname: {socket.gethostname()}",
            f"IP: {self.connection.getsockname()[0]}",
            f"RemoteAddr: {host}:{port}",
            self.requestline,
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\n".join(lines).encode() + b"\n"

    def _data(self, size: str) -> bytes:
        count = min(int(size), MOST_BYTES) if size.isdigit() else 0
        line = b"captools lab bulk data, line after line of it, so that it compresses well.\n"
        return (line * (count // len(line) + 1))[:count]

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: the captures are the log."""


class Server(ThreadingHTTPServer):
    """One thread per connection."""

    request_queue_size = 64

    def server_bind(self) -> None:
        """Bind, without the base class's look-up of our own name: no name server answers in a pod."""
        TCPServer.server_bind(self)


def main(address: str, port: int) -> None:
    """Serve until killed."""
    with Server((address, port), Whoami) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
