"""Which of the two an event is, and which packet is the first."""

from __future__ import annotations

import pytest

from captools.collect.live.event import Event, Kind, understand, watch
from captools.collect.live.sinks import LivePoint
from captools.model.errors import UsageError
from captools.model.points import Point
from captures.build import ethernet, ipv4, pcap, tcp, udp

START = 1_700_000_000_000_000_000
POINT = LivePoint(key=0, point=Point("k8s-w1", "eth1"))


@pytest.mark.parametrize(
    ("text", "kind", "expression"),
    [
        ("tcp.flags.reset == 1", Kind.FILTER, "tcp.flags.reset == 1"),
        ("dns", Kind.FILTER, "dns"),
        (r"HTTP/1\.1 5\d\d", Kind.REGEX, r"HTTP/1\.1 5\d\d"),
        ("RST", Kind.REGEX, "RST"),
        ("re:dns", Kind.REGEX, "dns"),
        ("regex:a==b", Kind.REGEX, "a==b"),
        ("filter:http", Kind.FILTER, "http"),
    ],
)
def test_a_display_filter_that_compiles_is_one_and_a_prefix_decides(text, kind, expression):
    assert understand(text) == Event(kind, expression)


@pytest.mark.parametrize(
    ("text", "on_node", "says"),
    [
        ("", False, "nothing to look for"),
        ("re:", False, "nothing to look for"),
        ("tcp.flags.rst == 1", False, "or write 're:…' if these are bytes"),
        ("filter:RST", False, "display filter, column 1"),
        ("re:(", False, "is no regular expression"),
        (r"(a)\1 x", False, "is no regular expression"),  # in linear time there are no references back
        ("re:(", True, "is no regular expression"),
        ("dns", True, "which knows bytes only; write --until 're:PATTERN', or stay attached"),
    ],
)
def test_what_cannot_be_looked_for_is_one_sentence_with_the_way_out(text, on_node, says):
    with pytest.raises(UsageError) as error:
        understand(text, on_node=on_node)
    assert says in str(error.value)


def test_a_node_looks_for_bytes_with_its_own_kind_of_pattern():
    assert understand(r"(a)\1 x", on_node=True) == Event(Kind.REGEX, r"(a)\1 x")


def segment(payload: bytes, flags: int = 0x18) -> bytes:
    return ethernet(ipv4(tcp(payload, sport=80, dport=4000, flags=flags), src="10.0.0.1", dst="10.0.0.2", proto=6))


FRAMES = [
    (START, segment(b"HTTP/1.1 200 OK\r\n\r\n")),
    (START + 1, ethernet(ipv4(udp(b"\xff" * 9, sport=1, dport=2), src="10.0.0.3", dst="10.0.0.2", proto=17))),
    (START + 2, segment(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")),
    (START + 3, segment(b"", flags=0x04)),
]


@pytest.mark.parametrize("piece", [1, 7, 100, 10_000])
@pytest.mark.parametrize(
    ("text", "frame"),
    [
        (r"re:HTTP/1\.1 5\d\d", 3),
        (r"re:OK\r\n\r\n$", 1),  # the end is that of a packet
        (r"re:^\x02", 1),
        ("re:\\xff{9}", 2),
        ("filter:http.response.code == 503", 3),
        ("filter:tcp.flags.reset == 1", 4),
        ("filter:ip.src == 10.0.0.3", 2),
        ("re:OK.*503", None),  # over two packets
        ("filter:dns", None),
    ],
)
def test_the_first_packet_in_whatever_pieces_it_comes(text, frame, piece):
    data, looks = pcap(FRAMES), watch(understand(text), POINT)
    found = [looks.first(data[at : at + piece]) for at in range(0, len(data), piece)]
    hits = [one for one in found if one is not None]
    assert hits[:1] == ([(frame, START + frame - 1)] if frame else [])


def test_a_pattern_that_would_take_for_ever_elsewhere_does_not_here():
    looks = watch(understand(r"re:(a+)+$"), POINT)
    assert looks.first(pcap([(START, b"a" * 60_000 + b"b")])) is None


@pytest.mark.parametrize("text", ["re:x", "filter:tcp"])
def test_a_point_that_gives_garbage_is_no_event(text):
    looks = watch(understand(text), POINT)
    assert looks.first(b"Last login: xxx yesterday, and so on") is None and looks.first(b"x" * 99) is None
