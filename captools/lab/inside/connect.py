"""ssh's ProxyCommand: connect through one device and hand the socket to ssh (``ProxyUseFdpass yes``), then end.

Started in the uplink namespace as ``connect.py DEVICE ADDRESS PORT``. All machines have the same address there,
so the device says which one is meant. No data passes through this process.
"""

from __future__ import annotations

import socket
import sys


def main(device: str, address: str, port: int) -> None:
    """Connect and pass the connected socket over stdout; OSError where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        connection.settimeout(5.0)
        connection.connect((address, port))
        # A time limit makes the descriptor non-blocking; ssh gets a plain one.
        connection.settimeout(None)
        with socket.socket(fileno=1) as ssh:
            socket.send_fds(ssh, [b"\0"], [connection.fileno()])


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    except OSError as error:
        sys.exit(f"cannot reach {sys.argv[2]} port {sys.argv[3]} through {sys.argv[1]}: {error}")
