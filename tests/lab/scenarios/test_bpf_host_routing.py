"""eBPF host routing: nothing of curl-pod was seen going into a webpod, everything was answered, nothing is called lost."""

from __future__ import annotations

from captools.lab.scenarios.bpf_host_routing import SCENARIO
from captools.lab.topology import CURL_POD, WEBPODS
from captools.model.paths import Outcome
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)


def test_all_of_it_was_answered():
    flows = CASE.truth["truth"]["flows"]
    assert all(one["answered"] for one in flows) and {pod.ip for pod in WEBPODS} <= {one["dst"] for one in flows}


def test_the_captures_do_show_the_bypass():
    one = material(SCENARIO.id)
    rows, doors = one.sightings(), {f"{pod.node}/{pod.interface}": pod.ip for pod in WEBPODS}
    into = [at for at in range(len(rows)) if rows.address("dst", at) == doors.get(rows.point(at), "-")]
    assert into and CURL_POD.ip not in {rows.address("src", at) for at in into}
    out = [at for at in range(len(rows)) if rows.address("src", at) == doors.get(rows.point(at), "-")]
    assert CURL_POD.ip in {rows.address("dst", at) for at in out}


def test_every_path_is_delivered_and_no_packet_called_lost():
    paths = material(SCENARIO.id).analysed().paths
    assert {one.outcome for one in paths} == {Outcome.DELIVERED} and not any(one.losses for one in paths)


def test_there_is_no_finding_at_all():
    assert SCENARIO.expected == () and open_session([CASE.folder]).analysis.findings == ()
