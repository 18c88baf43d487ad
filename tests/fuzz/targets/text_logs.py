"""Any text is a table of packets, one row per packet line, or no log at all; nothing raises, nothing takes long."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator

import atheris

from captools.model.packets import HTTP, PACKETS
from captools.wire.text.read import read_text_log
from captools.wire.text.recognise import printed
from tests.fuzz.frames import pcaps
from tests.fuzz.growth import check_growth, chosen

MAX_LEN = 8_192
_GROWN = 1 << 16
_LINES = (
    "tcpdump: listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes",
    "02:57:08.004967 lxc3c6ca Out IP 172.20.0.88.43256 > 172.20.2.33.80: Flags [S], seq 1:9, ack 2, win 64860, options "
    "[mss 1410,sackOK,TS val 1 ecr 0,nop,wscale 7], length 8: HTTP: GET / HTTP/1.1",
    "02:57:08.005 eth1 In IP 192.168.10.100.56009 > 192.168.10.101.8472: OTV, flags [I] (0x08), overlay 0, instance 45966",
    "IP 10.0.0.1 > 10.0.0.2: ICMP 10.0.0.3 udp port 53 unreachable, length 36",
    "02:57:08.1 IP6 fe80::1 > ff02::1: ICMP6, neighbor solicitation, who has fe80::2, length 32",
    "2023-11-14 22:13:20.000001 02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Request who-has "
    "10.0.0.1 tell 10.0.0.2, length 28",
    "22:13:20 IP (tos 0x0, ttl 64, id 7, offset 0, flags [DF], proto UDP (17), length 60)",
    "    10.0.0.1.9 > 10.0.0.2.8472: VXLAN, flags [I] (0x08), vni 4711",
    "4 packets captured", "5 packets received by filter", "0 packets dropped by kernel", ".", "",
)  # fmt: skip
_BYLINE = """interface: any
filter: ((ip || ip6) || (vlan && (ip || ip6))) and ( tcp port 80 )
match: X-Forwarded-For
####
T 2023/11/14 22:13:20.000001 172.20.0.88:43256 -> 172.20.2.33:80 [AP] #4
GET /a HTTP/1.1.
Host: shop.
X-Forwarded-For: 192.0.2.7.
.

U 10.0.0.1:53 -> 10.0.0.2:5000 #5
  .........www
12 received, 2 matched
"""


def seeds() -> Iterator[bytes]:
    """Yield lines of every form, and what tcpdump (where it is here) prints of the captures the others begin with."""
    yield "\n".join(_LINES).encode()
    yield _BYLINE.encode()
    yield _BYLINE.replace("\n", "\r\n").encode()
    tcpdump = shutil.which("tcpdump") or shutil.which("tcpdump", path="/usr/sbin")
    if tcpdump is None:
        return
    for at, capture in enumerate(pcaps()):
        options = (("-nn",), ("-nne", "-tttt"), ("-nnvvv",), ("-nnA",), ("-nnXX", "-#"))[at % 5]
        done = subprocess.run([tcpdump, *options, "-r", "-"], input=capture, capture_output=True, check=False)
        yield done.stdout[:MAX_LEN]


def mutate(data: bytes, size: int, rng: random.Random) -> bytes:
    """Move, repeat, drop or cut lines and words, or change bytes."""
    if rng.random() < 0.4:
        return atheris.Mutate(data, size)
    mark = b"\n" if rng.random() < 0.5 else b" "
    parts = data.split(mark)
    for _ in range(rng.choice((1, 2, 4))):
        at, other = rng.randrange(len(parts)), rng.randrange(len(parts))
        way = rng.randrange(5)
        if way == 0:
            parts.insert(at, parts[other])
        elif way == 1 and len(parts) > 1:
            del parts[at]
        elif way == 2:
            parts[at] = parts[at][: rng.randint(0, len(parts[at]))]
        elif way == 3:
            parts[at] = rng.choice(_LINES).encode()
        else:
            parts[at], parts[other] = parts[other], parts[at]
    return mark.join(parts)[:size]


def check(data: bytes) -> None:
    """Read a log; now and then a long one made of it, which must not take longer than its length."""
    _check(data)
    if chosen(data):
        check_growth(lambda size: _check((data * (size // len(data) + 1))[:size]), _GROWN)


def _check(data: bytes) -> None:
    text = printed(data)
    log = read_text_log(text or data.decode("utf-8", "replace"), "log.txt", "router/any")
    log.packets.validate(full=True)
    log.http.validate(full=True)
    assert log.packets.schema == PACKETS and log.http.schema == HTTP
    assert bool(log.kind) == bool(text), "what the loader takes for a log is one, and nothing else"
    assert log.packets["frame"].to_pylist() == list(range(1, len(log.packets) + 1))
    assert len(log.lines) == len(log.packets) and list(log.lines) == sorted(log.lines)
    assert all(0 <= row < len(log.packets) for row in log.http["row"].to_pylist())
