"""The fields of payloads, by Wireshark's names: heads of HTTP/1 and HTTP/2, TLS hellos, DNS messages.

They stand in tables of their own, at the packet in which their head, hello or message begins (Wireshark gives what
spans several segments to the last of them).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from captools.views.filter.kinds import Kind
from captools.views.filter.registry import Field

PROTOCOLS = {
    "http": "a head of HTTP/1.x begins in this packet",
    "http2": "a head of HTTP/2 in clear begins in this packet",
    "dns": "a DNS message begins in this packet",
    "mdns": "a multicast DNS message (port 5353) is in this packet",
}
# Wireshark's field names of header lines, HTTP/1 and HTTP/2.
_LINES = """
accept accept_encoding accept_language authorization cache_control connection content_encoding content_type cookie
date host last_modified location proxy_authenticate proxy_authorization referer sec_websocket_accept
sec_websocket_extensions sec_websocket_key sec_websocket_protocol sec_websocket_version server set_cookie
transfer_encoding upgrade user_agent www_authenticate x_forwarded_for
"""
_LINES_2 = """
accept accept_charset accept_encoding accept_language accept_ranges access_control_allow_origin allow authorization
cache_control content_disposition content_encoding content_language content_location content_range content_type cookie
date etag expect expires from if_match if_modified_since if_none_match if_range if_unmodified_since last_modified link
location proxy_authenticate proxy_authorization range referer refresh retry_after server set_cookie
strict_transport_security user_agent vary via www_authenticate
"""
_FIRST_QUESTION = "of the first question"


def payload_fields() -> Iterator[Field]:
    """Yield every field that is answered from the tables of payloads."""
    for name, text in PROTOCOLS.items():
        table = {"http2": "http", "mdns": "dns"}.get(name, name)
        yield Field(name=name, kind=Kind.LAYER, description=text, protocol=name, table=table, column="+there")
    yield from _http()
    yield from _http2()
    yield from _tls()
    yield from _dns()
    yield from _own()


def _http() -> Iterator[Field]:
    yield _one("http.request", Kind.FLAG, "a request's head", "+request")
    yield _one("http.response", Kind.FLAG, "a response's head", "+response")
    yield _one("http.request.method", Kind.TEXT, "GET, POST …", "method")
    yield _one("http.request.uri", Kind.TEXT, "path and query", "path")
    yield _one("http.request.uri.path", Kind.TEXT, "what stands before the ? (of a target that has one)", "+uri_path")
    yield _one("http.request.uri.query", Kind.TEXT, "what stands behind the ?", "+uri_query")
    yield _one("http.request.full_uri", Kind.TEXT, "http://HOST/PATH?QUERY", "+full_uri")
    yield _one("http.request.version", Kind.TEXT, "HTTP/1.1 …", "+request_version")
    yield _one("http.response.version", Kind.TEXT, "HTTP/1.1 …", "+response_version")
    yield _one("http.response.code", Kind.NUMBER, "status", "status", bits=16)
    yield _one("http.content_length", Kind.NUMBER, "announced length of the body", "content_length", bits=63)
    for word in _LINES.split():
        yield _line("http", f"http.{word}", word)
    yield _line("http", "http.content_length_header", "content_length")


def _http2() -> Iterator[Field]:
    yield _one("http2.streamid", Kind.NUMBER, "stream of a head (other frames are not in the table)", "stream", bits=32)
    yield _one("http2.headers.method", Kind.TEXT, ":method", "method")
    yield _one("http2.headers.path", Kind.TEXT, ":path", "path")
    yield _one("http2.headers.authority", Kind.TEXT, ":authority, else the line Host", "host")
    yield _one("http2.headers.status", Kind.NUMBER, ":status", "status", bits=16)
    yield _one("http2.headers.content_length", Kind.NUMBER, "content-length", "content_length", bits=63)
    for word in _LINES_2.split():
        yield _line("http2", f"http2.headers.{word}", word)


def _tls() -> Iterator[Field]:
    hello = "tls.handshake"
    yield _one(f"{hello}.type", Kind.NUMBER, "1 ClientHello, 2 ServerHello (others are not in the table)", "+hello", bits=8,
               words={"Client Hello": 1, "Server Hello": 2}, known={1: "1 (ClientHello)", 2: "2 (ServerHello)"})  # fmt: skip
    yield _one(f"{hello}.version", Kind.NUMBER, "version in the hello's old place: 0x0303 for 1.2 and 1.3",
               "+legacy_version", bits=16)  # fmt: skip
    yield _one(f"{hello}.extensions.supported_version", Kind.NUMBER, "TLS 1.3 offered or chosen (older ones are not kept)",
               "+supported_version", bits=16, known={0x0304: "0x0304 (TLS 1.3)"})  # fmt: skip
    yield _one(f"{hello}.random", Kind.BYTES, "32 bytes that the hello's sender drew", "random")
    yield _one(f"{hello}.session_id_length", Kind.NUMBER, "bytes of the session ID", "session_id_len", bits=16)
    yield _one(f"{hello}.ciphersuite", Kind.NUMBER, "suite that the server chose (offered ones are not kept)", "cipher",
               bits=16)  # fmt: skip
    yield _one(f"{hello}.extensions_server_name", Kind.TEXT, "SNI: the host that the client asks for", "sni")
    yield _one(f"{hello}.extensions_alpn_str", Kind.TEXT, "ALPN: application protocols, h2 or http/1.1 …", "alpn")


def _dns() -> Iterator[Field]:
    yield _one("dns.id", Kind.NUMBER, "transaction id", "id", bits=16)
    yield _one("dns.flags.response", Kind.FLAG, "an answer, not a question", "response")
    yield _one("dns.flags.opcode", Kind.NUMBER, "0 query", "opcode", bits=16)
    words = {
        "No error": 0,
        "Format error": 1,
        "Server failure": 2,
        "No such name": 3,
        "Not implemented": 4,
        "Refused": 5,
    }
    yield _one("dns.flags.rcode", Kind.NUMBER, "0 no error, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED", "+rcode", bits=16,
               words=words)  # fmt: skip
    yield _one("dns.qry.name", Kind.TEXT, f"name {_FIRST_QUESTION}", "+qname")
    yield _one("dns.qry.type", Kind.NUMBER, f"type {_FIRST_QUESTION}: 1 A, 28 AAAA, 33 SRV …", "qtype", bits=16)
    yield _one("dns.a", Kind.IPV4, "IPv4 address in the answers", "+a")
    yield _one("dns.aaaa", Kind.IPV6, "IPv6 address in the answers", "+aaaa")
    yield _one("dns.cname", Kind.TEXT, "name in the answers that another name stands for (CNAME, DNAME)", "+cname")


def _own() -> Iterator[Field]:
    """Yield ``captools.COLUMN`` of the tables of payloads: both versions of HTTP by one name."""
    rows = (
        ("http", "method", Kind.TEXT, "method of an HTTP request, any version"),
        ("http", "path", Kind.TEXT, "path and query of an HTTP request, any version"),
        ("http", "host", Kind.TEXT, "host that an HTTP request asks for, any version"),
        ("http", "status", Kind.NUMBER, "status of an HTTP response, any version"),
        ("http", "xff", Kind.TEXT, "each address in X-Forwarded-For, any version"),
        ("http", "request_id", Kind.TEXT, "header line X-Request-Id, any version"),
        ("tls", "sni", Kind.TEXT, "SNI of a TLS ClientHello"),
        ("tls", "alpn", Kind.TEXT, "ALPN of a TLS hello"),
        ("dns", "qname", Kind.TEXT, "name that a DNS message asks for"),
        ("dns", "answers", Kind.TEXT, "addresses and names that a DNS message answers"),
    )
    for table, column, kind, text in rows:
        yield Field(name=f"captools.{column}", kind=kind, description=text, protocol="captools", table=table,
                    column=column, most=2**16 - 1 if kind is Kind.NUMBER else 0)  # fmt: skip
    yield Field(name="captools.tls_version", kind=Kind.NUMBER, protocol="captools", table="tls", column="version",
                description="highest TLS version offered, or the one chosen: 0x0304 is 1.3", most=2**16 - 1)  # fmt: skip


def _one(
    name: str, kind: Kind, description: str, column: str, *, bits: int = 0, words: Mapping[str, int] | None = None,
    known: Mapping[int, str] | None = None,
) -> Field:  # fmt: skip
    protocol = name.partition(".")[0]
    return Field(name=name, kind=kind, description=description, protocol=protocol,
                 table="http" if protocol == "http2" else protocol, column=column, most=2**bits - 1 if bits else 0,
                 words=words or {}, known=known or {})  # fmt: skip


def _line(protocol: str, name: str, word: str) -> Field:
    header = word.replace("_", "-")
    shown = header.title() if protocol == "http" else header
    return Field(name=name, kind=Kind.TEXT, description=f"header line {shown}", protocol=protocol, table="http",
                 header=header)  # fmt: skip
