from __future__ import annotations

import os
import signal
from functools import partial

import pytest

from captools.inventory.arping import read_arping
from captools.lab.announce import (
    CALLING,
    CARD,
    OPEN,
    announce,
    arping,
    hold,
    quieten,
    served,
    vanish,
    wait_for,
    withdraw,
)
from captools.lab.topology import LEADER, ROUTER, VIP_SHARED, Mode, mac_of, node_called
from captools.lab.truth import FlowTruth, RequestTruth, Truth
from captools.lab.waiting import wait_until
from captools.model.errors import CaptureFailed

SPARE = "192.168.10.215"  # of the pool, and nobody's
HEIR = "k8s-ctr"
AT = "2026-11-21T20:00:00.000000000Z"


def flow(sport: int, *, ended: str = AT, error: str = "", dst: str = VIP_SHARED) -> FlowTruth:
    return FlowTruth(proto="tcp", src="192.168.10.200", dst=dst, sport=sport, dport=80, started=AT, ended=ended, sent=1,
                     answered=1, error=error)  # fmt: skip


def request(port: int, remote: str) -> RequestTruth:
    return RequestTruth(
        client="192.168.10.200", client_port=port, address=VIP_SHARED, port=80, method="GET", path="/", status=200,
        started=AT, ended=AT, remote_addr=remote, remote_port=9, backend_ip="172.20.2.33",
    )  # fmt: skip


def test_a_connection_went_to_the_node_whose_proxy_asked_the_backend():
    truth = Truth(flows=(flow(1), flow(2)),
                  requests=(request(1, node_called(LEADER).ingress), request(2, node_called(HEIR).ingress)))  # fmt: skip
    told = served(truth, Mode.NATIVE)
    assert [one.way for one in told.flows] == [("router/eth1", f"{LEADER}/eth1"), ("router/eth1", f"{HEIR}/eth1")]
    assert [one.backend_way[0] for one in told.requests if one.backend_way] == [f"{LEADER}/eth1", f"{HEIR}/eth1"]


def test_one_that_broke_or_waited_has_no_one_way():
    late = "2026-11-21T20:00:03.000000000Z"
    truth = Truth(flows=(flow(1, error="reset"), flow(2, ended=late), flow(3), flow(4, dst="192.168.10.101")),
                  requests=(request(1, node_called(LEADER).ingress), request(2, node_called(HEIR).ingress)))  # fmt: skip
    ways = [one.way for one in served(truth, Mode.NATIVE).flows]
    assert ways[:3] == [None, None, None] and ways[3] == ("router/eth1", "k8s-w1/eth1")


@pytest.mark.lab
def test_a_node_answers_for_what_it_holds_and_for_nothing_else(lab_of):
    lab = lab_of(Mode.NATIVE)
    router, heir = lab.machine(ROUTER), lab.machine(HEIR)
    (before,) = read_arping(arping(router, "-c", "1", SPARE), "").arpings
    hold(heir, SPARE)
    announce(heir, SPARE)
    (held,) = read_arping(arping(router, "-c", "1", SPARE), "").arpings
    vanish(heir, SPARE)
    try:
        (dead,) = read_arping(arping(router, "-c", "1", SPARE), "").arpings
    finally:
        for family in ("arp", "ip"):
            heir.run(["nft", "delete", "table", family, "captools_dead"])
        withdraw(heir, SPARE)
    assert [one.macs for one in (before, held, dead)] == [(), (mac_of(HEIR, CARD),), ()]


@pytest.mark.lab
def test_neighbours_are_not_verified_again_in_a_short_case(lab_of):
    lab = lab_of(Mode.NATIVE)
    quieten(lab)
    setting = lab.machine(HEIR).run(["sysctl", "-n", f"net.ipv4.neigh.{CARD}.delay_first_probe_time"])
    assert int(setting) >= 60


@pytest.mark.lab
def test_a_machine_is_waited_for_until_its_client_calls(lab_of, monkeypatch):
    router = lab_of(Mode.NATIVE).machine(ROUTER)
    client = router.start(
        ["python3", "-c", f"import socket, time; one = socket.create_connection(('{VIP_SHARED}', 80)); time.sleep(20)"]
    )
    try:
        wait_for(router, VIP_SHARED, OPEN)
        monkeypatch.setattr("captools.lab.announce.wait_until", partial(wait_until, timeout_s=0.1))
        with pytest.raises(CaptureFailed, match="no connection"):
            wait_for(router, SPARE, CALLING)
    finally:
        os.killpg(client.pid, signal.SIGKILL)  # nsenter's child too
        client.communicate()
