"""refused: names who refused, by what it can be known, and does not take a late answer or a traceroute for a refusal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.lab.scenarios import s14b_policy_reject as lab
from captools.lab.topology import LEADER, ROUTER, VIP_DEDICATED
from captools.model.cluster import Cluster, Service
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from captures.build import icmp_echo, icmp_error, ipv4, tcp, timestamps, udp
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material
from tests.correlate.paths.scenes import A_POD, B_POD, R1_IP, WAY, Scene, chatter, cluster

RULE, CASE = "refused", lab.SCENARIO.id


def of(found, dst: str, dport: int):
    (one,) = [each for each in found if (each.subject["dst"], each.subject["dport"]) == (dst, dport)]
    return one


def test_every_way_of_being_refused_is_one_warning_of_its_own(fired):
    found = fired(RULE, CASE)
    assert len(found) == 7 and {one.severity for one in found} == {Severity.WARNING}
    assert all(one.evidence and one.remedy and "did not run into a timeout" in one.statement for one in found)


def test_a_reset_that_left_the_pods_own_interface_is_the_pods(fired):
    one = of(fired(RULE, CASE), lab.NEAR.ip, lab.CLOSED_PORT)
    assert f"{lab.NEAR.name} ({lab.NEAR.ip}) itself refused" in one.statement
    assert lab.NEAR_POD in {proof.point for proof in one.evidence} and "netstat -lnt must show port 81" in one.remedy


def test_a_reset_of_a_node_in_the_pods_name_is_told_by_the_door_it_never_came_to(fired):
    one = of(fired(RULE, CASE), lab.FAR.ip, 80)
    assert one.confidence is Confidence.PROVEN and one.subject["node"] == lab.FAR.node
    assert f"as far as {lab.FAR_CARD} and never to {lab.FAR_POD}" in one.statement


@pytest.mark.parametrize(
    ("dst", "node", "code"), [(lab.NEAR.ip, lab.NEAR.node, "code 13"), (lab.FAR.ip, ROUTER, "code 10")]
)
def test_an_icmp_error_names_its_sender(fired, dst, node, code):
    one = of(fired(RULE, CASE), dst, 8443)
    assert one.subject["node"] == node and code in one.statement and one.remedy.startswith(f"on {node}:")


def test_behind_a_service_address_a_backend_may_have_refused_too(fired):
    one = of(fired(RULE, CASE), VIP_DEDICATED, lab.CLOSED_PORT)
    assert one.confidence is Confidence.LIKELY and f"{LEADER}, which answers for" in one.statement
    assert "or a backend behind it" in one.statement


def test_a_datagram_to_a_closed_port_is_refused_by_the_pod(fired):
    one = of(fired(RULE, CASE), lab.NEAR.ip, 53)
    assert one.subject["proto"] == "udp" and "port unreachable" in one.statement and "netstat -lnu" in one.remedy


@pytest.mark.parametrize("name", [S1, S2, S8, S13, LEAK, FINE, "s14-policy-drop", "s14d-fqdn"])
def test_it_is_silent_where_nobody_refused(fired, name):
    assert fired(RULE, name) == []


def test_without_the_pods_interface_nobody_is_blamed_for_its_reset(fired):
    one = material(CASE)
    found = of(fired(RULE, one.without(lab.NEAR_POD).analysed()), lab.NEAR.ip, lab.CLOSED_PORT)
    assert found.confidence is Confidence.LIKELY and "or somebody on the way in its name" in found.statement
    found = of(fired(RULE, one.without(lab.FAR_POD).analysed()), lab.FAR.ip, 80)
    assert found.confidence is Confidence.LIKELY and found.subject["node"] is None


def test_without_an_inventory_it_names_addresses_only_and_no_node(fired):
    found = fired(RULE, replace(material(CASE), cluster=Cluster()).analysed())
    assert len(found) == 7
    for one in found:
        assert one.subject["node"] is None and one.subject["pod"] is None


def syn(dport: int = 80, sport: int = 40_000) -> bytes:
    return tcp(sport=sport, dport=dport, flags=2, seq=5, options=timestamps(1, 0))


def unreachable(quoted: bytes, by: str, code: int) -> bytes:
    return ipv4(icmp_error(quoted[:28], code=code), src=by, dst=A_POD, proto=1, ttl=62)


def refused_by(fired, packet: bytes, by: str, code: int, of_cluster: Cluster | None = None):
    """One packet of pod a that came to its node's card, and the error that came back there."""
    scene = chatter(Scene({}), 5, 15)
    scene.sees(10, packet, "a__lxca", "a__eth0")
    scene.sees(10.2, unreachable(packet, by, code), "a__eth0", "a__lxca")
    return fired(RULE, scene.analysed(of_cluster))


def datagram(sport: int, dport: int) -> bytes:
    return ipv4(udp(b"12345678", sport=sport, dport=dport), src=A_POD, dst=B_POD, proto=17, ttl=64)


def test_a_traceroute_and_a_late_dns_answer_are_no_news(fired):
    assert refused_by(fired, datagram(5000, 33_440), B_POD, 3) == []
    assert refused_by(fired, datagram(53, 40_000), B_POD, 3) == []
    (one,) = refused_by(fired, datagram(5000, 514), B_POD, 3)
    assert one.subject["node"] == "b" and "nothing listens on the port" in one.statement


def test_a_port_called_unreachable_has_other_causes_than_a_closed_one(fired):
    # RFC 9293, section 3.10.7.1: a closed TCP port answers with a reset, so that an ICMP error is a rule's.
    (one,) = refused_by(fired, ipv4(syn(514), src=A_POD, dst=B_POD, proto=6, ttl=64), B_POD, 3)
    assert "that is a rule's doing" in one.statement and "nothing listens" not in one.statement
    service = Service(namespace="d", name="s", cluster_ips=(B_POD,))
    told = replace(cluster(), pods=(), services=(service,))
    (one,) = refused_by(fired, datagram(5000, 514), B_POD, 3, told)
    assert "no backend that is ready" in one.statement and "nothing listens" not in one.statement


def test_an_address_that_is_on_every_node_names_none(fired):
    packet = ipv4(syn(), src=A_POD, dst=B_POD, proto=6, ttl=64)
    everywhere = replace(
        cluster(),
        nodes=tuple(replace(node, links=(*node.links, replace(node.links[0], index=90, name="eth9", mac="",
                                                               addresses=("10.0.2.15",))))
                    for node in cluster().nodes),
    )  # fmt: skip
    (one,) = refused_by(fired, packet, "10.0.2.15", 1, everywhere)
    assert one.subject["node"] is None and "10.0.2.15 refused" in one.statement
    (one,) = refused_by(fired, packet, R1_IP, 1, everywhere)
    assert one.subject["node"] == "r" and "ip neigh show" in one.remedy


def test_a_reset_in_the_middle_of_a_connection_is_no_refusal(fired):
    scene = chatter(Scene({}), 5, 15)
    data = ipv4(tcp(b"GET", sport=40_000, dport=80, flags=0x18, seq=5, ack=9), src=A_POD, dst=B_POD, proto=6)
    reset = ipv4(tcp(sport=80, dport=40_000, flags=4, seq=9), src=B_POD, dst=A_POD, proto=6)
    scene.sees(10, data, "a__lxca")
    scene.sees(10.2, reset, "a__lxca")
    assert fired(RULE, scene.analysed()) == []


@pytest.mark.parametrize(("port", "sure"), [(81, Confidence.PROVEN), (31_080, Confidence.LIKELY)])
def test_behind_a_node_port_there_stands_a_backend(fired, port, sure):
    whole = material(CASE).analysed()
    path = next(each for each in whole.paths if (each.flow.dst, each.flow.dport) == (lab.NEAR_NODE, 81))
    (one,) = fired(RULE, replace(whole, paths=(replace(path, flow=replace(path.flow, dport=port)),)))
    assert one.confidence is sure


def test_many_ports_of_one_host_are_one_finding(fired):
    scene = chatter(Scene({}), 5, 15)
    for number in range(30):
        way = list(WAY)
        for at, (point, ttl) in enumerate(way):
            packet = ipv4(syn(100 + number, 50_000 + number), src=A_POD, dst=B_POD, proto=6, ttl=ttl)
            scene.sees(10 + number * 0.1 + at * 0.01, packet, point)
        for at, (point, _) in enumerate(reversed(way)):
            reset = ipv4(tcp(sport=100 + number, dport=50_000 + number, flags=0x14, ack=6), src=B_POD, dst=A_POD,
                         proto=6, ttl=way[at][1])  # fmt: skip
            scene.sees(10.065 + number * 0.1 + at * 0.001, reset, point)
    (one,) = fired(RULE, scene.analysed())
    assert "30 connection attempts" in one.statement and "and 24 more" in one.statement
    assert "after they were asked; none of them ran into a timeout" in one.statement
    assert one.subject["dport"] is None and len(one.evidence) <= 12


def test_several_clients_of_one_port_are_one_finding_without_a_client_of_its_own(fired):
    whole = material(CASE).analysed()
    path = next(one for one in whole.paths if (one.flow.dst, one.flow.dport) == (lab.NEAR.ip, lab.CLOSED_PORT))
    other = replace(path, flow=replace(path.flow, src="172.20.0.121"))
    (one,) = fired(RULE, replace(whole, paths=(path, other)))
    assert one.subject["src"] is None and "172.20.0.88" in one.statement and "172.20.0.121" in one.statement


def test_a_host_that_calls_itself_was_refused_by_itself(fired):
    scene = Scene({})
    scene.sees(10, ipv4(syn(), src="127.0.0.1", dst="127.0.0.1", proto=6), "lo")
    reset = tcp(sport=80, dport=40_000, flags=0x14, ack=6)
    scene.sees(10.1, ipv4(reset, src="127.0.0.1", dst="127.0.0.1", proto=6), "lo")
    (one,) = fired(RULE, scene.analysed(Cluster()))
    assert one.statement.startswith("127.0.0.1 itself refused") and one.subject["node"] is None


def test_where_it_cannot_be_known_the_next_step_is_to_capture_at_the_pod(fired):
    found = of(fired(RULE, material(CASE).without(lab.NEAR_POD).analysed()), lab.NEAR.ip, lab.CLOSED_PORT)
    assert f"captools capture --pod default/{lab.NEAR.name}" in found.remedy


@pytest.mark.parametrize("half", [0, 1])
def test_with_half_of_the_points_it_names_the_same_or_nobody(fired, half):
    one = material(CASE)
    whole = {(each.subject["dst"], each.subject["dport"]): each for each in fired(RULE, CASE)}
    for point in sorted({source.point for source in one.sources})[half::2]:
        one = one.without(point)
    found = fired(RULE, one.analysed())
    assert found
    for each in found:
        known = whole[each.subject["dst"], each.subject["dport"]]
        assert each.subject["node"] in (None, known.subject["node"]), each.statement
        assert each.confidence is not Confidence.PROVEN or each.subject["node"] == known.subject["node"]


@pytest.mark.parametrize(
    "point", [f"k8s-w0/{lab.FAR.interface}", "k8s-w0/eth1", "k8s-w1/eth1", "router/eth1", "router/eth2"]
)
def test_with_a_point_less_nobody_else_is_named(fired, point):
    whole = {(each.subject["dst"], each.subject["dport"]): each.subject["node"] for each in fired(RULE, CASE)}
    for each in fired(RULE, material(CASE).without(point).analysed()):
        assert each.subject["node"] in (None, whole[each.subject["dst"], each.subject["dport"]]), each.statement


def test_what_leaves_by_a_file_that_names_no_node_is_nobodys(fired):
    whole = replace(material(CASE).analysed(), cluster=Cluster())
    path = next(one for one in whole.paths if (one.flow.dst, one.flow.dport) == (lab.NEAR_NODE, lab.CLOSED_PORT))
    loose = replace(path, refusal=replace(path.refusal, point="loose", direction="out"))
    (one,) = fired(RULE, replace(whole, paths=(loose,)))
    assert one.confidence is Confidence.LIKELY and "or somebody on the way in its name" in one.statement


def test_a_host_that_refuses_pings_itself_is_not_asked_for_its_sockets(fired):
    scene = Scene({})
    ping = ipv4(icmp_echo(b"x", ident=7, seq=1), src=A_POD, dst=B_POD, proto=1)
    for at, (point, ttl) in enumerate(WAY):
        scene.sees(
            10 + at * 0.001, ipv4(icmp_echo(b"x", ident=7, seq=1), src=A_POD, dst=B_POD, proto=1, ttl=ttl), point
        )
    for at, (point, _) in enumerate(reversed(WAY)):
        scene.sees(
            10.1 + at * 0.001, ipv4(icmp_error(ping, code=10), src=B_POD, dst=A_POD, proto=1, ttl=64 - at), point
        )
    (one,) = fired(RULE, scene.analysed())
    assert "itself refused" in one.statement and "nft list ruleset" in one.remedy
    assert "None" not in one.remedy and "ss -l" not in one.remedy
