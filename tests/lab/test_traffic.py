from __future__ import annotations

import time

import pytest

from captools.lab.topology import CURL_POD, ROUTER, Mode, webpod_on
from captools.lab.traffic import background, bulk, health, health_pairs, http, ping, pings

pytestmark = pytest.mark.lab


def test_a_call_that_times_out_still_knows_its_own_port(lab_of, watch):
    lab = lab_of(Mode.NATIVE_BROKEN)
    target = webpod_on("k8s-w0").ip
    with watch(lab.machine(ROUTER), "eth0", "tcp") as seen:
        truth = http(lab.machine(CURL_POD.name), target, "/", timeout_s=0.5)
    flow = truth.flows[0]
    assert (flow.answered, flow.error) == (0, "timeout")
    assert f"IP 172.20.0.88.{flow.sport} > 172.20.2.33.80: Flags [S]" in seen.text


def test_two_requests_share_one_connection_when_asked_to(lab_of):
    truth = http(lab_of(Mode.NATIVE).machine(CURL_POD.name), webpod_on("k8s-w1").ip, "/one", "/two")
    assert len(truth.flows) == 1 and truth.flows[0].answered == 2
    assert [request.path for request in truth.requests] == ["/one", "/two"]
    assert {(request.client_port, request.remote_port) for request in truth.requests} == {(truth.flows[0].sport,) * 2}


def test_a_refused_connection_is_told_from_a_silent_one(lab_of):
    lab = lab_of(Mode.NATIVE)
    flow = http(lab.machine(CURL_POD.name), webpod_on("k8s-w1").ip, "/", port=81).flows[0]
    assert (flow.answered, flow.error) == (0, "ECONNREFUSED")


def test_a_bulk_answer_is_counted_to_the_byte(lab_of):
    truth = bulk(lab_of(Mode.NATIVE).machine(CURL_POD.name), webpod_on("k8s-w0").ip, 123_456)
    assert truth.flows[0].answer_bytes == 123_456
    assert truth.requests[0].backend_pod == webpod_on("k8s-w0").name


@pytest.mark.parametrize("mode", [Mode.NATIVE_BROKEN, Mode.WIREGUARD])
def test_health_pings_are_answered_on_every_wire_while_a_scenario_runs(lab_of, mode):
    lab = lab_of(mode)
    collected = []
    with health(lab, collected):
        ping(lab.machine(CURL_POD.name), webpod_on("k8s-w1").ip, identifier=960, count=3)
    flows = collected[0].flows
    assert len(flows) == len(health_pairs(lab))
    assert all(flow.purpose == "health" and flow.answered >= 2 for flow in flows)
    assert len({flow.icmp_id for flow in flows}) == len(flows)


def test_health_pings_end_even_when_the_scenario_fails(lab_of):
    lab = lab_of(Mode.NATIVE)
    collected = []
    with pytest.raises(RuntimeError, match="on purpose"), health(lab, collected):
        raise RuntimeError("on purpose")
    assert collected == []
    assert "ping.py" not in lab.machine("k8s-ctr").run(["ps", "-eo", "args"])


def test_pings_from_several_machines_run_at_the_same_time(lab_of):
    lab, called = lab_of(Mode.NATIVE), []
    runs = [(lab.machine(CURL_POD.name), webpod_on(node).ip, 970 + at) for at, node in enumerate(("k8s-w1", "k8s-w0"))]
    told = pings(runs, count=3, interval_s=0.2, meanwhile=lambda: called.append(True))
    assert [(one.flows[0].dst, one.flows[0].icmp_id, one.flows[0].answered) for one in told] == [
        ("172.20.1.108", 970, 3), ("172.20.2.33", 971, 3),
    ]  # fmt: skip
    assert called == [True] and told[1].flows[0].started < told[0].flows[0].ended


def test_pings_in_the_background_go_on_as_long_as_the_block(lab_of):
    told = []
    with background([(lab_of(Mode.NATIVE).machine(CURL_POD.name), webpod_on("k8s-w1").ip, 975, "")], told, 0.05):
        time.sleep(0.5)
    (flow,) = told[0].flows
    assert flow.purpose == "test" and flow.answered >= 3
