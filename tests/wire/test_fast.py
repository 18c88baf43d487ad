"""The fast road over bytes and streams gives the reference's table."""

from __future__ import annotations

import pytest

from captures.generate import generate
from tests.wire.equality import assert_same, compiled

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_a_stream_and_bytes_in_memory_give_the_same_tables(tmp_path, form):
    from captools.wire.fast import decode_stream

    data = b"".join(generate(packets=4_000, seed=8, form=form))
    path = tmp_path / "a.pcap"
    path.write_bytes(data)
    with path.open("rb", buffering=0) as file:
        streamed = decode_stream(file.read(24), file.readinto, "a.pcap")
    whole = compiled(data)
    assert streamed.packets.combine_chunks().equals(whole.packets.combine_chunks())
    assert_same(data)


def test_offsets_point_at_the_frames_in_the_file():
    data = b"".join(generate(packets=500, seed=8))
    found = compiled(data).packets
    from captools.wire.pcap import read_pcap

    assert found["offset"].to_pylist() == read_pcap(data, "t").offset.tolist()


def test_further_vxlan_ports_are_read_as_vxlan():
    from captools.wire.fast import decode_bytes
    from captools.wire.kernels.session import Options
    from captures import build

    inner = build.ethernet(build.ipv4(build.udp(b"", sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17))
    frame = build.ethernet(build.ipv4(build.udp(build.vxlan(inner, vni=7), sport=5, dport=9999), src="192.0.2.1",
                                      dst="192.0.2.2", proto=17))  # fmt: skip
    found = decode_bytes(build.pcap([(1, frame)]), "t", Options(vxlan_ports=(9999,)))
    assert found.lanes["vni"].to_pylist() == [7]


def test_both_decoders_are_compiled_at_once():
    from captools.wire.fast import compile_decoders
    from captools.wire.kernels.native import DECODERS, PROGRAMS, UNUSUAL

    compile_decoders()
    assert UNUSUAL or {*DECODERS} <= {*PROGRAMS.loaded}
