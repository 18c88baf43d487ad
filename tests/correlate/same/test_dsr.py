"""Direct server return, seen at the backend's node alone: the option ties the answers to the packets they answer."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

import pytest

from captures.build import ethernet, geneve, ipv4, udp
from tests.correlate.same.wires import ACK, SECOND, START, SYN, Segment, groups_of, read

CLIENT, VIP, BACKEND = "192.168.10.200", "192.168.10.211", "172.20.2.33"


def carried(segment: Segment, *, called: str = VIP, port: int = 80) -> bytes:
    """The segment in Geneve from the entry node, with the address that the client called in Cilium's option."""
    option = struct.pack("!HBB4sHH", 0x014B, 0x81, 2, IPv4Address(called).packed, port, 0)
    inner = geneve(ethernet(segment.packet()), vni=2, options=option)
    return ethernet(ipv4(udp(inner, sport=9, dport=6081), src="192.168.10.100", dst="192.168.20.100", proto=17))


def at_the_backend(*, called: str = VIP, port: int = 80, again: bool = False) -> list[list[tuple[str, int, int]]]:
    there = Segment(CLIENT, 5000, BACKEND, 9080, flags=SYN)
    back = Segment(VIP, 80, CLIENT, 5000, seq=9, flags=SYN | ACK, ident=0)
    frames = [(START, carried(there, called=called, port=port)), back.at(9)]
    if again:
        frames += [back.but(seq=77, tsval=9).at(SECOND)]
    return [
        [(one.flow.dst, len(one.forward), len(one.reply)) for one in group]
        for group in groups_of(read({"w0/eth1": frames}))
    ]


def test_the_answers_belong_to_the_packets_that_the_backend_got_and_the_service_is_what_was_called():
    assert at_the_backend() == [[(VIP, 0, 1), (BACKEND, 1, 0)]]


@pytest.mark.parametrize("other", [{"called": "192.168.10.212"}, {"port": 8080}])
def test_another_service_s_answers_do_not(other):
    assert at_the_backend(**other) == [[(BACKEND, 1, 0)], [(VIP, 0, 1)]]


def test_where_the_client_used_its_port_again_nothing_is_said():
    assert sorted(len(group) for group in at_the_backend(again=True)) == [1, 1, 1]
