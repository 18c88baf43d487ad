"""The whole analysis, where no oracle exists: a session is changed, and what is said of it changes as predicted only."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from captools.model.analysis import Analysis
from captools.model.flows import Flow
from captools.model.paths import Change, Outcome
from captools.pipeline import open_session
from captures import case
from tests.correlate.changed import (
    Links,
    Place,
    Said,
    among,
    behind_nat,
    files_reversed,
    joined,
    links,
    renamed_copy,
    said,
    thinned,
    with_receive_offload,
)
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material
from tests.depth import quick

NAT, BULK, SKEWED = "masquerade", "bulk-vxlan", "demo-skewed"
# Every kind of change once: the other cases differ in what went wrong, not in what may happen to a packet.
ALL = quick(
    [FINE, NAT, S2, S13, "proxy-requests"],
    [FINE, S1, S2, S8, S13, LEAK, NAT, BULK, SKEWED, "proxy-requests", "proxy-tls", "dual", "s3-service-distribution"],
)
WEAKER = {
    Outcome.DELIVERED: {Outcome.DELIVERED, Outcome.UNKNOWN}, Outcome.LOST: {Outcome.LOST, Outcome.UNKNOWN},
    Outcome.REFUSED: {Outcome.REFUSED, Outcome.UNKNOWN}, Outcome.UNKNOWN: {Outcome.UNKNOWN},
}  # fmt: skip
CURL, CURL_PORT, CTR = "172.20.0.88", "k8s-ctr/lxca72ed626ec04", "192.168.10.100"


def slow_but(quick: tuple[str, ...], params: list[Any]) -> list[Any]:
    """Mark all parameters as slow, but for those of the cases ``quick``."""
    return [
        one if (one if isinstance(one, str) else one[0]) in quick
        else pytest.param(*([one] if isinstance(one, str) else one), marks=pytest.mark.slow)
        for one in params
    ]  # fmt: skip


@cache
def plain(name: str) -> Analysis:
    return material(name).analysed()


@cache
def plain_links(name: str) -> Links:
    return links(plain(name))


def busy_points(name: str) -> list[str]:
    return sorted({source.point for source in material(name).sources if source.packets})


@pytest.mark.parametrize("name", slow_but((FINE, NAT), ALL))
def test_files_in_another_order_change_nothing(name: str):
    found = files_reversed(material(name)).analysed()
    assert said(found) == said(plain(name)) and links(found) == plain_links(name)
    assert joined(found) == joined(plain(name)) and found.encryption.verdict is plain(name).encryption.verdict
    assert {one.node: one.offset_ns for one in found.clocks} == {one.node: one.offset_ns for one in plain(name).clocks}


@pytest.mark.parametrize("name", slow_but((SKEWED,), [S1, S2, S8, S13, LEAK, NAT, SKEWED]))
def test_nodes_with_other_names_change_the_names_only(name: str, tmp_path):
    """The new names stand in the opposite order, so that another node's clock is the reference."""
    names = {"k8s-ctr": "zulu", "k8s-w0": "mike", "k8s-w1": "alfa"}
    back = {new: old for old, new in names.items()}
    before = open_session([case(name).folder]).analysis
    after = open_session([renamed_copy(case(name).folder, tmp_path / "session", names)]).analysis
    assert (before.clock_reference, after.clock_reference) == ("k8s-ctr", "alfa")

    def old(point: str) -> str:
        node, _, interface = point.partition("/")
        return f"{back.get(node, node)}/{interface}"

    renamed = {
        flow: replace(
            one, forward=tuple((old(p), c) for p, c in one.forward), reply=tuple((old(p), c) for p, c in one.reply)
        )
        for flow, one in said(after).items()
    }
    assert renamed == said(before)
    assert {frozenset((old(p), at) for p, at in link) for link in links(after)} == links(before)
    assert {(*one[:-2], back.get(str(one[-2]), one[-2]), one[-1]) for one in joined(after)} == joined(before)
    assert after.encryption.verdict is before.encryption.verdict
    ahead = {back.get(one.node, one.node): one for one in after.clocks}
    base = ahead["k8s-ctr"]
    for one in before.clocks:
        other = ahead[one.node]
        error = sum(clock.error_ns or 0 for clock in (one, other, base))
        assert abs((other.offset_ns or 0) - (base.offset_ns or 0) - (one.offset_ns or 0)) <= error


@pytest.mark.parametrize(
    ("name", "point"),
    slow_but(
        (S8,), [(name, point) for name in quick((S2, S8), (S1, S2, S8, S13, FINE)) for point in busy_points(name)]
    ),
)
def test_without_a_point_the_others_are_linked_as_before_and_outcomes_are_only_weaker(name: str, point: str):
    found = material(name).without(point).analysed()
    rest = among(plain_links(name), lambda place: place[0] != point)
    if point.endswith("/cilium_wg0"):  # of a pod's super-frame, which it cut up, only the first datagram is then known
        assert links(found) <= rest and len(links(found)) >= 0.99 * len(rest)
    else:
        assert links(found) == rest
    before, after = said(plain(name)), said(found)
    assert set(after) <= set(before)
    for flow, one in after.items():
        assert one.outcome in WEAKER[before[flow].outcome], (flow, one)
        assert [at for at, _ in one.forward] == [at for at, _ in before[flow].forward if at != point]
        assert [at for at, _ in one.reply] == [at for at, _ in before[flow].reply if at != point]
    legs = {one[:4]: one[4] for one in joined(plain(name))}
    assert all(one[4] in (None, legs[one[:4]]) for one in joined(found) if one[3] is not None), "joined otherwise"


@pytest.mark.parametrize("name", slow_but((FINE, NAT), ALL))
def test_any_beside_an_interface_is_a_second_proof_and_nothing_else(name: str):
    point = "k8s-ctr/eth1"
    found = material(name).doubled(point).analysed()
    assert said(found) == said(plain(name)) and links(found) == plain_links(name)
    assert joined(found) == joined(plain(name))
    here = [hop for path in found.paths for hop in path.hops if hop.point == point]
    assert here and {len(hop.evidence) for hop in here} == {2}


@pytest.mark.parametrize("share", [0.01, 0.2])
@pytest.mark.parametrize(
    ("name", "point"),
    slow_but((), quick([(S2, "k8s-ctr/eth1"), (NAT, "router/eth1"), (S8, "k8s-w1/eth1")],
                       [(S2, "k8s-ctr/eth1"), (S2, CURL_PORT), (S8, "k8s-w1/eth1"), (NAT, "router/eth1"),
                        (BULK, "k8s-w0/eth1"), (FINE, "k8s-w1/eth1"), (S13, "k8s-ctr/cilium_wg0"), (S13, "k8s-w1/eth1")])),
)  # fmt: skip
def test_packets_missed_at_a_point_make_no_wrong_link_and_no_flow_lost(name: str, point: str, share: float):
    for seed in range(3):
        changed, missed = thinned(material(name), point, share, seed)
        found = changed.analysed()
        rest = among(plain_links(name), lambda place, missed=missed: place not in missed)
        assert links(found) <= rest, "a wrong link"
        assert len(links(found)) >= 0.97 * len(rest), "links are lost that had nothing to do with it"
        before = said(plain(name))
        for flow, one in said(found).items():
            if flow in before:
                assert one.outcome in WEAKER[before[flow].outcome], (seed, flow, one)
                assert one.proven_losses == before[flow].proven_losses, (seed, flow, one)
        legs = {one[:4]: one[4] for one in joined(plain(name))}
        assert all(one[4] in (None, legs.get(one[:4])) for one in joined(found)), "joined otherwise"


@pytest.mark.parametrize("name", [FINE, S2])
def test_ports_and_addresses_rewritten_at_a_node_are_one_more_change_on_the_way(name: str):
    found = behind_nat(material(name), CURL, CTR, CTR, CURL_PORT).analysed()
    before, after = said(plain(name)), said(found)
    assert set(after) == set(before), "flows are still named as the pod knows them"
    for flow, one in after.items():
        assert one == _translated(before[flow], flow), flow
    assert links(found) == plain_links(name)


def _translated(before: Said, flow: Flow) -> Said:
    """Predict what is said of a flow when the pod CURL gets another address right behind its own interface."""
    if flow.src != CURL:
        return before
    there = [change if at != 1 else Change.TRANSLATED.value for at, (_, change) in enumerate(before.forward)]
    back = [*(change for _, change in before.reply[:-1]), Change.TRANSLATED.value]
    return replace(
        before,
        forward=tuple((point, change) for (point, _), change in zip(before.forward, there, strict=True)),
        reply=tuple((point, change) for (point, _), change in zip(before.reply, back, strict=True)),
    )


@pytest.mark.parametrize("point", ["k8s-ctr/eth1", "router/eth1", "k8s-w0/eth1"])
@pytest.mark.parametrize("name", slow_but((BULK,), [BULK, S2]))
def test_segments_merged_at_a_point_carry_the_same_bytes_on_the_same_way(name: str, point: str):
    changed, into = with_receive_offload(material(name), point)
    assert len(into) > 10, "nothing was merged"
    found = changed.analysed()

    def now(place: Place) -> Place:
        return into.get(place, place)

    assert links(found) == {frozenset(now(place) for place in link) for link in plain_links(name)}
    before, after = said(plain(name)), said(found)
    assert after == before


def test_several_changes_at_once_do_what_each_does_alone():
    """A clock far off, a point less, rows in any order and a second source: what is said is that of the point less."""
    alone = material(S2).without("router/eth1")
    changed = (
        alone.doubled("k8s-w1/eth1")
        .with_clock("k8s-w1", 7_000_000_000, 50)
        .with_clock("k8s-w0", -600_000_000_000, -100)
    )
    found = changed.where(np.random.default_rng(3).permutation(len(changed.packets))).analysed()
    assert said(found) == said(alone.analysed()) and links(found) == links(alone.analysed())
    ahead = {one.node: one for one in found.clocks}
    assert abs((ahead["k8s-w0"].offset_ns or 0) + 600_000_000_000) < 1_000_000 and not found.early_packets
