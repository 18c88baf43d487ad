"""tls-passthrough: one ClientHello on two connections."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.lab.scenarios.s12_tls_passthrough import SCENARIO
from captools.lab.topology import WEBPODS
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from tests.correlate.material import FINE, S8, material
from tests.correlate.requests.stage import CLUSTER, FRONT, client_hello, server_hello
from tests.correlate.talk import read

RULE, S12 = "tls-passthrough", SCENARIO.id


def test_one_name_is_one_note_with_its_backend_and_the_source_that_this_one_sees(fired):
    found = {one.subject["name"]: one for one in fired(RULE, S12)}
    assert set(found) == {"vault.lab.test", "store.lab.test"}
    assert {(one.severity, one.confidence) for one in found.values()} == {(Severity.NOTE, Confidence.PROVEN)}
    vault, store = found["vault.lab.test"], found["store.lab.test"]
    assert vault.subject["pod"] == f"default/{WEBPODS[2].name}" and store.subject["pod"] == f"default/{WEBPODS[1].name}"
    assert "172.20.1.35" in vault.statement and "172.20.1.12" in store.statement
    assert (vault.subject["src"], store.subject["src"]) == (None, "192.168.10.200")
    assert "2 connections of router (192.168.10.200) and k8s-ctr (192.168.10.100)" in vault.statement
    assert vault.subject["vip"] == store.subject["vip"] == "192.168.10.211"


def test_its_frames_are_the_hello_on_both_legs(fired):
    found = fired(RULE, S12)
    assert found
    for one in found:
        shows = {proof.shows for proof in one.evidence}
        assert shows == {
            "the ClientHello of the client leg", "the same ClientHello, with the same random, on the backend leg",
        }  # fmt: skip


def test_tls_that_ends_at_the_proxy_beside_it_is_not_among_them(fired):
    found = fired(RULE, "proxy-tls")
    assert {one.subject["name"] for one in found} == {"passed.lab.test"} and len(found) == 1


@pytest.mark.parametrize("name", [S8, FINE, "s11-tls-terminated"])
def test_it_is_silent_where_no_hello_is_passed_on(fired, name):
    assert fired(RULE, name) == []


def test_a_client_that_sends_the_same_hello_again_is_not_passed_on(fired):
    first, second = replace(FRONT, dport=443), replace(FRONT, dport=443, sport=FRONT.sport + 1)
    hello = client_hello(b"1" * 32, "shop", "h2")
    frames = [first.ask(0, hello), first.answer(1, server_hello(b"a" * 32)), second.ask(2, hello),
              second.answer(3, server_hello(b"b" * 32))]  # fmt: skip
    assert fired(RULE, read(k8s_w1__eth1=frames).analysed(CLUSTER)) == []


@pytest.mark.parametrize("gone", [("k8s-w1/eth1", "router/eth2"), ("router/eth1", "k8s-w0/eth1")])
def test_with_half_of_the_points_each_note_still_names_the_right_pod(fired, gone):
    session = material(S12)
    for point in gone:
        session = session.without(point)
    pods = {"vault.lab.test": WEBPODS[2].name, "store.lab.test": WEBPODS[1].name}
    for one in fired(RULE, session.analysed()):
        assert one.subject["pod"] == f"default/{pods[one.subject['name']]}"


def test_from_the_clients_side_alone_nobody_can_tell(fired):
    session = material(S12)
    for source in session.sources:
        if source.point != "k8s-ctr/eth1":
            session = session.without(source.point)
    assert len(session.tls) and fired(RULE, session.analysed()) == []
