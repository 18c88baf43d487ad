"""cleartext-between-nodes: pod packets readable although encryption is on or was expected."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.correlate.analyse import analyse
from captools.model.findings import Severity
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material

RULE = "cleartext-between-nodes"


def test_it_names_the_two_ends_where_it_was_seen_and_what_to_check(fired):
    (one,) = fired(RULE, LEAK)
    assert one.severity is Severity.ERROR
    assert (one.subject["src"], one.subject["dst"], one.subject["node"]) == ("172.20.0.88", "172.20.1.108", "k8s-ctr")
    assert "k8s-ctr/eth1" in one.statement and "k8s-w1/eth1" in one.statement
    assert "172.20.1.0/24" in one.remedy and "on k8s-ctr" in one.remedy


def test_wireguard_between_other_nodes_is_not_said_to_be_between_these(fired):
    analysis = material(LEAK).analysed()
    pairs = tuple(
        replace(pair, wireguard_packets=0) if {pair.a, pair.b} == {"k8s-ctr", "k8s-w1"} else pair
        for pair in analysis.encryption.pairs
    )
    (here,) = fired(RULE, analysis)
    (elsewhere,) = fired(RULE, replace(analysis, encryption=replace(analysis.encryption, pairs=pairs)))
    assert "WireGuard carries other traffic between these nodes" in here.statement
    assert "WireGuard carries traffic between other nodes" in elsewhere.statement


def test_only_the_leaking_direction_is_named(fired):
    # The lab leaves out one route: the answers of 172.20.1.108 still travel in WireGuard.
    assert {(one.subject["src"], one.subject["dst"]) for one in fired(RULE, LEAK)} == {("172.20.0.88", "172.20.1.108")}


@pytest.mark.parametrize("name", [S1, S2, S8, FINE])
def test_plain_traffic_is_no_fault_where_nobody_expects_encryption(fired, name):
    assert fired(RULE, name) == []


def test_it_is_silent_where_everything_is_encrypted(fired):
    assert fired(RULE, S13) == []


@pytest.mark.parametrize(("name", "how"), [(S2, "inside VXLAN"), (FINE, "as plain pod packets")])
def test_expecting_encryption_makes_the_same_traffic_a_fault(fired, name, how):
    one = material(name)
    found = fired(RULE, analyse(one.packets, one.http, one.sources, one.cluster, expect_encryption=True))
    assert found and all(how in each.statement and "was expected" in each.statement for each in found)


def test_pods_of_the_same_two_nodes_are_one_finding(fired):
    one = material(S2)
    found = fired(RULE, analyse(one.packets, one.http, one.sources, one.cluster, expect_encryption=True))
    ways = [each.subject["name"] or (each.subject["src"], each.subject["dst"]) for each in found]
    assert len(ways) == len(set(ways)) == 4, "two pairs of nodes, both ways"
    assert all("allowed-ips must list 192.168." in each.remedy and "dport 8472" in each.remedy for each in found)


def test_the_tunnel_in_dual_mode_is_no_leak_where_wireguard_takes_it_and_one_where_not(fired):
    assert fired(RULE, "dual") == []
    one = material("identity-mismatch")
    assert fired(RULE, analyse(one.packets, one.http, one.sources, one.cluster, expect_encryption=True))
