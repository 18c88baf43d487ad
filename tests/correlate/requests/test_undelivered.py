"""Answers that never arrived: the status stays what the server said, and what became of it is told beside it."""

from __future__ import annotations

import pytest

from captures import case
from tests.correlate.material import FINE, material


@pytest.mark.parametrize(("name", "place"), [
    ("mtu-black-hole", "between k8s-w0/eth1 and router/eth2"),
    ("broken-off", "between router/eth2 and router/eth1"),
])  # fmt: skip
def test_what_the_client_did_not_get_is_told_as_such(name, place):
    requests = material(name).analysed().requests
    flows = case(name).truth["truth"]["flows"]
    (failed,) = ((one["src"], one["sport"]) for one in flows if one["error"])
    cut = [one for one in requests if "never arrived" in one.note]
    assert [(one.client_leg.src, one.client_leg.sport) for one in cut if one.client_leg] == [failed]
    assert place in cut[0].note and cut[0].total_ns is None and cut[0].status == 200
    # The client says itself how many of its requests were answered.
    assert len(requests) - len(cut) == len(case(name).truth["truth"]["requests"])


@pytest.mark.parametrize("name", [FINE, "retransmissions", "mtu-icmp", "proxy-requests"])
def test_what_arrived_at_last_is_left_alone(name):
    assert not any("never arrived" in one.note for one in material(name).analysed().requests)


def test_without_the_points_behind_the_loss_the_place_is_not_told():
    one = material("mtu-black-hole")
    for point in ("router/eth2", "router/eth1", "k8s-ctr/eth1", "k8s-ctr/lxca72ed626ec04"):
        one = one.without(point)
    (cut,) = (request for request in one.analysed().requests if "never arrived" in request.note)
    assert "lost between" not in cut.note
