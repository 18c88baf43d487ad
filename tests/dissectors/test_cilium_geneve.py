"""Cilium's Geneve layer: round trips on random headers, the DSR option, and agreement with tshark."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether
from scapy.utils import rdpcap

import dissectors
from captures import build
from dissectors.cilium_geneve import CiliumGeneve, GeneveOption

VIP = bytes([192, 168, 10, 211])


@pytest.fixture(autouse=True)
def bound() -> None:
    dissectors.bind_all()


def option(kind: int, body: bytes, *, class_: int = 0x014B) -> bytes:
    return struct.pack("!HBB", class_, kind, len(body) // 4) + body


def packet(options: bytes = b"", vni: int = 2) -> bytes:
    inner = build.ethernet(
        build.ipv4(build.udp(b"hello", sport=3, dport=4), src="10.9.9.9", dst="172.20.2.33", proto=17)
    )
    outer = build.udp(build.geneve(inner, vni=vni, options=options), sport=5, dport=6081)
    return build.ethernet(build.ipv4(outer, src="192.168.10.100", dst="192.168.20.100", proto=17))


options = st.lists(
    st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFF), st.binary(max_size=24).map(lambda b: b[: len(b) // 4 * 4])),
    max_size=5,
)


@given(vni=st.integers(0, 0xFFFFFF), flags=st.integers(0, 0xFF), proto=st.integers(0, 0xFFFF), given_options=options)
def test_random_headers_survive_building_and_reading(vni, flags, proto, given_options) -> None:
    wire = b"".join(option(kind, body, class_=class_) for class_, kind, body in given_options)
    head = bytes([len(wire) // 4, flags]) + proto.to_bytes(2, "big") + vni.to_bytes(3, "big") + b"\0" + wire
    layer = CiliumGeneve(head)
    assert (layer.vni, layer.proto, layer.options_len) == (vni, proto, len(wire) // 4)
    read = [(one.option_class, one.type, bytes(one.data)) for one in layer.options]
    assert read == given_options
    assert bytes(layer) == head
    built = CiliumGeneve(
        control=flags >> 7, critical=flags >> 6 & 1, reserved=flags & 0x3F, proto=proto, vni=vni,
        options=[GeneveOption(option_class=c, type=k, data=b) for c, k, b in given_options],
    )  # fmt: skip
    assert bytes(built) == head


def test_the_dsr_option_names_the_address_and_port_the_client_called() -> None:
    layer = Ether(packet(option(0x81, VIP + struct.pack("!HH", 80, 0))))[CiliumGeneve]
    assert layer.dsr == ("192.168.10.211", 80)
    assert (layer.identity_name, layer[IP].src, layer[IP].dst) == ("reserved:world", "10.9.9.9", "172.20.2.33")
    assert "DSR 192.168.10.211 port 80" in layer.mysummary()


def test_the_dsr_option_of_ipv6_is_longer() -> None:
    body = bytes.fromhex("fd00" + "00" * 13 + "99") + struct.pack("!HH", 443, 0)
    assert Ether(packet(option(0x81, body)))[CiliumGeneve].dsr == ("fd00::99", 443)


@pytest.mark.parametrize(
    "wire", [b"", option(0x81, VIP), option(0x80, VIP + b"\0P\0\0"), option(0x81, VIP + b"\0P\0\0", class_=0x0102)]
)
def test_other_or_short_options_are_no_dsr(wire) -> None:
    assert Ether(packet(wire))[CiliumGeneve].dsr is None


def test_tshark_reads_the_same_vni_and_options_in_real_captures(shared: Path) -> None:
    files = sorted((shared / "captures-real/geneve").glob("*.pcap"))
    assert files
    compared = 0
    for file in files:
        argv = ["tshark", "-n", "-r", str(file), "-T", "fields", "-e", "geneve.vni", "-e", "geneve.option.class"]
        told = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
        for frame, line in zip(rdpcap(str(file)), told, strict=True):
            vni, _, classes = line.partition("\t")
            if not vni:
                continue
            layer = frame[CiliumGeneve]
            assert layer.vni == int(vni, 16)
            assert [one.option_class for one in layer.options] == [int(c, 16) for c in classes.split(",") if c]
            compared += 1
    assert compared > 50


def test_importing_binds_nothing() -> None:
    code = (
        "import dissectors.cilium_geneve as g; from scapy.layers.inet import UDP\n"
        "assert all(layer is not g.CiliumGeneve for _, layer in UDP.payload_guess)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
