"""Encrypted conversations whose keys are known, as capture files."""

from __future__ import annotations

import ssl
import subprocess
from contextlib import suppress
from pathlib import Path

from captures.build import ethernet, icmp_echo, ipv4, pcap, tcp, udp
from tests.deep.sealed import session

START = 1_700_000_000_000_000_000
CLIENT, SERVER = "192.168.10.200", "192.168.20.100"
REQUEST = b"GET /cart?id=7 HTTP/1.1\r\nHost: shop.example\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def _file(path: Path, frames: list[bytes]) -> Path:
    path.write_bytes(pcap([(START + at * 1_000_000, frame) for at, frame in enumerate(frames)]))
    return path


def tls_talk(folder: Path) -> tuple[Path, Path]:
    """Return a capture of a request over TLS 1.3 by OpenSSL, and the key log that it wrote (as SSLKEYLOGFILE does)."""
    certificate, key, log = folder / "cert.pem", folder / "key.pem", folder / "tls.keys"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=shop.example",
         "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=60)  # fmt: skip
    asking, answering = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    asking.load_verify_locations(certificate)
    asking.keylog_filename = str(log)
    answering.load_cert_chain(certificate, key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(to_client, to_server, server_hostname="shop.example")
    server = answering.wrap_bio(to_server, to_client, server_side=True)
    sent: list[tuple[bool, bytes]] = []

    def cross(wire: ssl.MemoryBIO, from_client: bool) -> None:
        if wire.pending:
            sent.append((from_client, wire.read()))
            wire.write(sent[-1][1])

    for end, wire in ((client, to_server), (server, to_client)) * 2:
        with suppress(ssl.SSLWantReadError):
            end.do_handshake()
        cross(wire, end is client)
    client.write(REQUEST)
    cross(to_server, True)
    assert server.read() == REQUEST
    to_client.read()  # the tickets behind the handshake crossed already
    server.write(ANSWER)
    sent.append((False, to_client.read()))
    return _file(folder / "tls.pcap", _segments(sent)), log


def _segments(sent: list[tuple[bool, bytes]]) -> list[bytes]:
    """Return what was sent as TCP with its handshake."""
    at = {True: 1_000, False: 5_000}

    def frame(from_client: bool, data: bytes, flags: int) -> bytes:
        ports = (40000, 443) if from_client else (443, 40000)
        ends = (CLIENT, SERVER) if from_client else (SERVER, CLIENT)
        segment = tcp(data, sport=ports[0], dport=ports[1], flags=flags, seq=at[from_client], ack=at[not from_client])
        at[from_client] += len(data) + (1 if flags & 2 else 0)
        return ethernet(ipv4(segment, src=ends[0], dst=ends[1], proto=6))

    opening = [frame(True, b"", 2), frame(False, b"", 0x12), frame(True, b"", 0x10)]
    return opening + [frame(from_client, data, 0x18) for from_client, data in sent]


def wireguard_talk(folder: Path) -> tuple[Path, Path]:
    """Return a capture of a handshake and a sealed ping, and the key log that opens it."""
    ping = ipv4(icmp_echo(b"hello", ident=1, seq=2), src="172.20.0.88", dst="172.20.2.33", proto=1)
    initiation, response, data, keys = session(ping)
    frames = [
        ethernet(ipv4(udp(message, sport=51871, dport=51871), src=ends[0], dst=ends[1], proto=17))
        for message, ends in ((initiation, (CLIENT, SERVER)), (response, (SERVER, CLIENT)), (data, (CLIENT, SERVER)))
    ]
    log = folder / "wg.keys"
    log.write_text(keys)
    return _file(folder / "wg.pcap", frames), log
