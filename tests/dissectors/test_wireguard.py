"""WireGuard by its bytes: every message type, hostile look-alikes, and agreement with tshark on real captures."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.wireguard import (
    Wireguard,
    WireguardCookieReply,
    WireguardInitiation,
    WireguardResponse,
    WireguardTransport,
)
from scapy.layers.inet import IP, UDP
from scapy.utils import PcapReader

import dissectors
from captures import build
from dissectors import wireguard
from dissectors.wireguard import is_wireguard, messages


@pytest.fixture(autouse=True)
def bound() -> None:
    dissectors.bind_all()


def datagram(payload: bytes, *, sport: int = 51871, dport: int = 51871) -> IP:
    udp = build.udp(payload, sport=sport, dport=dport)
    return IP(build.ipv4(udp, src="192.168.10.100", dst="192.168.10.101", proto=17))


def initiation(sender: int) -> bytes:
    return struct.pack("<II", 1, sender) + b"\x11" * 140


@pytest.mark.parametrize("port", [51871, 51820, 40_000])
@given(sender=st.integers(0, 0xFFFFFFFF), receiver=st.integers(0, 0xFFFFFFFF), counter=st.integers(0, 2**64 - 1))
def test_every_message_type_is_read_on_any_port(port: int, sender: int, receiver: int, counter: int) -> None:
    first = datagram(initiation(sender), sport=port, dport=port)[WireguardInitiation]
    assert (first.sender_index, first.mac1) == (sender, b"\x11" * 16)
    second = datagram(struct.pack("<III", 2, sender, receiver) + b"\x22" * 80, sport=port, dport=port)[
        WireguardResponse
    ]
    assert (second.sender_index, second.receiver_index) == (sender, receiver)
    third = datagram(struct.pack("<II", 3, receiver) + b"\x33" * 56, sport=port, dport=port)[WireguardCookieReply]
    assert third.receiver_index == receiver
    data = build.wireguard_data(receiver=receiver, counter=counter, sealed=112)
    fourth = datagram(data, sport=port, dport=port)[WireguardTransport]
    assert (fourth.receiver_index, fourth.counter) == (receiver, counter)
    assert bytes(fourth.underlayer) == data


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"\x04", b"\x04\x00\x00", b"\x04\x00\x00\x00" + b"x" * 20, b"\x00\x00\x00\x00" + b"x" * 28,
        b"\x05\x00\x00\x00" + b"x" * 144, b"\x01\x00\x00\x00" + b"x" * 143, b"\x04\x01\x00\x00" + b"x" * 28,
        b"\x04\x00\x00\x00" + b"x" * 37,
        struct.pack("!HHHHHH", 0x1A2B, 0x0100, 1, 0, 0, 0) + b"\x07example\x03com\x00\x00\x01\x00\x01",
    ],
)  # fmt: skip
def test_what_only_uses_wireguards_port_is_not_taken_for_it(payload: bytes) -> None:
    assert not is_wireguard(payload)
    assert Wireguard not in datagram(payload)
    assert Wireguard not in datagram(payload, sport=51820, dport=51820)


def test_dns_from_port_51871_stays_what_scapy_knows_by_its_port() -> None:
    from scapy.layers.dns import DNS

    query = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x07example\x03com\x00\x00\x01\x00\x01"
    packet = datagram(query, sport=51871, dport=53)
    assert DNS in packet
    assert Wireguard not in packet


def test_a_keepalive_and_a_full_size_message_are_legal() -> None:
    assert is_wireguard(build.wireguard_data(receiver=1, counter=0, sealed=16))
    # 1420 bytes of plaintext reach the usual MTU of wg0, so they are not padded to 16.
    assert is_wireguard(build.wireguard_data(receiver=1, counter=0, sealed=1436))


def test_a_message_cut_by_the_snap_length_is_judged_by_its_length_on_the_wire() -> None:
    assert is_wireguard(initiation(7)[:60], size=148)
    assert not is_wireguard(initiation(7)[:60])
    whole = bytes(datagram(initiation(7)))
    assert Wireguard in IP(whole[:90])


def test_several_messages_in_one_datagram_do_no_harm() -> None:
    one = build.wireguard_data(receiver=9, counter=5, sealed=112)
    packet = datagram(one + build.wireguard_data(receiver=9, counter=6, sealed=112))
    assert packet[WireguardTransport].counter == 5
    assert bytes(packet[UDP].payload) == one + build.wireguard_data(receiver=9, counter=6, sealed=112)


def test_messages_that_share_a_datagram_are_told_apart() -> None:
    made = [build.wireguard_data(receiver=9, counter=5 + at, sealed=112) for at in range(4)]
    made.append(build.wireguard_data(receiver=9, counter=9, sealed=48))
    assert messages(b"".join(made)) == tuple(made)
    assert messages(made[0]) == (made[0],)
    assert messages(initiation(7)) == (initiation(7),)
    unpadded = [build.wireguard_data(receiver=9, counter=at, sealed=1437) for at in range(2)]
    assert messages(b"".join(unpadded)) == tuple(unpadded)


def test_another_session_behind_a_message_is_no_second_message() -> None:
    both = build.wireguard_data(receiver=9, counter=5, sealed=112) + build.wireguard_data(
        receiver=8, counter=6, sealed=112
    )
    assert messages(both) == (both,)


def test_binding_twice_is_binding_once() -> None:
    before = list(UDP.payload_guess)
    wireguard.bind()
    assert list(UDP.payload_guess) == before


@pytest.mark.parametrize(
    "name",
    ["zeek-spicy-wireguard.pcap", "ndpi-mullvad_wireguard.pcap", "flowtest-wg_udp_stream.pcap",
     "cilium-wireguard-any-sll2.pcap", "cilium-native-wireguard-node-ens160.cap"],
)  # fmt: skip
def test_tshark_finds_the_same_messages_in_real_captures(shared: Path, name: str) -> None:
    path = shared / "captures-real/wireguard" / name
    argv = ["tshark", "-n", "-r", str(path), "-Y", "wg", "-T", "fields", "-e", "frame.number", "-e", "wg.type",
            "-e", "wg.sender", "-e", "wg.receiver", "-e", "wg.counter"]  # fmt: skip
    lines = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    theirs = [tuple(int(word, 0) if word else None for word in line.split("\t")) for line in lines]
    ours = []
    with PcapReader(str(path)) as reader:
        for number, packet in enumerate(reader, 1):
            if Wireguard in packet:
                body = packet[Wireguard].payload.fields
                indexes = tuple(body.get(key) for key in ("sender_index", "receiver_index", "counter"))
                ours.append((number, packet[Wireguard].message_type, *indexes))
    assert ours == theirs
    assert ours
