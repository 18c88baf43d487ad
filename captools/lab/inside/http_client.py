"""Make HTTP requests over one connection and say exactly what happened, as one line of JSON.

Started as ``http_client.py HOST PORT TIMEOUT_S PATH...``: one GET per PATH, all on the same connection.
It knows its own port even when nobody answers, which curl cannot tell.
"""

from __future__ import annotations

import errno
import http.client
import json
import select
import socket
import sys
import time
from typing import Any

KEPT_BYTES = 8192  # a bulk body is counted, not kept


def connect(host: str, port: int, timeout_s: float) -> tuple[socket.socket, str]:
    """Return a socket and why it is not connected ("" where it is).

    Non-blocking, because the local address must be known while the SYN is still unanswered.
    """
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.setblocking(False)
    code = connection.connect_ex((host, port))
    if code == errno.EINPROGRESS:
        if not select.select([], [connection], [], timeout_s)[1]:
            return connection, "timeout"
        code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    connection.settimeout(timeout_s)
    return connection, errno.errorcode.get(code, str(code)) if code else ""


def get(client: http.client.HTTPConnection, path: str) -> dict[str, Any]:
    """Make one request and return status, headers, body and times."""
    started_ns = time.time_ns()
    client.request("GET", path, headers={"User-Agent": "captools-lab", "Accept": "*/*"})
    answer = client.getresponse()
    body = answer.read()
    return {
        "method": "GET",
        "path": path,
        "status": answer.status,
        "headers": {name.lower(): value for name, value in answer.getheaders()},
        "body": body[:KEPT_BYTES].decode("utf-8", "replace"),
        "body_bytes": len(body),
        "started_ns": started_ns,
        "ended_ns": time.time_ns(),
    }


def run(host: str, port: int, timeout_s: float, paths: list[str]) -> dict[str, Any]:
    """Connect, make the requests, and return everything known about the connection."""
    started_ns = time.time_ns()
    connection, error = connect(host, port, timeout_s)
    src, sport = connection.getsockname()
    exchanges: list[dict[str, Any]] = []
    if not error:
        client = http.client.HTTPConnection(host, port, timeout=timeout_s)
        client.sock = connection
        try:
            exchanges.extend(get(client, path) for path in paths)
        except (OSError, http.client.HTTPException) as problem:
            error = str(problem) or type(problem).__name__
    connection.close()
    return {
        "src": src, "sport": sport, "dst": host, "dport": port, "error": error, "exchanges": exchanges,
        "started_ns": started_ns, "ended_ns": time.time_ns(),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])))
