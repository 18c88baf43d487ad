"""Blocks that we write, read by tshark, capinfos and our own reader."""

from __future__ import annotations

import struct
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.wire.pcapng import read_pcapng
from captools.wire.write_pcapng import Counts, Described, interface, packets, section, statistics
from captures.build import EN10MB, RAW, ethernet, ipv4, udp

START = 1_700_000_000_123_456_789


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def ip(number: int) -> bytes:
    return ipv4(udp(b"x" * number, sport=1000 + number, dport=53), src="10.0.0.1", dst="10.0.0.2", proto=17)


def tshark(path, *words: str) -> list[list[str]]:
    done = subprocess.run(
        ["tshark", "-r", str(path), *words], capture_output=True, text=True, check=True, timeout=60
    )  # fmt: skip
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_tshark_reads_names_link_types_lengths_and_nanoseconds(tmp_path):
    path = tmp_path / "x.pcapng"
    frames = [ethernet(ip(0)), ip(1), ethernet(ip(2)), ip(3)]
    path.write_bytes(
        section("captools 1")
        + interface(Described(linktype=EN10MB, snaplen=262_144, name="k8s-w1/eth1", filter="udp port 53"))
        + interface(Described(linktype=RAW, name="router/cilium_wg0", description="wireguard of router"))
        + packets(ints(0, 1, 0, 1), ints(*range(START, START + 4)), ints(*[len(one) + 7 for one in frames]), frames)
    )
    fields = ("frame.interface_name", "frame.interface_description", "frame.time_epoch", "frame.cap_len", "frame.len")
    found = tshark(path, "-T", "fields", *(word for one in (*fields, "udp.srcport") for word in ("-e", one)))
    assert found == [
        [name, about, f"1700000000.{123_456_789 + at}", str(len(one)), str(len(one) + 7), str(1000 + at)]
        for at, (one, (name, about)) in enumerate(
            zip(frames, [("k8s-w1/eth1", ""), ("router/cilium_wg0", "wireguard of router")] * 2, strict=True)
        )
    ]


def test_capinfos_reads_filter_and_counts(tmp_path):
    path = tmp_path / "x.pcapng"
    path.write_bytes(
        section("captools 1")
        + interface(Described(linktype=EN10MB, snaplen=96, name="a/eth1", filter="udp port 53"))
        + packets(ints(0), ints(START), ints(60), [ethernet(ip(0))])
        + statistics(0, START, Counts(received=7, dropped=3, delivered=4))
    )
    said = subprocess.run(["capinfos", str(path)], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "Filter string = udp port 53" in said and "Capture length = 96" in said
    assert "captools 1" in said and "nanosecond" in said and "Number of stat entries = 1" in said
    assert read_pcapng(path.read_bytes(), "x").interfaces[0].dropped == 3


@given(st.lists(st.tuples(st.binary(max_size=70), st.integers(0, (1 << 62) - 1)), max_size=30))
def test_any_packets_come_back_as_they_are(given_packets):
    kept = [one for one, _ in given_packets]
    head = section("") + interface(Described(linktype=EN10MB)) * 2
    data = head + packets(
        ints(*[at % 2 for at in range(len(kept))]),
        ints(*[ts for _, ts in given_packets]),
        ints(*[len(one) + 1 for one in kept]),
        kept,
    )
    records = read_pcapng(data, "x")
    assert records.damage == ""
    assert records.ts_ns.tolist() == [ts for _, ts in given_packets]
    assert records.interface.tolist() == [at % 2 for at in range(len(kept))]
    assert records.wire_len.tolist() == [len(one) + 1 for one in kept]
    found = zip(records.offset.tolist(), records.cap_len.tolist(), strict=True)
    assert [data[at : at + size] for at, size in found] == kept


def test_one_by_one_and_all_at_once_are_the_same_bytes():
    kept = [b"a" * size for size in range(9)]
    alone = [packets(ints(0), ints(START + at), ints(len(one)), [one]) for at, one in enumerate(kept)]
    stamps, lengths = ints(*[START + at for at in range(9)]), ints(*map(len, kept))
    assert packets(ints(*[0] * 9), stamps, lengths, kept) == b"".join(alone)
    assert packets(ints(), ints(), ints(), []) == b""


@pytest.mark.parametrize("name", ["", "é" * 3, "x" * 70_000, "a\0b"])
def test_a_name_of_any_kind_is_an_option_that_fits(name):
    block = interface(Described(linktype=EN10MB, name=name))
    assert len(block) == struct.unpack("<I", block[4:8])[0] == struct.unpack("<I", block[-4:])[0]
    assert read_pcapng(section("") + block, "x").interfaces[0].name == name[:0xFFFF].rstrip("\0")
