"""Send ICMP echo requests and say exactly what was sent and answered, as one line of JSON.

Started as ``ping.py ADDRESS ID COUNT INTERVAL_S [SOURCE]``; COUNT 0 pings until SIGTERM or SIGINT. Unlike ping(8)
it takes the ICMP identifier as given, so that the truth of a case names it.
"""

from __future__ import annotations

import json
import select
import signal
import socket
import struct
import sys
import time
from typing import Any

ECHO_REQUEST, ECHO_REPLY = 8, 0  # RFC 792
ECHO_REQUEST_6, ECHO_REPLY_6 = 128, 129  # RFC 4443, section 4
PAYLOAD = bytes(range(0x10, 0x10 + 48))
ANSWER_WAIT_S = 1.0


def checksum(data: bytes) -> int:
    """Return the Internet checksum of ``data`` (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def echo_request(identifier: int, sequence: int, kind: int = ECHO_REQUEST) -> bytes:
    """Return one echo request of 64 bytes, its payload starting with the time as ping(8) sends it.

    In ICMPv6 the kernel fills in the checksum, which covers addresses too.
    """
    payload = struct.pack("<qq", *divmod(time.time_ns() // 1000, 1_000_000))[:16] + PAYLOAD[8:]
    head = struct.pack("!BBHHH", kind, 0, 0, identifier, sequence)
    return struct.pack("!BBHHH", kind, 0, checksum(head + payload), identifier, sequence) + payload


class Pinger:
    """One run of echo requests towards one address."""

    def __init__(self, address: str, identifier: int, source: str) -> None:
        self.six = ":" in address
        family, proto = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if self.six else (socket.AF_INET, socket.IPPROTO_ICMP)
        self.socket = socket.socket(family, socket.SOCK_RAW, proto)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((address, 0))
        self.address = address
        self.identifier = identifier
        self.sent: list[int] = []
        self.answered: list[int] = []
        self.stopped = False

    def send(self, sequence: int) -> None:
        """Send one request; a route that refuses it still counts as sent, as ping(8) does."""
        self.sent.append(sequence)
        try:
            self.socket.send(echo_request(self.identifier, sequence, ECHO_REQUEST_6 if self.six else ECHO_REQUEST))
        except OSError as error:
            print(f"{self.address}: {error}", file=sys.stderr)

    def listen(self, until: float, *, all_answered: bool) -> None:
        """Collect answers until a monotonic time, or earlier once everything sent is answered."""
        while not self.stopped and not (all_answered and len(self.answered) == len(self.sent)):
            left = until - time.monotonic()
            if left <= 0:
                return
            if select.select([self.socket], [], [], min(left, 0.1))[0]:
                self.read(self.socket.recv(65_535))

    def read(self, packet: bytes) -> None:
        """Note one packet if it is an answer to us."""
        message = packet if self.six else packet[(packet[0] & 0x0F) * 4 :]  # IPv6 sockets leave the header out
        kind, _, _, identifier, sequence = struct.unpack_from("!BBHHH", message)
        if (
            kind == (ECHO_REPLY_6 if self.six else ECHO_REPLY)
            and identifier == self.identifier
            and sequence not in self.answered
        ):
            self.answered.append(sequence)

    def run(self, count: int, interval_s: float) -> dict[str, Any]:
        """Ping and return what happened."""
        started_ns = time.time_ns()
        due = time.monotonic()
        sequence = 0
        while not self.stopped and (count == 0 or sequence < count):
            sequence += 1
            self.send(sequence & 0xFFFF)
            due += interval_s
            last = sequence == count
            self.listen(time.monotonic() + ANSWER_WAIT_S if last else due, all_answered=last)
        return {
            "src": self.socket.getsockname()[0],
            "dst": self.address,
            "icmp_id": self.identifier,
            "sent": len(self.sent),
            "answered": len(self.answered),
            "started_ns": started_ns,
            "ended_ns": time.time_ns(),
        }


def main(address: str, identifier: int, count: int, interval_s: float, source: str = "") -> None:
    """Ping, then print the JSON line."""
    pinger = Pinger(address, identifier, source)

    def stop(*_: object) -> None:
        pinger.stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(json.dumps(pinger.run(count, interval_s)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), *sys.argv[5:6])
