"""Payload templates: what the segments of the synthetic conversations carry, and where each packet's own bytes go."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

SERVICES = tuple(
    f"{name}.{space}.svc.cluster.local"
    for name in ("cart", "orders", "payments", "catalog", "auth", "users", "search", "inventory", "shipping", "mail")
    for space in ("shop", "prod")
)
SEGMENT = 1_448  # bytes of TCP payload on Ethernet with timestamps
_OUTSIDE = ("api.example.com", "registry.example.org", "kubernetes.default.svc.cluster.local")
_REQUEST_ID, _CLIENT, _NUMBER = b"@" * 36, b"#" * 15, b"~" * 8
_AGENTS = (
    b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    b"curl/8.5.0",
    b"Go-http-client/1.1",
    b"python-requests/2.32.3",
)
_STATUS = (b"200 OK", b"404 Not Found", b"201 Created", b"503 Service Unavailable")


@dataclass(frozen=True, slots=True)
class Template:
    """Bytes of one payload. Offsets say where a packet's own values go; -1 where there are none.

    ``request_id``: 36 characters, ``client``: 15 (an IPv4 address), ``number``: 8 digits, ``sealed``: from there on
    the bytes are ciphertext and differ in every packet.
    """

    data: npt.NDArray[np.uint8]
    request_id: int = -1
    client: int = -1
    number: int = -1
    sealed: int = -1


@dataclass(slots=True)
class Templates:
    """All templates; the fields are indexes into ``all``."""

    all: list[Template] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    responses: list[list[int]] = field(default_factory=list)  # the segments of each
    client_hellos: list[int] = field(default_factory=list)
    server_hello: list[int] = field(default_factory=list)
    client_finished: int = 0
    records: list[int] = field(default_factory=list)  # TLS application data
    questions: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    ping: int = 0
    wireguard: list[int] = field(default_factory=list)
    initiation: int = 0
    response: int = 0

    def add(self, data: bytes, *, number: int = -1, sealed: int = -1) -> int:
        """Keep one payload, find its marks, return its index."""
        marks = data.find(_NUMBER)
        self.all.append(
            Template(
                np.frombuffer(data, np.uint8),
                request_id=data.find(_REQUEST_ID),
                client=data.find(_CLIENT),
                number=marks if marks >= 0 else number,
                sealed=sealed,
            )
        )
        return len(self.all) - 1

    def length(self, index: int) -> int:
        """Return the bytes of template ``index``; 0 for -1 (no payload)."""
        return len(self.all[index].data) if index >= 0 else 0


def make_templates(rng: np.random.Generator) -> Templates:
    """Draw the templates of a run."""
    made = Templates()
    _http(made, rng)
    _tls(made, rng)
    for at, name in enumerate((*SERVICES, *_OUTSIDE)):
        question, answer = _dns(name, at)
        made.questions.append(made.add(question))
        made.answers.append(made.add(answer))
    made.ping = made.add(bytes(range(8, 0, -1)) + bytes(range(16, 64)), number=0)
    made.wireguard = [made.add(rng.bytes(size - 16), sealed=0) for size in (32, 112, 144, 288, 560, 1_040, 1_452)]
    made.initiation, made.response = made.add(rng.bytes(148 - 8)), made.add(rng.bytes(92 - 12))
    return made


def _body(rng: np.random.Generator, size: int) -> bytes:
    item = b'{"id":"%016x","name":"widget","price":12.50,"tags":["a","b","c"],"stock":{"eu":4,"us":17},"note":"%s"},'
    note = b"a long text so that a body reads like what shops send to each other all day, in JSON"
    return b"".join(item % (int(rng.integers(1 << 62)), note) for _ in range(size // 150 + 2))[:size]


def _http(made: Templates, rng: np.random.Generator) -> None:
    for at in range(40):
        method = (b"GET", b"POST", b"PUT", b"DELETE")[int(rng.choice(4, p=(0.7, 0.2, 0.07, 0.03)))]
        host = SERVICES[at % len(SERVICES)].encode()
        body = b"" if method in (b"GET", b"DELETE") else _body(rng, int(rng.integers(60, 500)))
        head = [
            b"%s /api/v1/%s/%s HTTP/1.1" % (method, host.split(b".")[0], _NUMBER),
            b"Host: " + host,
            b"User-Agent: " + _AGENTS[at % 4],
            b"Accept: */*",
            (b"X-Forwarded-For: " if at % 3 else b"x-forwarded-for: ") + _CLIENT + (b", 10.0.3.17" if at % 2 else b""),
            b"X-Forwarded-Proto: https",
            (b"x-request-id: " if at % 2 else b"X-Request-Id: ") + _REQUEST_ID,
        ]
        if at % 4 == 0:
            head.append(b"Cookie: session=" + b"c0ffee" * int(rng.integers(4, 60)))
        if at % 5 == 0:
            head.append(b"Authorization: Bearer " + b"eyJhbGciOiJSUzI1NiJ9" * int(rng.integers(1, 20)))
        if body:
            head += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
        made.requests.append(made.add((b"\r\n".join(head) + b"\r\n\r\n" + body)[:SEGMENT]))
    fill = [made.add(_body(rng, SEGMENT), number=6) for _ in range(24)]
    for _ in range(60):
        size = int(min(60_000, rng.lognormal(7.0, 1.3))) + 20
        status = _STATUS[int(rng.choice(4, p=(0.85, 0.08, 0.05, 0.02)))]
        head = [
            b"HTTP/1.1 " + status, b"Date: Fri, 20 Nov 2026 09:00:00 GMT", b"Server: envoy",
            b"Content-Type: application/json", b"x-request-id: " + _REQUEST_ID, b"x-envoy-upstream-service-time: 12",
            b"Content-Length: %d" % size,
        ]  # fmt: skip
        start = b"\r\n".join(head) + b"\r\n\r\n"
        inside = min(size, SEGMENT - len(start))
        rest = size - inside
        segments = [made.add(start + _body(rng, inside))]
        segments += [fill[int(rng.integers(len(fill)))] for _ in range(rest // SEGMENT)]
        if rest % SEGMENT:
            segments.append(made.add(_body(rng, rest % SEGMENT), number=6 if rest % SEGMENT > 16 else -1))
        made.responses.append(segments)


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("!BHH", kind, 0x0303, len(body)) + body


def _extension(kind: int, body: bytes) -> bytes:
    return struct.pack("!HH", kind, len(body)) + body


def _handshake(kind: int, body: bytes) -> bytes:
    return struct.pack("!I", kind << 24 | len(body)) + body


def _tls(made: Templates, rng: np.random.Generator) -> None:
    """TLS 1.3 (RFC 8446): hellos in clear, everything later sealed."""
    for service in SERVICES:
        name = service.encode()
        extensions = b"".join(
            (
                _extension(0, struct.pack("!HBH", len(name) + 3, 0, len(name)) + name),  # server_name
                _extension(10, bytes.fromhex("0006001d00170018")),  # supported_groups
                _extension(11, b"\x01\x00"),  # ec_point_formats
                _extension(16, b"\x00\x0c\x02h2\x08http/1.1"),  # ALPN
                _extension(43, bytes.fromhex("0403040303")),  # supported_versions
                _extension(13, bytes.fromhex("0008040308040401080a")),  # signature_algorithms
                _extension(45, b"\x01\x01"),  # psk_key_exchange_modes
                _extension(51, bytes.fromhex("0024001d0020") + rng.bytes(32)),  # key_share
            )
        )
        hello = (
            b"\x03\x03" + rng.bytes(32) + b"\x20" + rng.bytes(32) + bytes.fromhex("0008130113021303c02f") + b"\x01\0"
        )
        hello += struct.pack("!H", len(extensions)) + extensions
        made.client_hellos.append(made.add(_record(22, _handshake(1, hello)), number=15))
    share = _extension(43, b"\x03\x04") + _extension(51, bytes.fromhex("001d0020") + rng.bytes(32))
    hello = b"\x03\x03" + rng.bytes(32) + b"\x20" + rng.bytes(32) + b"\x13\x01\x00" + struct.pack("!H", len(share))
    flight = _record(22, _handshake(2, hello + share)) + _record(20, b"\x01")
    clear = len(flight) + 5
    flight += _record(23, rng.bytes(2_895))
    made.server_hello = [
        made.add(flight[:SEGMENT], sealed=clear),
        made.add(flight[SEGMENT : 2 * SEGMENT], sealed=0),
        made.add(flight[2 * SEGMENT :], sealed=0),
    ]
    made.client_finished = made.add(_record(20, b"\x01") + _record(23, rng.bytes(53)), number=20)
    made.records = [made.add(_record(23, rng.bytes(size - 5)), sealed=5) for size in (64, 180, 420, 900, SEGMENT)]


def _dns(name: str, at: int) -> tuple[bytes, bytes]:
    """A question for an A record and its answer (RFC 1035), with EDNS (RFC 6891); the ids are set per packet."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    asked, edns = labels + b"\0\1\0\1", b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
    answer = b"\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4" + bytes((10, 96, at, 10))
    question = struct.pack("!6H", 0, 0x0100, 1, 0, 0, 1) + asked + edns
    return question, struct.pack("!6H", 0, 0x8180, 1, 1, 0, 1) + asked + answer + edns
