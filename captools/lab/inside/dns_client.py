"""Ask a name server for the address of a name, and say exactly what happened, as one line of JSON.

Started as ``dns_client.py SERVER PORT NAME TIMEOUT_S ID``. Asks once: a resolver that repeats itself would hide a loss.
"""

from __future__ import annotations

import errno
import json
import socket
import struct
import sys
import time
from typing import Any

A, IN = 1, 1
_QUERY = 0x0100  # recursion desired


def query(name: str, number: int) -> bytes:
    """Return a query for the A record of a name (RFC 1035, section 4.1)."""
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    return struct.pack("!HHHHHH", number, _QUERY, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", A, IN)


def ask(host: str, port: int, name: str, timeout_s: float, number: int) -> dict[str, Any]:
    """Ask, and return the address that the answer ends with ("" where there is none) beside everything else known."""
    started_ns, error, address = time.time_ns(), "", ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((host, port))
        client.settimeout(timeout_s)
        client.send(query(name, number))
        try:
            said = client.recv(512)
            if struct.unpack_from("!H", said, 6)[0]:
                address = socket.inet_ntoa(said[-4:])
        except TimeoutError:
            error = "timeout"
        except OSError as problem:
            error = errno.errorcode.get(problem.errno or 0, str(problem))
        src, sport = client.getsockname()
    return {
        "src": src, "sport": sport, "dst": host, "dport": port, "name": name, "address": address, "error": error,
        "started_ns": started_ns, "ended_ns": time.time_ns(),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(ask(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4]), int(sys.argv[5]))))
