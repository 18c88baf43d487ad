"""Cilium's VXLAN layer: round trips on random headers, bytes built without scapy, and agreement with tshark and tcpdump."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import rdpcap

import dissectors
from captures import build
from dissectors import cilium_vxlan
from dissectors.cilium_vxlan import CiliumVXLAN


@pytest.fixture(autouse=True)
def bound() -> None:
    dissectors.bind_all()


def packet(vni: int, port: int = 8472) -> bytes:
    inner = build.ethernet(
        build.ipv4(build.icmp_echo(b"x" * 48, ident=1, seq=1), src="172.20.0.88", dst="172.20.2.33", proto=1)
    )
    outer = build.udp(build.vxlan(inner, vni=vni), sport=45149, dport=port)
    return build.ethernet(build.ipv4(outer, src="192.168.10.100", dst="192.168.20.100", proto=17))


@given(
    flags=st.integers(0, 0xFFFF),
    gbp=st.integers(0, 0xFFFF),
    vni=st.integers(0, 0xFFFFFF),
    reserved=st.integers(0, 0xFF),
    payload=st.binary(max_size=40),
)
def test_random_headers_survive_building_and_reading(
    flags: int, gbp: int, vni: int, reserved: int, payload: bytes
) -> None:
    built = bytes(CiliumVXLAN(flags=flags, gbp=gbp, vni=vni, reserved=reserved)) + payload
    assert built[:8] == flags.to_bytes(2, "big") + gbp.to_bytes(2, "big") + vni.to_bytes(3, "big") + bytes([reserved])
    again = CiliumVXLAN(built)
    assert (int(again.flags), again.gbp, again.vni, again.reserved) == (flags, gbp, vni, reserved)
    assert bytes(again) == built


@pytest.mark.parametrize("port", cilium_vxlan.PORTS)
def test_the_vni_is_the_senders_identity_on_both_usual_ports(port: int) -> None:
    layer = Ether(packet(45966, port))[CiliumVXLAN]
    assert (layer.vni, layer.identity, layer.identity_name) == (45966, 45966, "")
    assert (layer[IP].src, layer[IP].dst) == ("172.20.0.88", "172.20.2.33")


def test_any_other_port_can_be_bound() -> None:
    assert CiliumVXLAN not in Ether(packet(7, 18472))
    cilium_vxlan.bind((18472,))
    assert Ether(packet(7, 18472))[CiliumVXLAN].vni == 7


def test_a_reserved_identity_has_its_name_and_otv_its_instance() -> None:
    layer = Ether(packet(4))[CiliumVXLAN]
    assert layer.identity_name == "reserved:health"
    assert (layer.otv_overlay, layer.otv_instance) == (0, 4)
    assert "OTV, instance 4" in layer.mysummary()
    assert "reserved:health" in layer.mysummary()


def test_the_otv_overlay_is_the_three_bytes_before_the_instance() -> None:
    assert CiliumVXLAN(bytes.fromhex("08aabbcc00000400")).otv_overlay == 0xAABBCC


def test_without_the_i_flag_nothing_is_read_behind_the_header() -> None:
    data = bytearray(packet(7))
    data[42] = 0
    layer = Ether(bytes(data))[CiliumVXLAN]
    assert Ether not in layer


@pytest.mark.parametrize("flags", [0x18, 0x28, 0x48])
def test_flags_that_nobody_defined_are_no_vxlan_either(flags: int) -> None:
    assert Ether not in CiliumVXLAN(build.vxlan(packet(7), vni=7, flags=flags))


def test_the_group_is_told_where_its_flag_is_set() -> None:
    assert CiliumVXLAN(build.vxlan(packet(7), vni=7, flags=0x88, group=4660)).group == 4660
    assert CiliumVXLAN(build.vxlan(packet(7), vni=7, group=4660)).group is None


def test_what_scapy_builds_goes_to_ciliums_port() -> None:
    assert (UDP(bytes(UDP() / CiliumVXLAN(vni=1) / Ether())).dport) == 8472


def test_importing_the_layer_binds_nothing() -> None:
    program = (
        "from scapy.layers.inet import UDP\n"
        "before = list(UDP.payload_guess), UDP.default_payload_class\n"
        "import dissectors, dissectors.cilium_vxlan, dissectors.wireguard\n"
        "assert before == (list(UDP.payload_guess), UDP.default_payload_class)\n"
        "dissectors.bind_all(); once = list(UDP.payload_guess)\n"
        "dissectors.bind_all(); assert once == list(UDP.payload_guess)\n"
        "assert once != before[0]\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name",
    ["tcpdump-vxlan_port_8472.pcap", "tcpdump-vxlan.pcap", "flannel-vxlan-plus-underlay-http.pcap", "ndpi-vxlan.pcap"],
)
def test_tshark_reads_the_same_vni_and_inner_addresses_in_real_captures(shared: Path, name: str) -> None:
    path = shared / "captures-real/vxlan" / name
    argv = ["tshark", "-n", "-r", str(path), "-d", "udp.port==8472,vxlan", "-Y", "vxlan", "-T", "fields",
            "-e", "frame.number", "-e", "vxlan.vni", "-e", "ip.src", "-e", "vxlan.flags"]  # fmt: skip
    lines = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    theirs = []
    for line in lines:
        frame, vni, sources, flags = line.split("\t")
        theirs.append((int(frame), int(vni), tuple(sources.split(",")), int(flags, 16)))
    ours = []
    for number, one in enumerate(rdpcap(str(path)), 1):
        if CiliumVXLAN in one:
            layer = one[CiliumVXLAN]
            sources = [one[IP].src] + ([layer[IP].src] if IP in layer else [])
            ours.append((number, layer.vni, tuple(sources), int(layer.flags)))
    assert ours == theirs
    assert ours


def test_tcpdump_prints_the_same_number_as_otv_instance_or_vni(tmp_path: Path) -> None:
    path = tmp_path / "one.pcap"
    path.write_bytes(build.pcap([(1_700_000_000_000_000_000, packet(45966))]))
    argv = ["tcpdump", "-nn", "-r", str(path)]
    printed = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30).stdout
    layer = Ether(packet(45966))[CiliumVXLAN]
    otv = f"overlay {layer.otv_overlay}, instance {layer.otv_instance}"
    assert otv in printed or f"vni {layer.vni}" in printed
