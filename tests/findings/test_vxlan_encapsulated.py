"""vxlan-encapsulated: whose identity the VNI is, in each direction, and what it costs."""

from __future__ import annotations

import pytest

from captools.model.findings import Severity
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material

RULE = "vxlan-encapsulated"


def test_it_names_both_identities_the_tools_word_for_it_and_the_overhead(fired):
    found = {(one.subject["src"], one.subject["dst"]): one for one in fired(RULE, S2)}
    one = found["172.20.0.88", "172.20.2.33"]
    assert one.severity is Severity.NOTE
    for word in ("tcpdump: OTV, instance 45966", "VNI 45966 is the identity of default/curl-pod", "VNI 62886",
                 "192.168.10.100", "192.168.20.100", "50 bytes", "MTU of 1500"):  # fmt: skip
        assert word in one.statement, word
    assert all(proof.decode_as == "udp.port==8472,vxlan" for proof in one.evidence)


def test_a_pod_on_the_same_node_is_not_tunnelled(fired):
    assert "172.20.0.121" not in {one.subject["dst"] for one in fired(RULE, S2)}


@pytest.mark.parametrize("name", [S1, S8, S13, LEAK, FINE])
def test_it_is_silent_without_a_tunnel(fired, name):
    assert fired(RULE, name) == []


def test_without_underlay_captures_there_is_nothing_to_say(fired):
    one = material(S2)
    for point in ("k8s-ctr/eth1", "k8s-w1/eth1", "k8s-w0/eth1", "router/eth1", "router/eth2"):
        one = one.without(point)
    assert fired(RULE, one.analysed()) == []
