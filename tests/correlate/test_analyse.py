"""The whole correlation in one call: what it hands on, what it makes of roles and clocks, and that nothing is enough."""

from __future__ import annotations

import pytest

from captools.correlate.analyse import analyse, point_roles
from captools.correlate.sightings import sightings
from captools.model.analysis import Analysis
from captools.model.cluster import Cluster, Link, Node
from captools.model.encryption import Verdict
from captools.model.packets import HTTP, PACKETS
from captools.model.points import Role
from tests.correlate.material import FINE, S1, S2, S8, S13, material
from tests.correlate.talk import Ends, get, read, reply

LINK = Ends("10.0.0.1", 40000, "10.0.0.2")


def told(analysis: Analysis) -> dict[str, tuple[str, int, str]]:
    """What is said of each flow: its outcome, its packets and where it was last seen."""
    return {
        str(one.flow) + str(one.flow.icmp_id): (one.outcome.value, one.packets, one.last_seen) for one in analysis.paths
    }


def test_nothing_at_all_is_an_analysis_that_claims_nothing():
    found = analyse(PACKETS.empty_table(), HTTP.empty_table(), (), Cluster())
    assert (found.paths, found.requests, found.clocks, found.coverage) == ((), (), (), ())
    assert found.encryption.verdict is Verdict.UNKNOWN and found.clock_reference == ""


def test_what_was_given_is_handed_on():
    one = read(k8s_w1__eth1=[LINK.ask(0, get()), LINK.answer(1, reply())])
    found = analyse(one.packets, one.http, one.sources, Cluster(), title="t", warnings=("w",), expect_encryption=True)
    assert (found.title, found.warnings, found.expect_encryption, found.sources) == ("t", ("w",), True, one.sources)
    assert found.packets is one.packets and len(found.requests) == 1 and len(found.paths) == 1


@pytest.mark.parametrize("name", [S1, S2, S8, S13, FINE])
def test_the_order_of_the_rows_changes_nothing_that_is_said(name):
    one = material(name)
    plain, mixed = one.analysed(), one.shuffled(7).analysed()
    assert told(plain) == told(mixed)
    assert [(r.path, r.request_id, r.gateway_ns) for r in plain.requests] == [
        (r.path, r.request_id, r.gateway_ns) for r in mixed.requests
    ]
    assert plain.encryption.verdict is mixed.encryption.verdict


@pytest.mark.parametrize("name", [S2, S8])
def test_a_second_source_at_one_point_is_a_second_proof_and_no_second_packet(name):
    one = material(name)
    assert told(one.doubled("k8s-w1/eth1").analysed()) == told(one.analysed())


def test_the_reference_clock_is_that_of_the_first_cluster_node():
    frames = [LINK.ask(0, get())]
    one = read(a_router__eth1=frames, k8s_w1__eth1=frames)
    cluster = Cluster(nodes=(Node(name="a-router"), Node(name="k8s-w1", in_cluster=True)))
    assert one.analysed(cluster).clock_reference == "k8s-w1"
    assert one.analysed().clock_reference == "a-router"
    assert read(server=frames, client=frames).analysed().clock_reference == "client.pcap"
    assert read(client=frames).analysed().clock_reference == ""


def test_the_role_of_a_point_is_its_links_kind_where_known_and_its_name_where_not():
    frames = [LINK.ask(0, get())]
    rows = sightings(read(k8s_w1__eth1=frames, k8s_w1__tun9=frames, router__tun9=frames, lxc0=frames).packets)
    cluster = Cluster(nodes=(Node(name="k8s-w1", links=(Link(index=9, name="tun9", kind="vxlan"),)),))
    assert point_roles(rows, cluster) == {
        "k8s-w1/eth1": Role.NIC, "k8s-w1/tun9": Role.TUNNEL, "router/tun9": Role.OTHER, "lxc0": Role.PODS,
    }  # fmt: skip
