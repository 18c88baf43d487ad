from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s10_l7_routing import SCENARIO
from captools.lab.topology import WEBPODS
from captools.pipeline import open_session
from captools.views.routing import routing
from captools.views.story import of_request
from captures import case

CASE = case(SCENARIO.id)
TOLD = CASE.truth["truth"]["requests"]
CTR, W1, W0 = (pod.name for pod in WEBPODS)


def test_each_rule_sends_to_its_own_backend_and_near_misses_do_not():
    served = [(one["address"], one["path"], one["status"], one["backend_pod"]) for one in TOLD]
    ingress, gateway = "192.168.10.211", "192.168.10.212"
    assert served == [
        (ingress, "/exact", 200, CTR), (ingress, "/exact/1", 200, W1), (ingress, "/prefix/a", 200, W0),
        (ingress, "/prefixed", 200, W1), (ingress, "/item/42", 200, CTR), (ingress, "/item/4x", 200, W1),
        (ingress, "/exact", 404, ""),
        (gateway, "/v1/list", 200, CTR), (gateway, "/v10", 200, W1), (gateway, "/?preview=1", 200, W0),
        (gateway, "/", 200, W0), (gateway, "/v1/list", 200, CTR),
    ]  # fmt: skip


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told


def test_the_view_tells_which_backend_served_which_host_path_header_and_query():
    rows = routing(open_session([CASE.folder]).analysis)
    assert sum(one.requests for one in rows) == len(TOLD)
    asked = {(one.host, path, one.asked_with): one for one in rows for path in one.asked}
    pod = f"default/{W0} on k8s-w0"
    beta, preview = (
        asked["shop.lab.test", "GET /", ("x-version: beta",)],
        asked["shop.lab.test", "GET /", ("?preview=1",)],
    )
    assert beta.served == preview.served == ((pod, 1),)
    assert beta.rule == "HTTPRoute default/shop: prefix /, header x-version=beta"
    default = asked["paths.lab.test", "GET /prefixed", ()]
    assert default.asked == ("GET /exact/1", "GET /prefixed", "GET /item/4x")
    assert (default.rule, default.goes_to) == ("Ingress default/paths: prefix /", ("default/storefront",))
    nobody = asked["other.lab.test", "GET /exact", ()]
    assert (nobody.rule, nobody.served, nobody.as_configured) == ("no rule fits", (("the proxy itself", 1),), None)
    assert all(one.as_configured for one in rows if one is not nobody)


def test_the_story_of_a_request_names_the_rule_that_sent_it():
    analysis = open_session([CASE.folder]).analysis
    told = [line for one in analysis.requests for line in of_request(analysis, one) if "routed by" in line]
    assert (
        len(told) == len(TOLD) - 1
        and "  routed by Ingress default/paths: regex /item/[0-9]+, to default/catalog" in told
    )
