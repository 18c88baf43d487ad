"""Service addresses as packets show them, and sources that were hidden."""

from __future__ import annotations

from captools.correlate.services.frontends import callers
from captools.model.cluster import Cluster
from tests.correlate.services.balancing import CLIENT, LB, OTHER, PODS, VIP, Wire


def test_an_address_stands_for_the_backends_that_connections_to_it_reached():
    wire = Wire().calls(PODS[0], PODS[1], PODS[0], source=LB).call(PODS[0], client=OTHER)
    (front,) = wire.analysed().services.frontends
    assert (front.address, front.port, front.service, front.nodes, front.node) == (VIP, 80, "d/web", ("lb",), "lb")
    assert [(one.ip, one.port, one.pod, one.node, len(one.connections)) for one in front.backings] == [
        (PODS[0], 80, "d/web-1", "n1", 3), (PODS[1], 80, "d/web-2", "n2", 1),
    ]  # fmt: skip
    assert (front.connections, front.unseen, front.clients) == (4, 0, ((CLIENT, 3), (OTHER, 1)))


def test_two_ports_of_one_address_are_two_services():
    wire = Wire().call(PODS[0]).call(PODS[1], port=8080, target=9080)
    fronts = wire.analysed().services.frontends
    assert [(one.port, one.service, one.backings[0].ip) for one in fronts] == [
        (80, "d/web", PODS[0]), (8080, "", PODS[1]),
    ]  # fmt: skip


def test_a_connection_seen_on_the_clients_side_only_is_counted_as_unseen():
    (front,) = Wire().call(PODS[0]).call(PODS[1], behind=None).analysed().services.frontends
    assert (front.connections, front.unseen) == (1, 1)


def test_an_address_whose_translation_nobody_saw_is_not_told():
    assert Wire().call(PODS[1], behind=None).analysed().services.frontends == ()


def test_packets_alone_tell_it_where_no_inventory_does():
    (front,) = Wire().call(PODS[0]).analysed(Cluster()).services.frontends
    assert (front.service, front.backings[0].pod, front.backings[0].node) == ("", "", "")


def test_a_source_that_alone_was_rewritten_is_a_masquerade_and_no_service():
    wire = Wire().call(OTHER, client=PODS[0], vip=OTHER, source=LB, sport=61_000).call(PODS[1])
    found = wire.analysed().services
    (one,) = found.masquerades
    assert (one.node, one.address, [each.flow.src for each in one.connections]) == ("lb", LB, [PODS[0]])
    assert [front.address for front in found.frontends] == [VIP]


def test_a_source_that_was_rewritten_with_the_destination_is_the_balancers_work():
    assert Wire().call(PODS[0], source=LB).analysed().services.masquerades == ()


def test_callers_are_listed_by_how_often_they_called():
    assert callers(["b", "a", "b", "c"]) == (("b", 2), ("a", 1), ("c", 1))
