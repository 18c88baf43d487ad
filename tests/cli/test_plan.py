"""The printed plan and its JSON form."""

from __future__ import annotations

import json
from dataclasses import replace

from jsonschema import Draft202012Validator

from captools.cli.plan import plan_document, plan_text
from captools.collect.planning.asked import read_url
from captools.collect.planning.plan import plan_capture
from captools.collect.request import CaptureRequest
from captools.collect.spooling import SpoolWish
from captools.collect.targets import Target
from captools.lab.topology import LEADER, VIP_SHARED, webpod_on
from captools.views.schemas import schema
from tests.collect.recorded import cluster, recorded

CASE = "s10-l7-routing"
TARGETS = tuple(
    Target(name=name, role="router" if name == "router" else "node")
    for name in ("k8s-ctr", "k8s-w1", "k8s-w0", "router")
)
FACTS = {
    name: replace(facts, ssh_connection=f"192.0.2.9 50122 10.77.0.{last} 22")
    for last, (name, facts) in enumerate(recorded(CASE)[0].items(), start=1)
}


def made(**wishes):
    request = CaptureRequest(targets=TARGETS, **wishes)
    return plan_capture(request, FACTS, cluster(CASE)), request


def test_the_text_names_each_point_with_role_reason_and_memory():
    plan, request = made(asked=read_url(f"http://{VIP_SHARED}/exact", "paths.lab.test"))
    text = plan_text(plan, request, {"k8s-w9": "k8s-w9: no answer"})
    lines = text.splitlines()
    assert lines[0].endswith(f"along http://{VIP_SHARED}/exact") and lines[0].startswith("plan: ")
    leader = next(line for line in lines if line.startswith(f"  {LEADER}: "))
    assert "rings 256 MiB" in leader and "spool at most 1 GiB" in leader
    assert f"it announces {VIP_SHARED} (the address is on it)" in text
    assert f"filter 1: {plan.road.filter}" in text and f"why: {plan.road.filter_why}" in text
    assert "left out (the way home): tcp and host 192.0.2.9 and host 10.77.0.1 and port 22" in text
    assert "k8s-w9: not reached: k8s-w9: no answer" in text


def test_a_ring_says_what_it_keeps():
    plan, request = made(interfaces=("eth1",), spool=SpoolWish(ring_bytes=512 << 20, keep_s=600))
    assert "keeps the newest 512 MiB of the last 10m" in plan_text(plan, request)


def test_a_node_with_nothing_and_what_was_not_found_are_said():
    gone = f"default/{webpod_on('k8s-w1').name}"
    plan, request = made(pods=(gone,), interfaces=("k8s-ctr/eth9",))
    text = plan_text(plan, request)
    assert "  router: nothing that was asked for is there" in text
    assert "not found: k8s-ctr: no interface 'eth9'; it has lo, " in text


def test_escape_codes_from_a_node_do_not_reach_the_terminal():
    facts = dict(FACTS)
    evil = replace(facts["router"].interfaces[1], name="eth9\x1b[2J")
    facts["router"] = replace(facts["router"], interfaces=(evil,))
    request = CaptureRequest(targets=TARGETS, interfaces=("eth9*",))
    assert "\x1b" not in plan_text(plan_capture(request, facts, cluster(CASE)), request)


def test_the_json_form_holds_the_whole_plan():
    plan, request = made(asked=read_url(f"http://{VIP_SHARED}/"))
    document = json.loads(json.dumps(plan_document(plan, request)))
    assert document["schema"] == 1 and document["request"]["addresses"] == [VIP_SHARED]
    router = next(one for one in document["nodes"] if one["node"] == "router")
    assert [point["interface"] for point in router["points"]] == ["eth0", "eth1", "eth2"]
    assert router["points"][0]["filter"] == document["request"]["filter"] != ""
    assert router["points"][0]["argv"][0] == "tcpdump" and len(router["points"][0]["excluded"]) == len(FACTS)
    assert plan_document(*made())["request"] is None


def test_the_json_form_is_what_its_schema_says_and_no_key_may_be_renamed():
    plan, request = made(asked=read_url(f"http://{VIP_SHARED}/"), interfaces=("eth9",))
    document = json.loads(json.dumps(plan_document(plan, request, {"w9": "no answer"})))
    judge = Draft202012Validator(schema("plan"))
    judge.validate(document)
    judge.validate(json.loads(json.dumps(plan_document(*made()))))
    router = next(one for one in document["nodes"] if one["node"] == "router")
    for holder in (document, document["request"], router, router["points"][0], router["missing"][0]):
        for key in list(holder):
            value = holder.pop(key)
            assert not judge.is_valid(document), key
            holder[key] = value
