"""lb-distribution: counts as the backends' own answers tell them, and chance only where it is a question."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from captools.findings.lb_distribution import MOST_SHARES, MOST_TOLD, SUSPICIOUS
from captools.model.cluster import Pod
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from captures import case
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material
from tests.correlate.services.balancing import PODS, VIP, Wire, cluster, direct

RULE = "lb-distribution"
S3, S3B = "s3-service-distribution", "s3b-socket-load-balancer"
MIXED = [PODS[at] for at in (0, 1, 2, 0, 1, 1, 0, 2, 2, 1, 0, 2, 1, 2, 0, 1, 0, 2)]


@pytest.mark.parametrize("name", [S3, S3B])
def test_the_counts_are_those_of_the_hostname_lines_in_the_answers(fired, name):
    (one,) = fired(RULE, name)
    told: Counter[str] = Counter()
    for share in case(name).truth["truth"]["shares"]:
        told[f"default/{share['backend_pod']}"] += len(share["ports"])
    said = {pod: int(number) for pod, number in re.findall(r"(default/webpod-[\w-]+) on \S+ (\d+) \(", one.statement)}
    assert said == dict(told) and sum(said.values()) >= 48
    assert one.severity is Severity.NOTE and "33 % each" in one.statement and "random" in one.statement


def test_with_the_service_on_the_wire_it_is_proven_without_it_likely(fired):
    (one,), (other,) = fired(RULE, S3), fired(RULE, S3B)
    assert (one.confidence, one.subject["vip"]) == (Confidence.PROVEN, "192.168.10.213")
    assert (other.confidence, other.subject.get("vip"), other.subject["dst"]) == (Confidence.LIKELY, None, None)
    assert other.subject["name"] == "default/webpod" and "without a service address on the wire" in other.statement
    assert "That default/webpod was meant is not on the wire" in other.statement


@pytest.mark.parametrize("name", [S1, S2, S8, S13, LEAK, FINE, "masquerade", "proxy-requests", "s6-vip-shared-port"])
def test_it_is_silent_where_nobody_chose_or_too_seldom(fired, name):
    assert fired(RULE, name) == []


def test_names_from_elsewhere_are_one_word_of_the_command(fired):
    wire = Wire().calls(*([PODS[0], PODS[1], PODS[1], PODS[0]] * 11))
    (one,) = fired(RULE, wire.analysed(cluster(name="web; reboot")))
    assert "-l 'kubernetes.io/service-name=web; reboot' -o yaml" in one.remedy


def test_of_very_many_backends_those_with_most_and_with_fewest_are_told(fired):
    pods = [f"10.0.9.{number}" for number in range(1, 31)]
    calls = [pod for number, pod in enumerate(pods) for _ in range(number)]
    (one,) = fired(RULE, Wire().calls(*calls).analysed(cluster(backends=tuple(pods))))
    half = MOST_SHARES // 2
    told = {pod for pod in pods if re.search(rf"{re.escape(pod)} (on \S+ )?\d+ \(", one.statement)}
    assert told == {*pods[:half], *pods[-half:]} and f"{len(pods) - MOST_SHARES} more" in one.statement


def test_usual_shares_are_called_nothing_unusual(fired):
    (one,) = fired(RULE, Wire().calls(*MIXED).analysed())
    assert (one.severity, one.remedy) == (Severity.NOTE, "") and "nothing unusual" in one.statement
    assert (one.subject["vip"], one.subject["name"], one.subject["node"]) == (VIP, "d/web", "lb")


def test_a_backend_that_never_gets_any_is_a_warning_where_the_policy_is_known(fired):
    wire = Wire().calls(*([PODS[0], PODS[1], PODS[1], PODS[0]] * 11))  # 2^44 of 3^44
    (one,) = fired(RULE, wire.analysed())
    assert (one.severity, one.confidence) == (Severity.WARNING, Confidence.LIKELY)
    assert "d/web-3 got none at all" in one.statement and "d/web-3 on n3 0 (0 %)" in one.statement
    assert "kubectl get endpointslices -n d -l kubernetes.io/service-name=web" in one.remedy and "on lb: " in one.remedy


def test_the_same_counts_are_a_note_where_the_policy_is_only_assumed(fired):
    wire = Wire().calls(*([PODS[0], PODS[1], PODS[1], PODS[0]] * 11))
    (one,) = fired(RULE, wire.analysed(replace(cluster(), config={})))
    assert one.severity is Severity.NOTE and "assumed" in one.statement and not one.remedy


def test_pods_called_by_their_own_addresses_are_no_skewed_service(fired):
    known = cluster()
    caller = Pod(namespace="d", name="caller", ip="10.0.1.9", node="n1", interface="lxc9")
    wire = direct(Wire(), "10.0.1.9", "n1__lxc9", *[PODS[0]] * 60, *[PODS[1]] * 2)
    (one,) = fired(RULE, wire.analysed(replace(known, pods=(*known.pods, caller))))
    assert one.severity is Severity.NOTE and one.confidence is Confidence.LIKELY and not one.remedy
    assert "look the same" in one.statement


def test_rare_shares_are_no_proof_of_a_fault(fired):
    wire = Wire().calls(*([PODS[0], PODS[1], PODS[1], PODS[0]] * 5))  # 2^20 of 3^20: once in some thousand runs
    (one,) = fired(RULE, wire.analysed())
    assert one.severity is Severity.NOTE and "rare, but no proof" in one.statement
    assert SUSPICIOUS == 1e-6  # DESIGN, section 8


def test_round_robin_is_no_lot_and_said_so(fired):
    (one,) = fired(RULE, Wire().calls(*(list(PODS) * 6)).analysed())
    assert one.severity is Severity.NOTE and "round robin" in one.statement and "No test of chance" in one.statement


@pytest.mark.parametrize("change", [{"sticky": True}, {"local_outside": True}])
def test_what_a_service_wishes_itself_is_no_skew(fired, change):
    wire = Wire().calls(*([PODS[0]] * 60))
    (one,) = fired(RULE, wire.analysed(cluster(**change)))
    assert one.severity is Severity.NOTE and "No test of chance" in one.statement and "33 %" not in one.statement


@pytest.mark.parametrize("name", [S3, S3B])
def test_with_any_half_of_the_points_taken_away_it_never_finds_a_skew(fired, name):
    whole = material(name)
    points = sorted(source.point for source in whole.sources if source.packets)
    truth = {pod.full_name for pod in whole.cluster.pods}
    for start in (0, 1):
        one = whole
        for point in points[start::2]:
            one = one.without(point)
        for found in fired(RULE, one.analysed()):
            assert found.severity is Severity.NOTE
            assert "No test of chance" in found.statement or "nothing unusual" in found.statement
            assert all(pod in truth for pod in re.findall(r"default/webpod-\w+-\w+", found.statement))


@pytest.mark.parametrize("point", ["k8s-w1/eth1", "router/eth1", "k8s-ctr/eth1"])
def test_one_missing_point_makes_no_skew_either(fired, point):
    for found in fired(RULE, material(S3).without(point).analysed()):
        assert found.severity is Severity.NOTE


def test_requests_of_a_route_are_held_against_its_weights(fired):
    (one,) = fired(RULE, "s15-canary-and-rate-limit")
    told = case("s15-canary-and-rate-limit").truth["truth"]["requests"][:40]
    canary = sum(request["backend_node"] == "k8s-w0" for request in told)
    assert one.severity is Severity.NOTE and one.subject["name"] == "HTTPRoute default/shop: prefix /"
    assert (
        f"default/shop-stable {40 - canary} (" in one.statement and f"default/shop-canary {canary} (" in one.statement
    )
    assert "Expected are default/shop-stable 90 % and default/shop-canary 10 %" in one.statement


def test_weights_that_the_proxy_does_not_keep_are_a_warning(fired):
    """The recorded requests, and a route that says the opposite of what the proxy was told."""
    one = material("s15-canary-and-rate-limit")
    routes = tuple(
        replace(route, rules=tuple(
            replace(rule, targets=tuple(replace(target, weight=100 - target.weight) for target in rule.targets)
                    if len(rule.targets) > 1 else rule.targets)
            for rule in route.rules
        ))
        for route in one.cluster.routes
    )  # fmt: skip
    (found,) = fired(RULE, replace(one, cluster=replace(one.cluster, routes=routes)).analysed())
    assert found.severity is Severity.WARNING and "that is no chance" in found.statement
    assert "kubectl get httproutes" in found.remedy


def test_of_very_many_services_skewed_ones_are_all_told_and_the_rest_together(fired):
    known = cluster()
    ports = tuple((8000 + number, 8000 + number) for number in range(20))
    several = tuple(replace(known.services[0], name=f"web-{port}", ports=((port, port),)) for port, _ in ports)
    wire = Wire()
    for port, _ in ports:
        skewed = port == 8007
        wire.calls(*([PODS[0]] * 36 if skewed else MIXED[:15]), port=port, target=port)
    found = fired(RULE, wire.analysed(replace(known, services=several)))
    assert [one.subject["name"] for one in found if one.severity is Severity.WARNING] == ["d/web-8007"]
    (rest,) = [one for one in found if "more services" in one.statement]
    assert len(found) == MOST_TOLD + 1 and "Of 8 more services" in rest.statement and rest.evidence
