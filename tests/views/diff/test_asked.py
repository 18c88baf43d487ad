"""Requests of two sessions."""

from __future__ import annotations

from dataclasses import replace

from captools.views.diff.asked import Target, requests
from captools.views.diff.measure import Judged
from tests.views.diff.sessions import FINE, INGRESS, PROXY, VXLAN

VIP = Target("GET", "192.168.10.212", "/")


def of(side, target):
    (found,) = (one for one in side if one.target == target)
    return found


def slower(analysis, by_ns: int, times: int = 10):
    """A session in which each request came ``times`` times, each later by ``by_ns``."""
    made = [
        replace(one, total_ns=one.total_ns + by_ns + count * 1_000 if one.total_ns else None)
        for one in analysis.requests
        for count in range(times)
    ]
    return replace(analysis, requests=tuple(made))


def test_new_and_gone_targets_are_told_with_their_counts():
    found = requests(FINE, VXLAN)
    assert [str(one.target) for one in found.new] == ["GET 172.20.2.33/data"]  # its query is left out
    assert not found.gone and len(found.both) == 3
    assert [str(one.target) for one in requests(VXLAN, FINE).gone] == ["GET 172.20.2.33/data"]


def test_slower_requests_are_told_and_equal_ones_are_the_same():
    before, after = slower(INGRESS, 0), slower(INGRESS, 50_000_000)
    (total,) = (one for one in of(requests(before, after).both, VIP).measures if one.name == "total time")
    assert total.judged is Judged.MORE and 49e6 < total.b - total.a < 51e6
    for one in requests(before, before).both:
        assert {measure.judged for measure in one.measures} == {Judged.SAME} and not one.changes


def test_few_requests_are_not_judged():
    (total,) = (
        one for one in of(requests(INGRESS, slower(INGRESS, 50_000_000, 1)).both, VIP).measures if "total" in one.name
    )
    assert total.judged is Judged.UNKNOWN and "8 on each side" in total.reason


def test_another_status_and_another_backend_are_told():
    failing = replace(
        INGRESS,
        requests=tuple(replace(one, status=503, backend=None) for one in INGRESS.requests if one.path == "/"),
    )
    told = of(requests(INGRESS, failing).both, VIP)
    count = sum(one.path == "/" for one in INGRESS.requests)
    assert told.changes[0] == f"status: 200 ({count}) in A, 503 ({count}) in B"
    assert told.changes[1].startswith("backends: default/webpod (") and told.changes[1].endswith(
        f"in A, none ({count}) in B"
    )
    (failed,) = (one for one in told.measures if one.name == "requests without success")
    assert (failed.a, failed.b) == (0, 1)


def test_the_proxys_own_time_is_compared_where_there_is_a_proxy():
    names = {measure.name for one in requests(PROXY, PROXY).both for measure in one.measures}
    assert {"total time", "time inside the proxy's node"} <= names
    assert "time inside the proxy's node" not in {m.name for one in requests(FINE, FINE).both for m in one.measures}
