"""Our filters on payloads pass the very frames that tshark's pass: HTTP/1 and HTTP/2 heads, TLS hellos, DNS messages.

tshark reads each segment for itself here, as our tables give a head to the segment in which it begins. Each known
disagreement is listed with its reason; everything else is a defect of ours.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from captools.wire.index import is_capture
from tests.agreement.telling import telling
from tests.agreement.test_heads import HTTP2_PORTS
from tests.agreement.tshark_filters import both
from tests.conftest import SHARED

FILTERS = r"""
tls
http.request
http.request.full_uri
http.request.full_uri contains "http://"
http.request.uri.path contains "/"
http.request.uri.query
http.request.version == "HTTP/1.1"
http.response.version == "HTTP/1.0"
http.content_length > 100
http.content_length_header
http.connection matches "keep"
http.server
http.set_cookie
http.cookie
http.content_type contains "text"
http.accept
http.accept_encoding
http.cache_control
http.transfer_encoding
http.upgrade
http.date
http.last_modified
http2.headers.method
http2.headers.method == "GET"
http2.headers.path contains "/"
http2.headers.authority
http2.headers.status == 200
http2.headers.user_agent
http2.headers.content_type
http2.headers.content_length
http2.headers.method and http2.streamid == 1
tls.handshake.type == 1
tls.handshake.type == 2
tls.handshake.type in {1, 2}
tls.handshake.extensions_server_name
tls.handshake.extensions_server_name contains "."
tls.handshake.extensions_server_name matches "^www"
tls.handshake.extensions_alpn_str
tls.handshake.extensions_alpn_str == "h2"
tls.handshake.version == 0x0303
tls.handshake.extensions.supported_version == 0x0304
tls.handshake.session_id_length == 32
tls.handshake.random[0] > 80
tls.handshake.type == 2 && tls.handshake.ciphersuite > 0xc000
dns
mdns
dns.id == 0
dns.id > 30000
dns.flags.response == 1
dns.flags.response == 0
dns.flags.rcode == 0
dns.flags.rcode == 3
dns.flags.rcode
dns.flags.opcode == 0
dns.qry.name
dns.qry.name contains "."
dns.qry.name matches "cluster"
dns.qry.type == 1
dns.qry.type in {28, 33}
dns.a
dns.a == 10.0.0.0/8
dns.aaaa
dns.cname
len(dns.qry.name) > 20
count(dns.a) > 1
"""
TEXTS = [line for line in FILTERS.splitlines() if line]
FOLDERS = ("dns", "tls", "http", "http2", "k8s", "cilium", "tcp")
MAX_BYTES = 3_000_000
# Payloads on other ports than tshark expects are told to it, as a person would tell it.
TOLD = [word for name in ("http", "http2", "tls") for word in ("--enable-heuristic", f"{name}_tcp")]
TOLD += [word for port in HTTP2_PORTS for word in ("-d", f"tcp.port=={port},http2")]

_SECTIONS = "tshark gives the addresses of the authority and additional sections too, we those of the answers"
# What a filter is like -> a file's name ("" for every file) -> why the two differ.
KNOWN: tuple[tuple[str, str, str], ...] = (
    ("tls", "", "tshark knows the conversation: it passes segments in the middle of a record, and no retransmissions"),
    (r".*dns\.a.*", "arkime-dns-punycode.pcap", _SECTIONS),
    (r".*dns\.a.*", "deepflow-a-and-ns.pcap", _SECTIONS),
    (r".*dns\.a.*", "dns-naptr-srv-a.cap", _SECTIONS),
    (r".*dns\.a.*", "tcpdump-dns_tcp.pcap", _SECTIONS),
    (r".*dns\.a.*", "tcpdump-dns_udp.pcap", _SECTIONS),
    (r".*dns\.a.*", "tcpdump-dnssec.pcap", _SECTIONS),
    (r".*dns\.a.*", "zeek-long-connection.pcap", _SECTIONS),
    (r".*dns\.a.*", "arkime-v6-http.pcap", _SECTIONS),
    (
        "dns.*",
        "practical-dns_axfr.pcapng",
        "a message whose length stands in a segment of its own (RFC 7766, section 8)",
    ),
    (
        r"tls\..*",
        "arkime-tls13.pcap",
        "a ServerHello of draft 18, which had another form (RFC 8446, 4.1.3 replaced it)",
    ),
    (r"tls\..*", "ja4-tls-sni.pcapng", "QUIC carries hellos in packets that tshark decrypts (RFC 9001, section 5.2)"),
    (r"tls\..*", "zeek-hrr.pcap", "a ServerHello that came out of order: tshark reads it with reassembly only"),
    (r"http\..*", "arkime-http-wrapped-header.pcap", "a head over several segments, with a header line over two lines"),
    (r"http\.cookie", "pcpp-PartialHttpRequest.pcap", "a head that ends within the line: we keep whole lines"),
    (r"http2\..*", "arkime-http2-nghttp2.pcap", "tshark does not join a HEADERS frame over 13 segments"),
    (r"http2\..*", "http2-loopback.pcap", "joined in its middle: no preface says that it is HTTP/2"),
    (r"http\..*", "coredns-forward-any-sll2.cap", "a capture of any: an interface is a point, tshark sees repetitions"),
    ("dns.*", "coredns-forward-any-sll2.cap", "tshark follows a DNS conversation to port 45775"),
    (r"http\..*", "gateway-api-https-22ifaces-dsb.pcapng", "tshark decrypts it with the keys in the file"),
    ("dns.*", "l2-announcement-arp-http.cap", "questions quoted in ICMP errors"),
)
# What ICMP errors quote, in reference cases: we read no payload there, and tshark takes it for a part of the connection.
QUOTED = {"mtu-icmp": ("http.",), "s14b-policy-reject": ("dns",)}


def captures() -> list[Path]:
    root = SHARED / "captures-real"
    found = [path for name in FOLDERS if root.is_dir() for path in sorted((root / name).rglob("*")) if path.is_file()]
    return [path for path in found if path.stat().st_size <= MAX_BYTES and is_capture(path.open("rb").read(4))]


def reasons(text: str, path: Path) -> set[tuple[str, str, str]]:
    return {one for one in KNOWN if re.fullmatch(one[0], text) and one[1] in ("", path.name)}


@pytest.mark.parametrize(
    "path", telling(), ids=lambda path: f"{path.parent.name}/{path.name}",
)  # fmt: skip
def test_the_same_frames_pass_on_reference_captures(path: Path, tmp_path: Path) -> None:
    for text, mine, theirs in both(path, TEXTS, tmp_path, TOLD):
        quoted = text.startswith(QUOTED.get(path.parent.name, ()))
        assert mine == theirs or quoted or reasons(text, path), (text, mine ^ theirs)


@pytest.mark.slow
def test_the_same_frames_pass_on_real_captures(shared: Path, tmp_path: Path) -> None:
    paths = captures()
    assert len(paths) > 60
    seen: set[tuple[str, str, str]] = set()
    passed: Counter[str] = Counter()
    problems = []
    for path in paths:
        for text, mine, theirs in both(path, TEXTS, tmp_path, TOLD):
            passed[text] += len(mine)
            if mine != theirs and not reasons(text, path):
                more, less = sorted(mine - theirs), sorted(theirs - mine)
                problems.append(f"{path.name}: `{text}` passes {more[:5]} too many, {less[:5]} too few")
            elif mine != theirs:
                seen |= reasons(text, path)
    assert not problems, "\n".join(problems[:40])
    assert seen == set(KNOWN), f"these agree by now: {set(KNOWN) - seen}"
    assert [text for text in TEXTS if not passed[text]] == []
