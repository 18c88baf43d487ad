"""S16: what the same transfer costs inside WireGuard, by `captools diff` of both recorded cases."""

from __future__ import annotations

import pytest

from captools.lab.scenarios import s16_without_encryption
from captools.lab.scenarios.s16b_with_encryption import SCENARIO
from captools.lab.topology import Mode
from captools.pipeline import open_session
from captools.views.diff.compare import compare
from captools.views.diff.measure import Judged
from captures import case

CLEAR, SEALED = case("s16-without-encryption"), case("s16b-with-encryption")


@pytest.fixture(scope="module")
def measures():
    diff = compare(*(open_session([one.folder]).analysis for one in (CLEAR, SEALED)))
    (transfer,) = (one for one in diff.both if one.name.port == 5201)
    return {one.name: one for one in transfer.measures}


def test_it_is_the_same_traffic_over_the_same_pods():
    assert SCENARIO.traffic is s16_without_encryption.traffic and SCENARIO.mode is Mode.WIREGUARD
    ends = [
        {(one["src"], one["dst"], one.get("dport")) for one in told.truth["truth"]["flows"] if one["purpose"] == "test"}
        for told in (CLEAR, SEALED)
    ]
    assert ends[0] == ends[1]


def test_segment_sizes_and_retransmissions_are_iperf3s_own(measures):
    told = [one.truth["truth"]["transfers"][0] for one in (CLEAR, SEALED)]
    largest, again = measures["largest segment, sent"], measures["segments sent again"]
    assert (largest.a, largest.b) == (told[0]["mss"], told[1]["mss"]) and largest.judged is Judged.LESS
    assert (again.a, again.b) == (told[0]["retransmits"], told[1]["retransmits"])


def test_each_packet_costs_wireguards_sixty_bytes_and_padding(measures):
    # FACTS, section 10: 60 bytes and padding to 16; Ethernet has 14 in both.
    around = measures["headers around each packet, of transfers, at k8s-ctr/eth1"]
    assert around.a == 14 and 14 + 60 <= around.b < 14 + 60 + 16
    cost = measures["bytes on the wire per byte delivered, of transfers, at k8s-ctr/eth1"]
    assert cost.a < cost.b and cost.judged is Judged.MORE


def test_the_wire_itself_is_not_slower_and_the_nodes_are(measures):
    assert measures["there, k8s-ctr/eth1 to k8s-w1/eth1"].judged is Judged.SAME
    assert measures["there, k8s-w1/eth1 to k8s-w1/lxc of default/webpod"].judged is Judged.MORE
