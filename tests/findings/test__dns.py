"""Names from DNS: the last answer that this client got for this address before it called, and no other."""

from __future__ import annotations

from dataclasses import replace

from captools.findings._dns import lookup
from captools.lab.scenarios.s14d_fqdn import ADDRESS, ALLOWED, DENIED, SCENARIO
from captools.lab.topology import COREDNS, CURL_POD
from tests.correlate.material import FINE, material

LATE = 2**62


def analysis():
    return material(SCENARIO.id).analysed()


def test_each_address_has_the_name_that_was_asked_for():
    for name in (ALLOWED, DENIED):
        found = lookup(analysis(), CURL_POD.ip, ADDRESS[name], LATE)
        assert found is not None and (found.name, found.server) == (name, COREDNS.ip)


def test_it_was_seen_nearest_to_the_client_with_a_frame_to_show():
    found = lookup(analysis(), CURL_POD.ip, ADDRESS[DENIED], LATE)
    assert found is not None and found.hop.point == f"{CURL_POD.node}/{CURL_POD.interface}"
    assert found.hop.evidence[0].frames and (found.hop.src, found.hop.dst) == (COREDNS.ip, CURL_POD.ip)


def test_another_client_another_address_and_an_earlier_call_know_no_name():
    one = analysis()
    assert lookup(one, COREDNS.ip, ADDRESS[DENIED], LATE) is None
    assert lookup(one, CURL_POD.ip, "10.10.9.9", LATE) is None
    assert lookup(one, CURL_POD.ip, ADDRESS[DENIED], 0) is None


def test_without_dns_there_is_nothing_to_look_up():
    assert lookup(material(FINE).analysed(), CURL_POD.ip, ADDRESS[DENIED], LATE) is None
    one = analysis()
    assert lookup(replace(one, dns=one.dns.slice(0, 0)), CURL_POD.ip, ADDRESS[DENIED], LATE) is None
