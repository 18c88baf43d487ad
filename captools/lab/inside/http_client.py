"""Make HTTP requests over one connection and say exactly what happened, as one line of JSON.

Started as ``http_client.py HOST PORT TIMEOUT_S [--sni NAME] [--pause SECONDS] [--header NAME:VALUE]... PATH...``: one
GET per PATH, all on the same connection, with a pause between them; ``--sni`` speaks TLS, and trusts anybody.
It knows its own port even when nobody answers, which curl cannot tell.
"""

from __future__ import annotations

import errno
import http.client
import json
import select
import socket
import ssl
import sys
import time
from collections.abc import Mapping
from typing import Any

KEPT_BYTES = 8192  # a bulk body is counted, not kept


def connect(host: str, port: int, timeout_s: float) -> tuple[socket.socket, str]:
    """Return a socket and why it is not connected ("" where it is).

    Non-blocking, because the local address must be known while the SYN is still unanswered.
    """
    connection = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    connection.setblocking(False)
    code = connection.connect_ex((host, port))
    if code == errno.EINPROGRESS:
        if not select.select([], [connection], [], timeout_s)[1]:
            return connection, "timeout"
        code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    connection.settimeout(timeout_s)
    return connection, errno.errorcode.get(code, str(code)) if code else ""


def get(client: http.client.HTTPConnection, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Make one request and return status, headers, body and times."""
    started_ns = time.time_ns()
    client.request("GET", path, headers={"User-Agent": "captools-lab", "Accept": "*/*", **headers})
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


def over_tls(connection: socket.socket, name: str) -> socket.socket:
    """Return the connection with TLS on it; the certificate is not looked at."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    tls.set_alpn_protocols(["http/1.1"])
    return tls.wrap_socket(connection, server_hostname=name)


def run(
    host: str,
    port: int,
    timeout_s: float,
    paths: list[str],
    headers: Mapping[str, str],
    sni: str = "",
    pause_s: float = 0,
) -> dict[str, Any]:
    """Connect, make the requests, and return everything known about the connection."""
    started_ns = time.time_ns()
    connection, error = connect(host, port, timeout_s)
    src, sport = connection.getsockname()[:2]
    dst, dport = (
        (host, port) if error else connection.getpeername()[:2]
    )  # a socket's load balancer may have chosen another
    exchanges: list[dict[str, Any]] = []
    if not error:
        client = http.client.HTTPConnection(host, port, timeout=timeout_s)
        try:
            client.sock = connection = over_tls(connection, sni) if sni else connection
            for number, path in enumerate(paths):
                time.sleep(pause_s if number else 0)
                exchanges.append(get(client, path, headers))
        except (OSError, http.client.HTTPException) as problem:
            error = str(problem) or type(problem).__name__
    connection.close()
    return {
        "src": src, "sport": sport, "dst": dst, "dport": dport, "error": error, "exchanges": exchanges,
        "started_ns": started_ns, "ended_ns": time.time_ns(), "sni": sni,
    }  # fmt: skip


def main(host: str, port: str, timeout_s: str, *words: str) -> None:
    """Read the arguments, run, and print."""
    rest, sni, pause_s = list(words), "", 0.0
    headers: dict[str, str] = {}
    while rest and rest[0].startswith("--"):
        option, value = rest.pop(0), rest.pop(0)
        if option == "--sni":
            sni = value
            headers.setdefault("Host", value)
        elif option == "--pause":
            pause_s = float(value)
        else:
            name, _, text = value.partition(":")
            headers[name] = text.strip()
    print(json.dumps(run(host, int(port), float(timeout_s), rest, headers, sni, pause_s)))


if __name__ == "__main__":
    main(*sys.argv[1:])
