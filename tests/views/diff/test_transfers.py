"""TCP figures of S16 beside each other: against iperf3's own figures, and sums over what tshark shows."""

from __future__ import annotations

import subprocess

import pytest

from captools.views.diff.conversations import Conversation, matched
from captools.views.diff.measure import Judged, Measure
from captools.views.diff.transfers import transfers
from captures import case
from tests.views.diff.sessions import CLEAR, FINE, SEALED, VXLAN

COOKIE = 37  # bytes with which iperf3 begins its data connection
ETHERNET, WIREGUARD = 14, 60  # FACTS, section 10: IPv4 20, UDP 8, message header 16, tag 16
CASES = {"A": case("s16-without-encryption"), "B": case("s16b-with-encryption")}
TOLD = {side: one.truth["truth"]["transfers"][0] for side, one in CASES.items()}


def tshark(side: str, point: str, *fields: str) -> list[list[str]]:
    """The fields of the data connection's frames at one point of a case."""
    argv = ["tshark", "-n", "-r", str(CASES[side].capture(point)), "-Y", f"tcp.port == {TOLD[side]['sport']}"]
    argv += ["-T", "fields", *(word for name in fields for word in ("-e", name))]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


IN_CLEAR = [int(length) for (length,) in tshark("A", "k8s-ctr/eth1", "frame.len")]
INNER = [int(length) for (length,) in tshark("B", "k8s-ctr/cilium_wg0", "ip.len")]
# Of a datagram only its padded length shows; padding does not exceed the device's MTU.
SEALED_LENGTHS = [ETHERNET + WIREGUARD + min(-(-length // 16) * 16, 1420) for length in INNER]
ARRIVED = {
    side: [float(at) for at, size in tshark(side, "k8s-w1/lxc4be40faccd59", "frame.time_epoch", "tcp.len") if size != "0"]
    for side in CASES
}  # fmt: skip


def pair(a, b, port: int) -> tuple[Conversation, Conversation]:
    (found,) = ((one, other) for one, other in matched(a, b).both if one.name.port == port and "curl" in one.name.src)
    return found


@pytest.fixture(scope="module")
def told() -> dict[str, Measure]:
    return {one.name: one for one in transfers(*pair(CLEAR, SEALED, 5201))}


def test_segment_sizes_are_the_ones_that_iperf3_tells(told):
    largest = told["largest segment, sent"]
    assert (largest.a, largest.b, largest.judged) == (TOLD["A"]["mss"], TOLD["B"]["mss"], Judged.LESS)
    # The pods' MTU without IP and TCP headers; timestamps take 12 bytes of each segment (RFC 7323).
    assert (told["MSS announced, least"].a, told["MSS announced, least"].b) == (1500 - 40, 1420 - 40)
    assert (largest.a, largest.b) == (1500 - 52, 1420 - 52)


def test_segments_sent_again_are_the_ones_that_iperf3_counted(told):
    again = told["segments sent again"]
    assert (again.a, again.b) == (TOLD["A"]["retransmits"], TOLD["B"]["retransmits"]) == (0, 0)
    assert again.judged is Judged.SAME


def test_throughput_is_what_iperf3_sent_over_the_time_in_which_it_arrived(told):
    rate = told["throughput, sent"]
    for side, value in (("A", rate.a), ("B", rate.b)):
        sent = TOLD[side]["bytes_received"] + COOKIE
        assert value == pytest.approx(sent * 8 / (ARRIVED[side][-1] - ARRIVED[side][0]), rel=1e-3)
    assert rate.judged is Judged.UNKNOWN and "1 transfer and 1" in rate.reason  # one run each proves nothing


def test_bytes_on_the_wire_are_the_sum_of_all_frames(told):
    cost = told["bytes on the wire per byte delivered, of transfers, at k8s-ctr/eth1"]
    for side, value, frames in (("A", cost.a, IN_CLEAR), ("B", cost.b, SEALED_LENGTHS)):
        assert value == pytest.approx(sum(frames) / (TOLD[side]["bytes_received"] + COOKIE))
    assert cost.judged is Judged.MORE and cost.reason == "exact"


def test_headers_around_each_packet_are_ethernet_alone_or_wireguards_with_padding(told):
    around = told["headers around each packet, of transfers, at k8s-ctr/eth1"]
    assert around.a == ETHERNET
    assert around.b == pytest.approx((sum(SEALED_LENGTHS) - sum(INNER)) / len(INNER))
    assert ETHERNET + WIREGUARD <= around.b < ETHERNET + WIREGUARD + 16


def test_vxlan_adds_fifty_bytes_to_each_packet_and_takes_them_from_the_mss():
    pairs = [(one, other) for one, other in matched(FINE, VXLAN).both if one.name.dst.endswith("2dg5m")]
    (both,) = (each for each in pairs if each[0].name.port == 80)
    told = {one.name: one for one in transfers(*both)}
    around = told["headers around each packet, at k8s-ctr/eth1"]
    assert (around.a, around.b) == (14, 64)
    assert (told["MSS announced, least"].a, told["MSS announced, least"].b) == (1460, 1410)
    assert not any("throughput" in name for name in told)  # a page of 300 bytes has none


def test_bytes_around_other_amounts_are_not_compared():
    # B fetched 40,000 bytes over a second connection: headers are a smaller share of that, whatever the tunnel.
    (both,) = (each for each in matched(FINE, VXLAN).both if each[0].name.dst.endswith("xm4vk") and each[0].name.port)
    told = {one.name: one for one in transfers(*both)}
    assert not any(name.startswith("bytes on the wire") for name in told)
    assert told["throughput, fetched"].reason == "not measured in A"


def test_a_ping_has_no_tcp_figures():
    pings = [each for each in matched(CLEAR, SEALED).both if each[0].name.port is None]
    assert pings and all(transfers(*each) == [] for each in pings)
