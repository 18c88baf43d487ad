"""Payload heads and tshark: what HTTP, TLS and DNS say is the same in every real and reference capture.

tshark gives a head that spans segments to the last of them, we to the first: so the values are compared per TCP
stream, each as often as it was seen. Known disagreements are listed with their reasons.
"""

from __future__ import annotations

import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from captools.store.files import read_file
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.dns import dns_messages
from captools.wire.http import http_heads
from captools.wire.index import is_capture, read_records
from captools.wire.tls import tls_hellos
from tests.agreement.telling import telling
from tests.conftest import SHARED

FOLDERS = ("http", "http2", "tls", "dns", "k8s", "cilium", "large", "tcp")
MAX_BYTES = 30_000_000
MANY = "\x1f"  # between several values of one field

Row = dict[str, Any]
Values = Callable[[Row], list[str]]


def one_of(name: str) -> Values:
    return lambda row: [] if row[name] is None else [str(row[name])]


def version_1(name: str) -> Values:
    return lambda row: one_of(name)(row) if row["version"] != "2" else []


def version_2(name: str) -> Values:
    return lambda row: one_of(name)(row) if row["version"] == "2" else []


# tshark field -> (our table, our values of it)
FIELDS: dict[str, tuple[str, Values]] = {
    "http.request.method": ("http", version_1("method")),
    "http.request.uri": ("http", version_1("path")),
    "http.host": ("http", lambda row: version_1("host")(row) if row["kind"] == "request" else []),
    "http.x_forwarded_for": ("http", lambda row: [",".join(row["xff"])] if row["xff"] and row["version"] != "2" else []),
    "http.response.code": ("http", version_1("status")),
    "http2.headers.method": ("http", version_2("method")),
    "http2.headers.path": ("http", version_2("path")),
    "http2.headers.authority": ("http", version_2("host")),
    "http2.headers.status": ("http", version_2("status")),
    "tls.handshake.random": ("tls", lambda row: [row["random"].hex()] if row["random"] else []),
    "tls.handshake.extensions_server_name": ("tls", one_of("sni")),
    "tls.handshake.extensions_alpn_str": ("tls", lambda row: list(row["alpn"] or [])),
    "tls.handshake.ciphersuite": ("tls", lambda row: [f"0x{row['cipher']:04x}"] if row["cipher"] is not None else []),
    "dns.id": ("dns", lambda row: [f"0x{row['id']:04x}"]),
    "dns.flags.response": ("dns", lambda row: [str(int(row["response"]))]),
    "dns.qry.name": ("dns", lambda row: [name.replace(".", "<Root>") if name == "." else name for name in one_of("qname")(row)]),
    "dns.qry.type": ("dns", one_of("qtype")),
    "dns.a": ("dns", lambda row: [one for one in row["answers"] if one.count(".") == 3 and one.replace(".", "").isdigit()]),
    "dns.aaaa": ("dns", lambda row: [one for one in row["answers"] if ":" in one]),
}  # fmt: skip
# tshark also gives what a client offered, and the addresses of the sections we step over.
AMONG = ("tls.handshake.ciphersuite", "dns.a", "dns.aaaa")


# HTTP/2 on ports that tshark does not try: it is told, as a person would tell it.
HTTP2_PORTS = (50051, 29518, 3000, 38888)

# What a frame holds beyond the words of these protocols is not compared: quoted packets, decrypted payload (the
# capture carries its keys), and QUIC and LLMNR, which have fields of the same names.
OTHERS = {"icmp", "icmpv6", "quic", "llmnr"}
DECRYPTED = ("http.", "http2.")

# File -> why the two readers differ, and the fields in which they do.
# The same for a whole reference case.
OF_CASES = {"bulk-vxlan": ("the snap length cuts the bodies: tshark waits for them; the heads are whole", ("http.",))}
KNOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "arkime-v6-http.pcap": ("we keep the first of several questions", ("dns.qry.",)),
    "deepflow-client-ip.pcap": ("tshark waits for bodies that are cut short; the heads are whole", ("http.",)),
    "pcpp-PartialHttpRequest.pcap": ("tshark waits for the end of a head that never comes; we give its first lines",
                                     ("http.",)),
    "zeek-bro.org.pcap": ("one body lacks a segment: tshark reads no answer behind it, we step over it", ("http.response",)),
    "arkime-http2-nghttp2.pcap": ("tshark does not join a HEADERS frame over 13 segments; it shows a PUSH_PROMISE, which "
                                  "is no request of a client", ("http2.headers.path",)),
    "coredns-forward-any-sll2.cap": ("a capture of any: each interface is a point of its own, tshark sees repetitions; "
                                     "and it follows a DNS conversation to port 45775", ("http.", "dns.")),
    "http2-loopback.pcap": ("joined in its middle: no preface says that it is HTTP/2, and its paths stand in a table that "
                            "nobody saw", ("http2.headers.",)),
    "arkime-tls13.pcap": ("a ServerHello of draft 18, which had another form (RFC 8446, 4.1.3 replaced it)",
                          ("tls.handshake.random",)),
}  # fmt: skip


def captures() -> list[Path]:
    """Return the reference captures and, where they are, the real ones of FOLDERS."""
    found = telling()
    root = SHARED / "captures-real"
    for folder in FOLDERS if root.is_dir() else ():
        for path in (root / folder).rglob("*"):
            if path.is_file() and path.stat().st_size <= MAX_BYTES and is_capture(path.open("rb").read(4)):
                found.append(path)
    return sorted(found)


def tshark(path: Path) -> list[dict[str, list[str]]]:
    """Return for each frame: field -> its values; ``tcp.stream`` and ``udp.stream`` beside FIELDS."""
    argv = ["tshark", "-n", "-2", "-r", str(path), "-T", "fields", "-E", "separator=/t", "-E", f"aggregator={MANY}",
            "-d", "udp.port==8472,vxlan", "-o", "tcp.reassemble_out_of_order:TRUE",
            "--enable-heuristic", "http_tcp", "--enable-heuristic", "http2_tcp",
            "--enable-heuristic", "tls_tcp"]  # fmt: skip
    for port in HTTP2_PORTS:
        argv += ["-d", f"tcp.port=={port},http2"]
    names = ["tcp.stream", "frame.protocols", *FIELDS]
    for name in names:
        argv += ["-e", name]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    return [
        {name: value.split(MANY) if value else [] for name, value in zip(names, line.split("\t"), strict=True)}
        for line in done.stdout.split("\n")[:-1]
    ]


def ours(path: Path) -> dict[str, list[Row]]:
    data = read_file(path)
    data = data[0] if isinstance(data, tuple) else data
    records, view = read_records(data, path.name), BytesView(data)
    packets = decode(view, records, Naming(source="t", points=tuple("n/e" for _ in records.interfaces)))
    readers = {"http": http_heads, "tls": tls_hellos, "dns": dns_messages}
    return {name: reader(view, records, packets).to_pylist() for name, reader in readers.items()}


def differences(path: Path) -> Iterator[str]:
    mine, theirs = ours(path), tshark(path)
    stream_of = {number: (frame["tcp.stream"] or [f"frame {number}"])[-1] for number, frame in enumerate(theirs, 1)}
    for name, (table, values) in FIELDS.items():
        here: dict[str, Counter[str]] = defaultdict(Counter)
        there: dict[str, Counter[str]] = defaultdict(Counter)
        for row in mine[table]:
            here[stream_of[row["frame"]]].update(values(row))
        for number, frame in enumerate(theirs, 1):
            protocols = set("".join(frame["frame.protocols"]).split(":"))
            if not protocols & OTHERS and not ("tls" in protocols and name.startswith(DECRYPTED)):
                # We keep the addresses apart; on the wire a space may stand behind the comma, or none.
                lists = name == "http.x_forwarded_for"
                there[stream_of[number]].update(value.replace(", ", ",") if lists else value for value in frame[name])
        for stream in sorted({*here, *there}):
            more, less = here[stream] - there[stream], there[stream] - here[stream]
            if more or (less and name not in AMONG):
                yield f"stream {stream}: {name}: only we say {dict(more)}, only tshark says {dict(less)}"


def surprises(path: Path) -> list[str]:
    """Return the differences of one file that KNOWN does not explain."""
    fields = KNOWN.get(path.name, ("", ()))[1] if is_real(path) else OF_CASES.get(path.parent.name, ("", ()))[1]
    return [one for one in differences(path) if not any(f": {field}" in one for field in fields)]


def is_real(path: Path) -> bool:
    return SHARED in path.parents


@pytest.mark.slow
def test_tshark_and_we_agree_on_the_heads_of_every_real_capture(shared: Path) -> None:
    paths = [path for path in captures() if is_real(path)]
    problems = [f"{path.name}: {one}" for path in paths for one in surprises(path)]
    assert len(paths) > 90
    assert not problems, "\n".join(problems[:40])


@pytest.mark.slow
def test_every_known_difference_is_still_there(shared: Path) -> None:
    """A difference that was fixed must leave the list."""
    known = {path.name: path for path in captures() if path.name in KNOWN}
    assert set(known) == set(KNOWN)
    for name, path in known.items():
        assert [one for one in differences(path) if any(f": {field}" in one for field in KNOWN[name][1])], name
    for name in OF_CASES:
        assert any(list(differences(path)) for path in captures() if path.parent.name == name and not is_real(path)), (
            name
        )


@pytest.mark.parametrize(
    "path", [path for path in captures() if not is_real(path)], ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_tshark_and_we_agree_on_the_heads_of_every_reference_capture(path: Path) -> None:
    assert surprises(path) == []
