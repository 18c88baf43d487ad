from __future__ import annotations

import json
import socket
import subprocess
import threading

from captools.lab.netns import python


def answering(reply: bytes) -> int:
    """Serve one connection on loopback with a fixed reply; return the port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with server, server.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()
    port: int = server.getsockname()[1]
    return port


def run(port: int, *paths: str) -> dict:
    argv = python("http_client", "127.0.0.1", str(port), "2", *paths)
    return json.loads(subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20).stdout)


def test_status_headers_and_body_are_reported():
    port = answering(b"HTTP/1.1 404 Not Found\r\nX-A: b\r\nContent-Length: 3\r\n\r\nno\n")
    result = run(port, "/missing")
    assert result["error"] == ""
    (exchange,) = result["exchanges"]
    assert (exchange["status"], exchange["headers"]["x-a"], exchange["body"]) == (404, "b", "no\n")
    assert result["started_ns"] <= exchange["started_ns"] <= exchange["ended_ns"] <= result["ended_ns"]


def test_a_server_that_hangs_up_midway_leaves_the_finished_requests():
    port = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
    result = run(port, "/first", "/second")
    assert [one["path"] for one in result["exchanges"]] == ["/first"]
    assert result["error"]


def test_a_reply_that_is_no_http_is_an_error_not_a_crash():
    result = run(answering(b"220 mail.example ESMTP\r\n"), "/")
    assert result["exchanges"] == []
    assert "220 mail.example" in result["error"]


def test_a_pause_stands_between_two_requests():
    answers = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    result = run(answering(answers), "--pause", "0.2", "/first", "/second")
    assert result["ended_ns"] - result["exchanges"][0]["ended_ns"] >= 200_000_000
