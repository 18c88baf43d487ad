"""Everything that correlation says of the reference cases is true; and the table that says so can tell what is not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from captools.model.evidence import Confidence, Evidence
from captools.model.paths import Change, Hop, Way
from captures import case, cases
from tests.agreement.answers import answers
from tests.agreement.links import (
    KINDS,
    Judged,
    anything_wrong,
    judge,
    judge_changes,
    judge_clocks,
    judge_joins,
    judge_links,
    judge_ways,
    main,
    printed,
)
from tests.agreement.seen import Ends, Frames, Place, Seen, frames_of, sure_links
from tests.agreement.telling import HOP_BY_HOP, analysed
from tests.depth import quick

QUICK = ("masquerade",)
PROXIED = {"proxy-requests": 10, "s8-ingress-dedicated-snat": 8, "demo-skewed": 3}  # case -> joins, at least
# Three minutes of the same few pings in WireGuard: by sizes alone many datagrams fit many packets.
WEAK = {"wireguard-rekey": 3}
POD = Ends(6, "172.20.0.88", "172.20.1.108", 40000, 80)
NODE = Ends(17, "192.168.10.100", "192.168.10.101", 51871, 51871)
HEADER, DATA_OF_84 = 28, 16 + 96 + 16  # IP and UDP; a message with a packet of 84 bytes, padded to 96


@cache
def judged(name: str) -> Judged:
    return judge(case(name))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in quick(HOP_BY_HOP, [one.name for one in cases()])
    ],
)
def test_nothing_that_is_said_of_a_reference_case_is_wrong_and_nothing_is_missing(name: str) -> None:
    found = judged(name)
    print(printed({name: found}, say=True))
    assert {kind: (count.wrong, count.missing) for kind, count in found.items()} == {kind: ([], []) for kind in KINDS}
    assert found["links"].right > 120 and found["changes"].right > 70 and found["ways"].right >= 10
    assert found["clocks"].right == 3 and found["joins"].right >= PROXIED.get(name, 0)
    weak = found["links"].unsure + found["links"].doubtful
    assert weak < found["links"].right / WEAK.get(name, 50), "the truth has become too weak to judge by"


def seen(point: str, frame: int, *, ends: Ends = POD, numbers: tuple[object, ...] = (7,), ttls: tuple[int, ...] = (64,),
         data: tuple[int, int] | None = None, sealed: tuple[str, int, int] | None = None, ts_ns: int = 0,
         ip_len: int = 84) -> Seen:  # fmt: skip
    return Seen(
        place=(point, frame), ts_ns=ts_ns, shown=ends, ends=ends, ttls=ttls, numbers=numbers, data=data, sealed=sealed,
        ip_len=ip_len,
    )  # fmt: skip


def frames(*some: Seen) -> Frames:
    return {one.place: one for one in some}


def hop(point: str, *numbers: int, change: Change = Change.NONE) -> Hop:
    proof = Evidence(point=point, file="", sha256="", frames=numbers, shows="")
    return Hop(
        point=point, way=Way.FORWARD, direction=None, src="", dst="", sport=None, dport=None, outer_src=None,
        outer_dst=None, vni=None, identity=None, ttl=None, change=change, ts_ns=0, delay_ns=None, delay_error_ns=None,
        confidence=Confidence.PROVEN, evidence=(proof,),
    )  # fmt: skip


def test_equal_numbers_are_one_packet_only_where_they_stand_once_at_both_points() -> None:
    some = frames(seen("a/x", 1), seen("b/x", 1), seen("c/x", 1), seen("c/x", 2))
    sure = sure_links(some)
    assert sure.links == {frozenset({("a/x", 1), ("b/x", 1)})} and sure.doubtful == 2
    assert sure_links(frames(seen("a/x", 1), seen("b/x", 1, ends=replace(POD, sport=40001)))).links == set()


def test_frames_with_the_same_bytes_are_linked_however_they_are_cut_unless_bytes_came_twice() -> None:
    whole, first, second = (
        seen("a/x", 1, data=(100, 50)),
        seen("b/x", 1, data=(100, 30)),
        seen("b/x", 2, data=(130, 20)),
    )
    assert sure_links(frames(whole, first, second)).links == {frozenset({("a/x", 1), ("b/x", n)}) for n in (1, 2)}
    again = seen("b/x", 3, data=(120, 10))
    sure = sure_links(frames(whole, first, second, again))
    assert (sure.links, sure.doubtful) == (set(), 3)


def test_bytes_that_came_twice_are_told_apart_by_all_numbers_of_their_frames() -> None:
    some = [seen(point, at, data=(100, 50), numbers=(at,)) for point in ("a/x", "b/x") for at in (1, 2)]
    lost = seen("a/x", 3, data=(100, 50), numbers=(3,))
    sure = sure_links(frames(*some, lost))
    assert sure.links == {frozenset({("a/x", at), ("b/x", at)}) for at in (1, 2)} and sure.doubtful == 1


def test_datagrams_seal_the_packets_of_their_node_in_order_where_count_and_sizes_agree() -> None:
    packets = [seen("k8s-ctr/cilium_wg0", n, numbers=(n,), ts_ns=n) for n in (1, 2)]
    datagrams = [
        seen("k8s-ctr/eth1", n, ends=NODE, numbers=("wg", n), sealed=("0xa", n, DATA_OF_84)) for n in (1, 2)
    ]  # fmt: skip
    links = {frozenset({("k8s-ctr/cilium_wg0", n), ("k8s-ctr/eth1", n)}) for n in (1, 2)}
    assert sure_links(frames(*packets, *datagrams)).links == links
    assert sure_links(frames(packets[0], *datagrams)).links == set(), "one packet too few"
    assert sure_links(frames(packets[0], replace(packets[1], ip_len=120), *datagrams)).links == set(), "another size"


def judged_links(some: Frames, hops: dict[Place, tuple[Hop, ...]]) -> tuple[int, int, int, int]:
    count = judge_links(hops, some, sure_links(some))
    assert count.doubtful == 0
    return count.right, len(count.wrong), len(count.missing), count.unsure


def test_a_link_is_right_wrong_missing_or_known_to_nobody() -> None:
    some = frames(seen("a/x", 1), seen("b/x", 1), seen("a/x", 2, numbers=(8,)), seen("b/x", 2, numbers=(8,)),
                  seen("c/x", 1, numbers=(9,)), seen("d/x", 1, numbers=(10,)),
                  seen("d/x", 2, ends=replace(POD, sport=1)))  # fmt: skip
    a1, c1 = ("a/x", 1), ("c/x", 1)
    assert judged_links(some, {a1: (hop("a/x", 1), hop("b/x", 1))}) == (1, 0, 1, 0)
    assert judged_links(some, {a1: (hop("a/x", 1), hop("b/x", 2))}) == (0, 1, 2, 0)
    assert judged_links(some, {c1: (hop("c/x", 1), hop("d/x", 1))}) == (0, 0, 2, 1)
    assert judged_links(some, {c1: (hop("c/x", 1), hop("d/x", 2))}) == (0, 1, 2, 0), "another flow is another packet"


@pytest.mark.parametrize(
    ("after", "true"),
    [
        ({}, "none"), ({"ttls": (63,)}, "routed"), ({"ttls": (64, 64)}, "encapsulated"),
        ({"shown": replace(POD, src="192.168.10.100")}, "translated"),
        ({"shown": NODE, "sealed": ("0xa", 1, DATA_OF_84)}, "encrypted"),
    ],
)  # fmt: skip
def test_a_change_is_what_the_headers_of_both_frames_show(after: dict[str, Any], true: str) -> None:
    some = frames(seen("a/x", 1), replace(seen("b/x", 1), **after))
    for change in Change:
        way = (hop("a/x", 1), hop("b/x", 1, change=change))
        count = judge_changes({("a/x", 1): way, ("b/x", 1): way}, some)
        assert (count.right, len(count.wrong)) == ((1, 0) if change.value == true else (0, 1))


def test_a_way_with_another_point_is_wrong_and_one_that_lacks_a_point_is_missing() -> None:
    one, analysis = case("no-fault"), analysed("no-fault")
    true = judge_ways(analysis, one)
    assert (true.wrong, true.missing) == ([], [])
    path = max(analysis.paths, key=lambda path: len(path.ways(Way.FORWARD)))
    others = tuple(other for other in analysis.paths if other is not path)
    short = replace(analysis, paths=(*others, replace(path, hops=path.hops[1:])))
    astray = replace(
        analysis, paths=(*others, replace(path, hops=(replace(path.hops[0], point="k8s-w1/eth9"), *path.hops[1:])))
    )
    assert len(judge_ways(short, one).missing) == 1 and len(judge_ways(astray, one).wrong) == 1


def test_a_request_joined_to_another_backend_connection_is_wrong_and_one_joined_to_none_is_missing() -> None:
    one, analysis = case("s8-ingress-dedicated-snat"), analysed("s8-ingress-dedicated-snat")
    assert len(answers(one)) == 8 and judge_joins(analysis, one).right == 8
    first, *rest = analysis.requests
    assert first.backend_leg is not None
    other = replace(first.backend_leg, sport=1)
    astray = replace(analysis, requests=(replace(first, attempts=(other,), backend_leg=other), *rest))
    alone = replace(analysis, requests=(replace(first, attempts=(), backend_leg=None), *rest))
    assert len(judge_joins(astray, one).wrong) == 1 and len(judge_joins(alone, one).missing) == 1


def test_an_offset_that_is_not_the_one_that_was_made_is_wrong_and_an_unknown_one_is_missing() -> None:
    one, analysis = case("demo-skewed"), analysed("demo-skewed")
    assert judge_clocks(analysis, one).right == 3
    assert len(judge_clocks(analysis, case("no-fault")).wrong) == 2, "two of the three clocks are skewed"
    unknown = tuple(replace(clock, offset_ns=None, error_ns=None) for clock in analysis.clocks)
    assert len(judge_clocks(replace(analysis, clocks=unknown), one).missing) == 3


def test_translated_ends_are_told_as_the_sender_knows_them() -> None:
    some = [
        one
        for one in frames_of(case("masquerade")).values()
        if (one.shown.src, one.shown.dst) != (one.ends.src, one.ends.dst)
    ]
    assert some and {one.point for one in some} == {"k8s-ctr/eth1", "k8s-w0/eth1", "router/eth1", "router/eth2"}
    pods = {"172.20.0.88", "172.20.2.33"}
    assert all({one.ends.src, one.ends.dst} & pods and not {one.shown.src, one.shown.dst} & pods for one in some)


def test_the_command_prints_the_table_and_fails_where_something_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-fault", "--say"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["RIGHT", "no-fault", "all"]
    found = judge(case("no-fault"))
    found["ways"].missing.append("unseen")
    assert not anything_wrong({"no-fault": found})
    found["ways"].wrong.append("astray")
    assert anything_wrong({"no-fault": found})
    assert printed({"no-fault": found}, say=True).splitlines()[-2:] == [
        "no-fault: ways: wrong: astray", "no-fault: ways: missing: unseen",
    ]  # fmt: skip
