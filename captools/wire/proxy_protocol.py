"""The PROXY protocol: what a load balancer writes before the first byte of a connection (HAProxy, proxy-protocol.txt).

Version 1 is one line of text (section 2.1), version 2 a binary block that says its own length (section 2.2).
"""

from __future__ import annotations

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
PROXY_LINES = (b"PROXY TCP", b"PROXY UNKNOWN")
_MAX_LINE = 107  # version 1, with its CRLF


def prefix_length(data: bytes) -> int:
    """Return the length of the PROXY header that ``data`` begins with; 0 where there is none."""
    if data.startswith(b"PROXY "):
        return data.find(b"\r\n", 0, _MAX_LINE) + 2 if b"\r\n" in data[:_MAX_LINE] else 0
    if data.startswith(SIGNATURE) and len(data) >= 16:
        return 16 + int.from_bytes(data[14:16], "big")
    return 0
