"""A name server for the lab's pods: A records of a few names, NXDOMAIN for all else (RFC 1035).

Started as ``dns_server.py ADDRESS PORT NAME=ADDRESS...``; serves over UDP until killed.
"""

from __future__ import annotations

import socket
import struct
import sys

NXDOMAIN, A, IN = 3, 1, 1
_TTL_S = 30
_ANSWER = 0x8580  # a response, authoritative, recursion desired and available
_QUESTION_NAME = 0xC00C  # a pointer to the name in the question


def question(query: bytes) -> tuple[str, bytes]:
    """Return the name that a query asks for, and its question as it stands there."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii"))
        at += 1 + query[at]
    return ".".join(labels), query[12 : at + 5]


def answer(query: bytes, known: dict[str, str]) -> bytes:
    """Return the answer to a query for one name."""
    name, asked = question(query)
    address = known.get(name.lower())
    flags = _ANSWER if address else _ANSWER | NXDOMAIN
    head = query[:2] + struct.pack("!HHHHH", flags, 1, int(address is not None), 0, 0)
    if address is None:
        return head + asked
    return head + asked + struct.pack("!HHHIH", _QUESTION_NAME, A, IN, _TTL_S, 4) + socket.inet_aton(address)


def main(address: str, port: int, known: dict[str, str]) -> None:
    """Serve until killed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, port))
        while True:
            query, client = server.recvfrom(512)
            server.sendto(answer(query, known), client)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), dict(word.split("=", 1) for word in sys.argv[3:]))
