"""The PROXY header before the first request."""

from __future__ import annotations

from captools.wire.proxy_protocol import SIGNATURE, prefix_length


def test_version_1_ends_with_its_line():
    line = b"PROXY TCP4 192.0.2.1 192.0.2.2 4000 80\r\n"
    assert prefix_length(line + b"GET / HTTP/1.1\r\n") == len(line)


def test_version_2_says_its_length():
    header = SIGNATURE + b"\x21\x11\x00\x0c" + bytes(12)
    assert prefix_length(header + b"GET ") == len(header)


def test_what_only_begins_alike_has_no_prefix():
    assert prefix_length(b"PROXY " + b"x" * 200 + b"\r\n") == prefix_length(b"GET /") == prefix_length(SIGNATURE) == 0
