"""The webpod's server: says who it is, who is asking, and the request as it arrived.

Started as ``whoami.py ADDRESS PORT [TLS_PORT CERTIFICATE [PATH...]]``. Where paths are given it knows no others (404).
Answers ``/data?size=N`` with N bytes instead, for larger transfers. Any path takes ``ms=N`` (answer after N ms),
``same=1`` (an answer without anything of its own; who gave it stands in a header), and ``fail=N`` (the first N times
that a request id asks, answer 503, or with ``how=reset`` none).
"""

from __future__ import annotations

import io
import os
import socket
import ssl
import struct
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

MOST_BYTES = 64 * 1024 * 1024
_asked: Counter[str] = Counter()  # how often each request id came


class Whoami(BaseHTTPRequestHandler):
    """One connection, kept open between requests."""

    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # head and body leave in one write, as from a real server
    timeout = 60
    paths: tuple[str, ...] = ()  # the only ones there are; none: all are

    def do_GET(self) -> None:
        """Answer with identity, RemoteAddr, request line and headers, or with ``size`` bytes."""
        url = urlsplit(self.path)
        wishes = {name: values[0] for name, values in parse_qs(url.query).items()}
        time.sleep(int(wishes.get("ms", "0")) / 1000)
        if self._fails(int(wishes.get("fail", "0"))):
            if wishes.get("how") == "reset":
                self._reset()
                return
            self._answer(503, b"not now\n")
        elif self.paths and url.path not in self.paths:
            self._answer(404, b"no such page\n", who="; ".join(self._who()))
        elif url.path == "/data":
            self._answer(200, self._data(wishes.get("size", "0")))
        elif "same" in wishes:
            self._answer(200, b"the same for everybody\n", who="; ".join(self._who()))
        else:
            lines = [*self._who(), self.requestline, *(f"{name}: {value}" for name, value in self.headers.items())]
            self._answer(200, "\n".join(lines).encode() + b"\n")

    def _answer(self, status: int, body: bytes, *, who: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if who:
            self.send_header("X-Lab-Who", who)
        self.end_headers()
        self.wfile.write(body)

    def _fails(self, times: int) -> bool:
        if not times:
            return False
        name = self.headers.get("x-request-id", "")
        _asked[name] += 1
        return _asked[name] <= times

    def _reset(self) -> None:
        """End the connection with a RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
        self.wfile = io.BufferedRandom(open(os.devnull, "w+b", buffering=0))  # noqa: SIM115

    def _who(self) -> list[str]:
        host, port = self.client_address[:2]
        address = self.connection.getsockname()[0]
        return [f"Hostname: {socket.gethostname()}", f"IP: {address}", f"RemoteAddr: {host}:{port}"]

    def _data(self, size: str) -> bytes:
        count = min(int(size), MOST_BYTES) if size.isdigit() else 0
        line = b"captools lab bulk data, line after line of it, so that it compresses well.\n"
        return (line * (count // len(line) + 1))[:count]

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: the captures are the log."""


class Server(ThreadingHTTPServer):
    """One thread per connection."""

    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[Whoami]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind, without the base class's look-up of our own name: no name server answers in a pod."""
        TCPServer.server_bind(self)


class TlsServer(Server):
    """The same behind TLS, which ends here."""

    def __init__(self, address: tuple[str, int], certificate: str) -> None:
        super().__init__(address, Whoami)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, so that no client holds up another."""
        super().finish_request(self._tls.wrap_socket(request, server_side=True), client_address)


def main(address: str, port: str, tls_port: str = "0", certificate: str = "", *paths: str) -> None:
    """Serve until killed."""
    Whoami.paths = paths
    if certificate:
        threading.Thread(target=TlsServer((address, int(tls_port)), certificate).serve_forever, daemon=True).start()
    with Server((address, int(port)), Whoami) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
