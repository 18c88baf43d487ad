"""Notes on a path: each fact once, in one sentence, with its frames and its doubt."""

from __future__ import annotations

from dataclasses import replace

from captools.model.cluster import Cluster
from captools.model.evidence import Confidence, Evidence
from captools.model.flows import Flow
from captools.model.paths import Asymmetry, Change, Detour, Expected, Hop, Loss, Outcome, Path, Way
from captools.views.path_notes import notes, origin

PROOF = Evidence(point="a/eth0", file="a.pcap", sha256="", frames=(12, 15), shows="")
LOSS = Loss(way=Way.FORWARD, after="a/eth0", before="b/eth0", packets=2, resent=2, evidence=(PROOF,))
HOP = Hop(
    point="a/eth0", way=Way.FORWARD, direction="out", src="10.0.1.5", dst="10.0.2.5", sport=None, dport=None,
    outer_src=None, outer_dst=None, vni=1002, identity="k8s:app=b", ttl=63, change=Change.ENCAPSULATED, ts_ns=1,
    delay_ns=None, delay_error_ns=None, confidence=Confidence.PROVEN, sender_identity=1001,
)  # fmt: skip
PATH = Path(
    flow=Flow("10.0.1.5", "10.0.2.5", 1), packets=3, outcome=Outcome.DELIVERED, reason="", last_seen="", hops=()
)
UNSEEN = Expected(point="b/eth0", way=Way.FORWARD, why="its route", seen=False)


def told(**changes: object) -> list[str]:
    return notes(replace(PATH, **changes), Cluster(identities={1001: ("k8s:app=a",)}))  # type: ignore[arg-type]


def test_nothing_to_say_is_nothing_said():
    assert told(expected=(replace(UNSEEN, seen=True),)) == []


def test_an_address_of_many_nodes_is_that_of_the_node_the_packet_was_first_seen_leaving():
    assert origin(replace(PATH, hops=(HOP,))) == "a"
    assert origin(replace(PATH, hops=(replace(HOP, direction="in"),))) == ""
    assert origin(replace(PATH, hops=(replace(HOP, point="loose"),))) == origin(PATH) == ""


def test_a_loss_tells_where_how_many_which_frames_and_whether_it_is_sure():
    assert told(losses=(LOSS,)) == [
        "2 packets of the request way lost between a/eth0 and b/eth0 (frame 12, 15 at a/eth0), sent again"
    ]
    doubtful = replace(LOSS, resent=0, packets=1, blind="b/eth0 has no counts", way=Way.REPLY)
    assert told(losses=(doubtful,)) == [
        "1 packet of the answer way perhaps lost between a/eth0 and b/eth0 (frame 12, 15 at a/eth0); b/eth0 has no counts"
    ]
    (caused,) = told(losses=(replace(LOSS, blind="x", cause="r sent ICMP type 3 code 4 about it"),))
    assert "perhaps" not in caused and caused.endswith(": r sent ICMP type 3 code 4 about it")


def test_each_kind_of_detour_has_its_words():
    ways = [
        Detour(kind=Asymmetry.INTERFACE, node="r", forward=("r/eth1",), reply=("r/eth3",)),
        Detour(kind=Asymmetry.DIRECT_RETURN, node="e", forward=("e/eth0",), reply=()),
        Detour(kind=Asymmetry.NODE, node="q", forward=(), reply=("q/eth0",)),
    ]
    assert told(detours=tuple(ways)) == [
        "the way back differs: the request crosses r/eth1, the answer r/eth3 in its place",
        "the answer does not return through e, which gave the request on",
        "the way back differs: q is crossed by the answer only, not by the request",
    ]


def test_a_strangers_vni_names_both_identities():
    assert told(hops=(HOP,)) == [
        "at a/eth0 the VNI is 1002 (k8s:app=b), but the inventory gives 10.0.1.5 the identity 1001 (k8s:app=a)"
    ]


def test_a_point_that_should_have_seen_it_is_named_and_one_that_could_not_only_where_it_matters():
    assert told(expected=(UNSEEN,)) == [
        "the request was expected at b/eth0 (its route) and not seen, where it would have been seen"
    ]
    blind = replace(UNSEEN, blind="b/eth0 was not captured")
    assert told(expected=(blind,)) == []
    assert told(expected=(blind,), outcome=Outcome.UNKNOWN) == [
        "the request was expected at b/eth0 (its route) and not seen; b/eth0 was not captured"
    ]


def test_many_of_a_kind_are_cut_short():
    many = tuple(replace(UNSEEN, point=f"n{at}/eth0") for at in range(9))
    assert len(told(expected=many)) == 5 and told(expected=many)[-1] == "and 5 more like that"


def test_behind_where_it_was_lost_nothing_was_to_be_seen_and_the_reason_is_not_said_twice():
    assert told(expected=(UNSEEN,), outcome=Outcome.LOST) == []
    assert told(expected=(UNSEEN,), outcome=Outcome.UNKNOWN, reason="last seen at a/eth0, but b/eth0 failed") == []
