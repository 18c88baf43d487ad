from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s03b_socket_load_balancer import CALLS, NAME, SCENARIO, SERVICE
from captools.lab.topology import CURL_POD, WEBPODS
from captools.model.evidence import Confidence
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)
SHARES = CASE.truth["truth"]["shares"]


def test_the_pod_called_the_service_and_every_webpod_answered_it_and_saw_the_pod():
    assert {(one["client"], one["address"], one["seen_src"]) for one in SHARES} == {(CURL_POD.ip, SERVICE, CURL_POD.ip)}
    assert {one["backend_pod"] for one in SHARES} == {pod.name for pod in WEBPODS}
    assert sum(len(one["ports"]) for one in SHARES) == CALLS


def test_no_packet_has_the_services_address():
    rows = material(SCENARIO.id).sightings()
    assert SERVICE not in rows.addresses and CURL_POD.ip in rows.addresses


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told


def test_no_translation_is_claimed_and_the_shares_are_the_backends_own_words():
    services = material(SCENARIO.id).analysed().services
    assert services.frontends == () and services.masquerades == ()
    (one,) = services.distributions
    assert (one.name, one.confidence) == (NAME, Confidence.LIKELY)
    assert {share.address: share.count for share in one.shares} == {
        each["backend_ip"]: len(each["ports"]) for each in SHARES
    }
