"""Our display filters pass the very frames that tshark's pass, on every reference capture and many real ones.

Each known disagreement is listed with its reason; everything else is a defect of ours.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from captools.pipeline import open_session
from captools.views.filter import Tables, compile_filter
from captures import case
from tests.agreement.telling import HOP_BY_HOP, telling
from tests.agreement.tshark_filters import both
from tests.conftest import SHARED

FILTERS = r"""
frame
eth
ip
ipv6
tcp
udp
arp
icmp
icmpv6
vxlan
geneve
wg
sctp
not ip
tcp and udp
tcp && udp || icmp
arp or tcp and icmp
(arp or tcp) and !icmp
not tcp or udp
! ! tcp
ip.addr == 172.20.0.88
ip.src == 172.20.0.88
ip.dst eq 172.20.2.33
ip.src != 172.20.0.88
!(ip.src == 172.20.0.88)
ip.addr != 172.20.0.0/16
ip.addr == 172.20.0.0/16
ip.addr == 192.168.0.0/16 and not vxlan
ip.addr > 172.20.0.0/16
ip.addr <= 172.20.0.0/16
any ip.src == 10.0.0.0/8
all ip.src == 192.168.0.0/16
all ip.addr == 172.20.0.0/16
any ip.addr != 172.20.0.88
ip.src === 192.168.10.100
ip.src !== 192.168.10.100
ip.addr in {172.20.0.0/16, 10.0.0.1}
ip.addr in {172.20.0.1..172.20.1.255}
ip.addr not in {172.20.0.0/16}
all ip.addr in {172.20.0.0/16, 192.168.0.0/16}
ip.src#1 == 192.168.0.0/16
ip.src#2
ip.src#2 == 172.20.0.0/16
ip.src#[-1] == 172.20.0.0/16
ip.dst#[1-2] == 172.20.0.0/16
ip#2
eth.src#2
ip.src == ip.dst
ip.src === ip.src
ip.src != ip.dst
ipv6.addr == fe80::/10
ipv6.dst == ff02::/16
ipv6.src
ip.ttl < 64
ip.ttl in {1, 62..63}
ip.ttl#1 == 63
all ip.ttl > 60
ip.proto == 17
ip.proto == TCP
ip.id == 0
ip.version == 4
tcp.port == 80
tcp.srcport == 0x50
tcp.dstport in {80, 443, 8000..8100}
tcp.port != 80
tcp.port >= 32768
not tcp.port in {80}
tcp.srcport > tcp.dstport
udp.port == 8472
udp.srcport in {1024..65535}
udp.dstport == 53
udp.port == 53 || udp.port == 5353
tcp.flags.syn == 1
tcp.flags.syn == 1 and tcp.flags.ack == 0
tcp.flags.syn == tcp.flags.ack
tcp.flags.fin == True
tcp.flags.reset == 1
tcp.flags.push
tcp.flags == 0x018
tcp.flags & 0x02
tcp.flags & 0x12 == 0x10
tcp.len > 0
tcp.window_size_value < 1000
tcp.seq_raw > 2147483648
tcp.ack_raw == 0
tcp.options.mss_val >= 1400
tcp.options.wscale.shift == 7
tcp.options.timestamp.tsval
frame.number in {1..3, 7}
frame.number == 2
frame.len > 100
frame.len >= 66 && frame.len <= 98
frame.cap_len < 60
frame.time_epoch > 1600000000.5
frame.time_relative < 0.25
frame.time_delta < 0.001
frame.len > ip.len
eth.src[0:3] == 08:00:27
eth.addr[0:3] == 0a-99-3c
eth.src[0] == 0a
eth.dst[0-1] == 33:33
eth.src[-1] > 80
eth.src[1:] contains 3c:92
eth.dst == ff:ff:ff:ff:ff:ff
eth.dst == ffff.ffff.ffff
eth.addr contains ff:ff
eth.dst[0] & 1
eth.type == 0x0806
eth.type == IPv4
eth.type in {0x800..0x806}
ip.src[0:2] == ac:14
arp.opcode == 1
arp.opcode == reply
arp.src.proto_ipv4 == 192.168.0.0/16
arp.dst.proto_ipv4
arp.src.hw_mac[0] == 0a
icmp.type == 8
icmp.type == 8 || icmp.type == 0
icmp.code > 0
icmp.seq in {1..3}
icmp.mtu
icmpv6.type == 135
icmpv6.echo.identifier
vxlan.vni == 45966
vxlan.vni in {45966, 62886}
vxlan.vni > 100 and ip.addr == 172.20.0.88
geneve.vni
geneve.vni >= 10
wg.type == 4
wg.type in {1, 2}
wg.counter >= 10
wg.receiver
wg.sender
http.request
http.response
http.request.method == "GET"
http.request.method == GET
http.request.method in {"POST", "PUT"}
http.request.method matches "^g"
http.request.method != "GET"
http.request.method[0:2] == "GE"
lower(http.request.method) == "get"
http.request.uri contains "/"
http.request.uri matches r"\.(png|gif|ico)$"
len(http.request.uri) > 10
http.host
http.host contains "."
http.host matches "WWW"
http.user_agent contains "curl"
http.x_forwarded_for
http.x_forwarded_for contains "1"
http.response.code == 200
http.response.code >= 400
http.response.code in {200..299, 404}
count(ip) == 2
count(ip.src) > 1
count(tcp.port) == 2
tcp.srcport == tcp.dstport + 1
tcp.dstport + 0 == 80
tcp.srcport - tcp.dstport < 0
tcp.srcport - tcp.dstport > 40000
abs(tcp.srcport - tcp.dstport) > 40000
tcp.srcport > 4 * {tcp.dstport + 3}
tcp.port % 2 == 0
tcp.len * 2 > 100
tcp.len / 3 == 33
udp.srcport - 8 >= 50000
tcp.port & 1 == 1
ip.ttl bitwise_and 1
ip.src & 255.255.0.0 == 172.20.0.0
ip.src & 0.0.0.1
eth.dst & 01:00:00:00:00:00
max(ip.ttl) == 64
min(ip.ttl) < 60
max(tcp.srcport, tcp.dstport) > 50000
string(frame.number) matches "[13579]$"
string(ip.src) contains "168"
string(ip.addr) matches "^172"
string(eth.src) matches "^0a"
string(tcp.dstport) contains "80"
string(ip.src)[0:3] == "172"
len(eth.src) == 6
len(ip.src) == 4
len(ipv6.src) == 16
frame.time_relative - frame.time_delta > 0.5
count(ip.addr) + 1 > 3
frame.len == '~'
tcp.dstport == 8 * 10
vlan.id == 100
vlan
gre
esp
esp.spi
esp.sequence > 1
ah
mpls
mpls.label
mpls.label > 100
vxlan.gbp == 0
icmpv6.nd.ns.target_address
icmpv6.nd.na.target_address
icmpv6.opt.linkaddr
ip.proto == 50
"""
TEXTS = [line for line in FILTERS.splitlines() if line]

# Part of a filter -> part of a file's name -> why the two differ; "" for every file.
KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        "all ip.addr in {",
        "",
        "tshark 4.0 asks whether one member of the set equals all addresses; we ask if all are in it",
    ),
    ("frame.len > ip.len", "", "the table holds the length of the innermost header only"),
    ("vlan", "ndpi-vxlan.pcap", "the table holds the tags of the innermost frame"),
    ("vlan.id", "packetnet-802.1ad_vlan_ipv4.pcap", "the table holds the first of two tags"),
    ("ip.ttl", "cmpPackets.pcap", "of a quoted packet the table holds addresses and ports"),
    ("ip.ttl", "practical-icmp_traceroute.pcapng", "the same"),
    ("ip.ttl", "l2-announcement-arp-http.cap", "the same"),
    ("icmp.", "cmpPackets.pcap", "the same"),
    ("icmp.", "practical-icmp_traceroute.pcapng", "the same"),
    ("tcp.len", "zeek-fragmented-3.pcap", "tshark takes no length from a first fragment"),
    ("arp", "zeek-linux_dlt_sll2.pcap", "ARP on an interface that is no Ethernet"),
    ("http", "gateway-api-https-22ifaces-dsb.pcapng", "tshark decrypts it with the keys in the file"),
    ("http", "arkime-http-wrapped-header.pcap", "a header line over two lines ends httptools' reading"),
)
# The same of reference cases: which words of a filter, in which case.
QUOTED = {"mtu-icmp": ("ip.ttl", "tcp.", "http."), "s14b-policy-reject": ("ip.ttl", "tcp.")}
# Whole files that the packet table does not open.
NOT_OPENED = {
    "tcpdump-icmp-rfc5837.pcap": "link type PPP",
    "tcpdump-nflog.pcap": "link type NFLOG",
    "zeek-nflog-http.pcap": "link type NFLOG",
}

MAX_BYTES = 3_000_000
REAL = (
    "vxlan",
    "geneve",
    "wireguard",
    "http",
    "tcp",
    "icmp",
    "arp-ndp",
    "fragments",
    "linktypes",
    "vlan-mpls",
    "cilium",
)


def reference_captures() -> list[Path]:
    return telling()


def real_captures() -> list[Path]:
    root = SHARED / "captures-real"
    found = [path for name in REAL for path in sorted((root / name).rglob("*")) if root.is_dir()]
    captures = [path for path in found if ".pcap" in path.name or path.suffix == ".cap"]
    return [path for path in captures if path.name not in NOT_OPENED and path.stat().st_size <= MAX_BYTES]


def known(text: str, path: Path) -> set[tuple[str, str, str]]:
    return {one for one in KNOWN if one[0] in text and one[1] in path.name}


def differences(path: Path, folder: Path, seen: set[tuple[str, str, str]] | None = None) -> list[str]:
    """Say for which filters the frames are not the same; known reasons are left out, and put into ``seen``."""
    found = []
    for text, mine, theirs in both(path, TEXTS, folder):
        reasons = known(text, path) if mine != theirs else set()
        if seen is not None:
            seen |= reasons
        if mine != theirs and not reasons:
            more, less = sorted(mine - theirs), sorted(theirs - mine)
            found.append(f"{path.name}: `{text}` passes {more[:5]} too many, {less[:5]} too few")
    return found


@pytest.mark.parametrize("path", reference_captures(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_our_filters_pass_what_tsharks_pass_on_reference_captures(path: Path, tmp_path: Path) -> None:
    quoted = QUOTED.get(path.parent.name, ())
    assert [one for one in differences(path, tmp_path) if not any(word in one for word in quoted)] == []


@pytest.mark.slow
def test_our_filters_pass_what_tsharks_pass_on_real_captures(shared: Path, tmp_path: Path) -> None:
    paths = real_captures()
    assert len(paths) > 100
    seen: set[tuple[str, str, str]] = set()
    problems = [problem for path in paths for problem in differences(path, tmp_path, seen)]
    assert not problems, "\n".join(problems[:40])
    of_files = {one for one in KNOWN if one[1]}
    assert of_files <= seen, f"these agree by now: {of_files - seen}"


def test_every_filter_of_the_list_passes_some_frame_and_not_all_of_the_reference_captures() -> None:
    """A filter that never tells frames apart would agree by chance."""
    analysis = open_session([case(name).folder for name in HOP_BY_HOP]).analysis
    passed = {text: compile_filter(text).mask(Tables.of(analysis)).true_count for text in TEXTS}
    alike = [text for text, count in passed.items() if count in (0, analysis.packets.num_rows)]
    assert len(TEXTS) - len(alike) > 100, alike
