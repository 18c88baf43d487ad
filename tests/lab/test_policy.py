from __future__ import annotations

import pytest

from captools.lab.policy import cut, enforce, probed
from captools.lab.topology import CURL_POD, Mode, webpod_on
from captools.lab.traffic import http
from captools.lab.truth import FlowTruth, Truth

TARGET, OTHER = webpod_on("k8s-w1"), webpod_on("k8s-w0")


def flow(dst: str) -> FlowTruth:
    return FlowTruth(proto="tcp", src=CURL_POD.ip, dst=dst, sport=1, dport=80, started="", ended="", sent=1, answered=0)


def test_a_way_ends_at_the_point_that_is_named_and_no_other_way_does():
    truth = cut(Truth(flows=(flow(TARGET.ip), flow(OTHER.ip))), Mode.NATIVE,
                lambda one: "k8s-w1/eth1" if one.dst == TARGET.ip else "")  # fmt: skip
    short, whole = truth.flows
    assert short.way == (f"k8s-ctr/{CURL_POD.interface}", "k8s-ctr/eth1", "k8s-w1/eth1")
    assert whole.way is not None and whole.way[-1] == f"k8s-w0/{OTHER.interface}"


def test_a_point_that_is_not_on_the_way_is_a_mistake_of_the_scenario():
    with pytest.raises(ValueError, match="not in tuple"):
        cut(Truth(flows=(flow(TARGET.ip),)), Mode.NATIVE, lambda _: "k8s-w0/eth1")


@pytest.mark.lab
def test_rules_hold_for_what_is_forwarded_and_probes_pass_all_the_same(lab_of):
    lab, truth = lab_of(Mode.NATIVE), list[Truth]()
    node = lab.machine(TARGET.node)
    enforce(node, f"ip daddr {TARGET.ip} tcp dport 80 reject with tcp reset")
    try:
        with probed(lab, [TARGET], truth):
            refused = http(lab.machine(CURL_POD.name), TARGET.ip, "/")
            passed = http(lab.machine(CURL_POD.name), OTHER.ip, "/")
    finally:
        node.run(["nft", "delete", "table", "ip", "captools_policy"])
    assert [one.flows[0].error for one in (refused, passed)] == ["ECONNREFUSED", ""]
    (probe,) = truth[0].flows
    assert probe.purpose == "health" and probe.dst == TARGET.ip and probe.answered >= 1
