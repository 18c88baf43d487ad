"""Flows: what the packets of a lane add up to, and where its segments stand."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from captures import build
from captures.generate import generate
from tests.wire.conversation import ACK, FIN, ISN, Seg, frame, opening
from tests.wire.equality import compiled

pytestmark = pytest.mark.slow


def flow(*segments: Seg) -> dict:
    (found,) = compiled(build.pcap([(at, frame(one)) for at, one in enumerate(segments)])).flows.to_pylist()
    return found


def places(*segments: Seg) -> tuple[int, int, int, int]:
    found = flow(*segments)
    return found["in_order"], found["retransmitted"], found["gaps"], (found["next_seq"] - ISN - 1) & 0xFFFFFFFF


def test_sums_are_those_of_the_packets():
    found = compiled(b"".join(generate(packets=4_000, seed=5)))
    columns = ["lane", "wire_len", "payload_len", "ts_ns"]
    sums = found.packets.select(columns).group_by("lane").aggregate(
        [("lane", "count"), ("wire_len", "sum"), ("payload_len", "sum"), ("ts_ns", "min"), ("ts_ns", "max")]
    ).sort_by("lane")  # fmt: skip
    names = ("packets", "wire_bytes", "payload_bytes", "first_ns", "last_ns")
    wanted = ("lane_count", "wire_len_sum", "payload_len_sum", "ts_ns_min", "ts_ns_max")
    for name, other in zip(names, wanted, strict=True):
        assert found.flows[name].to_pylist() == sums[other].to_pylist()
    assert len(found.flows) == len(found.lanes)


def test_flags_are_counted_and_gathered():
    found = flow(opening(), Seg(b"abc"), Seg(b"", 3, FIN | ACK), Seg(b"", 4, 0x04))
    assert (found["syns"], found["fins"], found["rsts"], found["tcp_flags"]) == (1, 1, 1, 0x17)
    assert (found["opened"], found["first_seq"], found["odd"]) == (True, ISN, False)


def test_segments_in_order():
    assert places(opening(), Seg(b"abc"), Seg(b"de", 3), Seg(b"", 5, FIN | ACK)) == (4, 0, 0, 6)


def test_what_was_there_before_is_sent_again_and_proves_nothing_wrong():
    segments = (opening(), Seg(b"abc"), Seg(b"de", 3), Seg(b"abc"), Seg(b"e", 4), opening(), Seg(b"f", 5))
    assert places(*segments) == (4, 3, 0, 6)
    assert not flow(*segments)["odd"]


@pytest.mark.parametrize(
    ("segments", "wanted"),
    [
        ((Seg(b"abc"), Seg(b"x", 7)), (1, 0, 1, 8)),
        ((Seg(b"abc"), Seg(b"x", 7), Seg(b"defg", 3)), (1, 1, 1, 8)),
        ((Seg(b"abc"), Seg(b"cd", 2)), (1, 1, 0, 4)),
        ((Seg(b"abc", 5), Seg(b"x", 4)), (1, 1, 0, 8)),
        ((opening(), Seg(b"abc"), opening(isn=9)), (3, 0, 0, (9 - ISN) & 0xFFFFFFFF)),
        ((opening(), Seg(b"", 0, FIN | ACK), Seg(b"abc", 1)), (3, 0, 0, 4)),
    ],
)
def test_whatever_else_comes_makes_the_flow_odd(segments, wanted):
    assert places(*segments) == wanted
    assert flow(*segments)["odd"]


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_duplicate_acknowledgments_are_those_of_tshark(tmp_path):
    def ack(number: int, window: int = 500, data: bytes = b"", seq: int = 1) -> bytes:
        segment = build.tcp(data, sport=80, dport=4000, seq=seq, ack=number, flags=ACK, window=window)
        return build.ethernet(build.ipv4(segment, src="10.0.0.2", dst="10.0.0.1", proto=6))

    frames = [ack(5, data=b"x" * 9, seq=1), ack(5, seq=10), ack(5, seq=10), ack(5, 600, seq=10), ack(5, 600, seq=10),
              ack(8, 600, seq=10), ack(8, 600, seq=9), ack(8, 0, seq=10), ack(8, 0, seq=10), ack(9, 7, b"y", seq=10),
              ack(9, 7, seq=11), ack(9, 7, seq=11)]  # fmt: skip
    data = build.pcap(list(enumerate(frames)))
    (tmp_path / "c.pcap").write_bytes(data)
    told = subprocess.run(
        ["tshark", "-n", "-r", str(tmp_path / "c.pcap"), "-Y", "tcp.analysis.duplicate_ack"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (found,) = compiled(data).flows.to_pylist()
    assert found["duplicate_acks"] == len(told.stdout.splitlines()) > 0
