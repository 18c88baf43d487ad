"""What is different on the way: outcome, wrapping, points, translation."""

from __future__ import annotations

from dataclasses import replace

from captools.model.paths import Change
from captools.views.diff.conversations import matched
from captools.views.diff.measure import Judged
from captools.views.diff.ways import changes, outcomes
from tests.views.diff.sessions import BROKEN, CLEAR, FINE, SEALED, VXLAN


def pair(a, b, src: str, dst: str, port: int | None = None):
    hits = [each for each in matched(a, b).both if (each[0].name.src, each[0].name.port) == (src, port)]
    (found,) = (each for each in hits if each[0].name.dst.endswith(dst))
    return found


def test_what_it_travels_in_is_told():
    assert changes(*pair(FINE, VXLAN, "default/curl-pod", "xm4vk")) == ["travels unwrapped in A, in VXLAN in B"]
    assert changes(*pair(CLEAR, SEALED, "default/curl-pod", "2dg5m")) == ["travels unwrapped in A, in WireGuard in B"]
    assert changes(*pair(SEALED, CLEAR, "default/curl-pod", "2dg5m")) == ["travels in WireGuard in A, unwrapped in B"]


def test_the_same_way_is_no_news():
    for session in (FINE, VXLAN, SEALED, BROKEN):
        for both in matched(session, session).both:
            assert changes(*both) == [] and all(one.judged is Judged.SAME for one in outcomes(*both))


def test_an_outcome_that_changed_is_told_first_with_both_counts():
    both = pair(FINE, BROKEN, "default/curl-pod", "xm4vk")
    told = changes(*both)
    assert told[0] == "outcome: 1 delivered in A, 1 lost in B"
    # S1: the router sends it out of eth0, and it never gets to the other subnet.
    assert "forward: seen at router/eth2, k8s-w0/eth1, k8s-w0/lxc of default/webpod in A only" in told
    assert "forward: seen at router/eth0 in B only" in told
    (share,) = outcomes(*both)
    assert (share.a, share.b, share.reason) == (1.0, 0.0, "A: 1 of 1, B: 0 of 1; may be chance")


def test_a_point_that_the_other_session_did_not_capture_is_no_news():
    # cilium_vxlan exists in B only: nobody listened there in A.
    assert not any("cilium_vxlan" in one for one in changes(*pair(FINE, VXLAN, "default/curl-pod", "xm4vk")))


def test_translation_in_one_session_is_told():
    one, other = pair(FINE, FINE, "default/curl-pod", "xm4vk")
    (index, path), *_ = other.flows
    hops = (path.hops[0], replace(path.hops[1], change=Change.TRANSLATED), *path.hops[2:])
    changed = replace(other, flows=((index, replace(path, hops=hops)),))
    assert changes(one, changed) == ["its addresses are translated on the way in B only"]
