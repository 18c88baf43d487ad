"""Everything together: what is told of connections through a balancing node, of a part of the session, of a proxy's own."""

from __future__ import annotations

from captools.correlate.analyse import analyse
from captools.model.evidence import Confidence
from tests.correlate.material import S8, material
from tests.correlate.services.balancing import PODS, VIP, Wire, cluster

MIXED = [PODS[at] for at in (0, 1, 2, 0, 1, 1, 0, 2, 2, 1, 0, 2, 1, 2, 0, 1, 0, 2)]


def test_connections_through_a_node_are_shared_out_among_all_backends_of_the_service():
    (one,) = Wire().calls(*MIXED).analysed().services.distributions
    assert (one.what, one.name, one.address, one.port, one.node) == ("connection", "d/web", VIP, 80, "lb")
    assert (one.confidence, one.unseen, [share.count for share in one.shares]) == (Confidence.PROVEN, 0, [6, 6, 6])
    assert one.points == ("lb/eth0", "lb/eth1") and one.evidence and one.chance is not None


def test_backends_that_no_inventory_knows_are_those_that_were_seen():
    (one,) = Wire().calls(*MIXED).analysed(cluster(backends=())).services.distributions
    assert len(one.shares) == 3


def test_a_backend_that_was_not_seen_makes_it_less_sure():
    wire = Wire().calls(*MIXED).call(PODS[0], behind=None)
    (one,) = wire.analysed().services.distributions
    assert (one.confidence, one.unseen, one.chance) == (Confidence.LIKELY, 1, None)


def test_of_a_choice_of_conversations_nothing_is_held_against_chance():
    read = Wire().calls(*MIXED).read()
    part = analyse(read.packets, read.http, read.sources, cluster(), chosen="only the odd half was looked at")
    (one,) = part.services.distributions
    assert (one.chance, one.untested) == (None, "only the odd half was looked at")


def test_a_content_filter_may_have_chosen_by_backend():
    (one,) = Wire().calls(*MIXED).analysed(match="web-1").services.distributions
    assert one.chance is None and "content filter" in one.untested


def test_connections_of_a_proxy_are_its_own_choice_and_no_service_is_translated():
    assert material(S8).analysed().services.frontends == ()
    assert material(S8).analysed().services.distributions == ()
