"""retransmissions: everything arrived at last, and every packet that the router dropped is accounted for."""

from __future__ import annotations

import pyarrow.compute as pc

from captools.lab.board import score
from captools.lab.scenarios.retransmissions import CLIENT, EVERY, SCENARIO, SERVER, SIZE
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)
DROPPED_ABOVE = 1000


def test_everything_was_answered():
    flows = CASE.truth["truth"]["flows"]
    assert all(one["answered"] == one["sent"] and not one["error"] for one in flows)
    assert SIZE in {one["answer_bytes"] for one in flows}


def test_the_router_dropped_every_sixth_large_packet_and_all_of_them_are_told():
    one = material(SCENARIO.id)
    large = pc.and_(
        pc.equal(pc.cast(one.packets["point"], "string"), "router/eth2"),
        pc.greater(one.packets["ip_len"], DROPPED_ABOVE),
    )
    (path,) = (path for path in one.analysed().paths if path.losses)
    assert (path.flow.src, path.flow.dst) == (CLIENT.ip, SERVER.ip)
    assert [(loss.after, loss.before) for loss in path.losses] == [("router/eth2", "router/eth1")]
    came = len(one.packets.filter(large))
    # numgen counts from 0 and drops each whose remainder is half of EVERY.
    assert path.losses[0].packets == sum(1 for number in range(came) if number % EVERY == EVERY // 2)


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
