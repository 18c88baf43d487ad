"""Ten frames, one of each kind that filters tell apart, and three HTTP heads."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from captools.model.packets import DNS, HTTP, PACKETS, TLS
from captools.views.filter import Tables, compile_filter
from captools.views.filter.rows import Rows
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.index import read_records
from captures.build import (
    arp,
    ethernet,
    icmp_echo,
    icmp_error,
    ipv4,
    ipv6,
    pcap,
    sll2,
    tcp,
    udp,
    vxlan,
    wireguard_data,
)

START = 1_700_000_000_000_000_000  # 2023-11-14T22:13:20Z
CLIENT, SERVER, POD = "192.168.10.200", "192.168.20.100", "172.20.0.88"
MSS = bytes((2, 4, 1460 >> 8, 1460 & 0xFF))

_SYN = ipv4(tcp(sport=40000, dport=80, flags=2, seq=10, options=MSS), src=CLIENT, dst=SERVER, proto=6)
_INNER = ethernet(
    ipv4(tcp(sport=80, dport=40000, flags=0x12), src="172.20.2.33", dst=POD, proto=6, ttl=63),
    src="0a:81:c7:84:a6:87",
    dst="0a:58:07:43:25:b5",
)
_GET = tcp(b"GET / HTTP/1.1\r\n\r\n", sport=40000, dport=80, flags=0x18)
ETHERNET = [
    ethernet(_SYN),  # 1
    ethernet(ipv4(udp(vxlan(_INNER, vni=45966), sport=50000, dport=8472), src=SERVER, dst=CLIENT, proto=17)),  # 2
    ethernet(arp(op=1, sender=CLIENT, target=SERVER), kind=0x0806, dst="ff:ff:ff:ff:ff:ff"),  # 3
    ethernet(ipv4(icmp_error(_SYN, mtu=1280), src="10.0.0.1", dst=CLIENT, proto=1)),  # 4: quotes frame 1
    ethernet(ipv4(_GET, src=CLIENT, dst=SERVER, proto=6)),  # 5
    ethernet(ipv6(udp(sport=5353, dport=5353), src="fe80::1", dst="ff02::fb", proto=17), kind=0x86DD, vlans=(7,)),  # 6
    ethernet(ipv4(udp(wireguard_data(receiver=9, counter=3, sealed=32), sport=51871, dport=51871),
                  src=CLIENT, dst=SERVER, proto=17)),  # 7
    ethernet(ipv4(icmp_echo(ident=7, seq=2), src=CLIENT, dst=CLIENT, proto=1, ttl=1)),  # 8
    ethernet(ipv4(tcp(b"HTTP/1.1 404", sport=80, dport=40000), src=SERVER, dst=CLIENT, proto=6, total=52)),  # 9
]  # fmt: skip
COOKED = [sll2(_SYN, ifindex=5, packet_type=4)]  # 10: frame 1 of another file


def _table(source: str, point: str, frames: list[bytes], linktype: int) -> pa.Table:
    # A tenth of a second between them, and a millisecond for each one more.
    data = pcap([(START + at * 100_000_000, frame) for at, frame in enumerate(frames)], linktype=linktype)
    records = read_records(data, source)
    return decode(BytesView(data), records, Naming(source=source, points=(point,)))


@pytest.fixture(scope="session")
def packets() -> pa.Table:
    tables = [_table("a.pcap", "k8s-w1/eth1", ETHERNET, 1), _table("b.pcap", "router/any", COOKED, 276)]
    return pa.concat_tables([PACKETS.empty_table(), *tables]).unify_dictionaries()


@pytest.fixture(scope="session")
def http() -> pa.Table:
    """Frame 5 holds two requests, frame 9 a response."""
    lines = [("host", "shop.example"), ("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "10.9.9.9")]
    heads = [
        {"row": 4, "kind": "request", "method": "GET", "path": "/Cart?id=1", "order": 0, "headers": lines, "host": "shop.example",
         "request_id": "abc"},
        {"row": 4, "kind": "request", "method": "POST", "path": "/pay", "order": 1, "headers": [("host", "b.example")]},
        {"row": 8, "kind": "response", "status": 404, "order": 0, "headers": [("server", "envoy")]},
    ]  # fmt: skip
    return pa.Table.from_pylist([{"frame": one["row"] + 1, **one} for one in heads], schema=HTTP)


@pytest.fixture(scope="session")
def http2(http: pa.Table) -> pa.Table:
    """The same heads, those of frame 5 in HTTP/2."""
    return http.set_column(http.column_names.index("stream"), "stream", pa.array([1, 3, None], pa.uint32()))


@pytest.fixture(scope="session")
def tls() -> pa.Table:
    """Frame 5 holds a ClientHello of TLS 1.3, frame 9 a ServerHello of TLS 1.2."""
    hellos = [
        {"row": 4, "kind": "client_hello", "sni": "shop.example", "alpn": ["h2", "http/1.1"], "random": bytes(range(32)),
         "version": 0x0304, "session_id_len": 32},
        {"row": 8, "kind": "server_hello", "random": bytes(32), "version": 0x0303, "cipher": 0xC02F, "session_id_len": 0},
    ]  # fmt: skip
    return pa.Table.from_pylist([{"frame": one["row"] + 1, **one} for one in hellos], schema=TLS)


@pytest.fixture(scope="session")
def dns() -> pa.Table:
    """Frame 6 (port 5353) asks, frame 7 answers twice, as over TCP."""
    messages = [
        {"row": 5, "id": 0, "response": False, "opcode": 0, "rcode": 0, "qname": "printer.local", "qtype": 28,
         "answers": []},
        {"row": 6, "id": 7, "response": True, "opcode": 0, "rcode": 3, "qname": ".", "qtype": 2, "answers": []},
        {"row": 6, "id": 8, "response": True, "opcode": 0, "rcode": 0, "qname": "www.example", "qtype": 1,
         "answers": ["web:1.example", "10.1.2.3", "10.1.2.4", "fd00::1", "10.1.2.3"]},
    ]  # fmt: skip
    return pa.Table.from_pylist([{"frame": one["row"] + 1, **one} for one in messages], schema=DNS)


@pytest.fixture(scope="session")
def tables(packets: pa.Table, http: pa.Table, tls: pa.Table, dns: pa.Table) -> Tables:
    return Tables(packets=packets, http=http, tls=tls, dns=dns)


@pytest.fixture
def rows(tables: Tables) -> Rows:
    return Rows(tables)


@pytest.fixture
def passing(tables: Tables) -> Callable[[str], list[int]]:
    """Return the numbers, from 1, of the rows that a filter lets pass."""

    def call(text: str) -> list[int]:
        mask = compile_filter(text).mask(tables)
        return [at for at, yes in enumerate(mask.to_pylist(), 1) if yes]

    return call
