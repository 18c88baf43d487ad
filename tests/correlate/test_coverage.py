"""Coverage: silence proves something only where the packet would have been seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.correlate.analyse import point_roles
from captools.correlate.coverage import Coverage, blindness, loss
from captools.model.session import ToolCounts
from tests.correlate.material import S1, S2, material

POINT = "k8s-w0/eth1"


def coverage(name: str = S1, **changes):
    one = material(name)
    sources = tuple(replace(source, **changes) if source.point == POINT else source for source in one.sources)
    rows = one.sightings()
    return Coverage(rows, sources, point_roles(rows, one.cluster), one.cluster)


def busy_at(of: Coverage, point: str) -> int:
    code = of.rows.points.index(point)
    return int(of.rows["ts_ns"][of.rows["point"] == code].min())


def test_a_point_that_heard_other_traffic_is_a_witness():
    of = coverage()
    assert of.captured(POINT) and of.why_not_witness(POINT, busy_at(of, POINT)) == ""


def test_a_point_nobody_captured_is_none():
    assert "was not captured" in coverage().why_not_witness("k8s-w9/eth1", 0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ok": False, "error": "no such device"}, "failed: no such device"),
        ({"match": "GET"}, "content filter"),
        ({"user_filter": "icmp"}, "`icmp`, which may hide it"),
        ({"counts": ToolCounts(captured=5, received=5, dropped=3)}, "lost 3 packets in the kernel"),
        ({"counts": ToolCounts(captured=5, received=9, dropped=0)}, "5 of 9 packets were written"),
        ({"damage": "record 3 is cut"}, "ends early"),
    ],
)
def test_every_weakness_of_a_capture_is_a_reason(change, says):
    of = coverage(**change)
    assert says in of.why_not_witness(POINT, busy_at(of, POINT))
    assert any(says in one.why_blind for one in blindness(of.sources))


def test_what_the_user_asked_for_is_no_loss():
    one = coverage(user_filter="icmp").sources
    source = next(each for each in one if each.point == POINT)
    assert loss(source) == "" and loss(replace(source, ok=False, error="x")) != ""


def test_long_after_its_last_packet_a_point_may_have_been_deaf():
    of = coverage()
    assert "may not have been listening" in of.why_not_witness(POINT, busy_at(of, POINT) + 3_600 * 10**9)


def test_a_pods_interface_is_a_witness_only_where_traffic_into_the_pod_was_seen_there():
    of = coverage(S2)
    pod = next(pod for pod in of.cluster.pods if pod.ip == "172.20.2.33")
    point = f"{pod.node}/{pod.interface}"
    assert of.why_not_witness(point, busy_at(of, point)) == ""
    # Only what the pod itself sends: eBPF host routing would look exactly like this.
    sent = [
        at for at in range(len(of.rows)) if not (of.rows.point(at) == point and of.rows.address("dst", at) == pod.ip)
    ]
    import numpy as np

    one = material(S2).where(np.array(sent))
    rows = one.sightings()
    blind = Coverage(rows, one.sources, point_roles(rows, one.cluster), one.cluster)
    assert "host routing" in blind.why_not_witness(point, busy_at(of, point))


def rotated(of: Coverage, *spans: tuple[int, int], **last) -> Coverage:
    """Return the same with the point's capture as several files, the last of which is ``last``."""
    one = next(source for source in of.sources if source.point == POINT)
    files = [replace(one, name=str(at), first_ns=first, last_ns=end) for at, (first, end) in enumerate(spans)]
    files[-1] = replace(files[-1], **last)
    return replace(of, sources=(*(source for source in of.sources if source.point != POINT), *files))


def test_of_a_rotated_capture_the_file_of_that_time_tells():
    of = coverage()
    at = busy_at(of, POINT)
    lossy = {"counts": ToolCounts(captured=5, received=5, dropped=3)}
    assert rotated(of, (at - 9, at + 1), (at + 5, at + 9), **lossy).why_not_witness(POINT, at) == ""
    assert rotated(of, (at - 9, at - 5), (at + 5, at + 9), **lossy).why_not_witness(POINT, at) == ""
    assert "lost 3" in rotated(of, (at - 9, at - 5), (at - 1, at + 9), **lossy).why_not_witness(POINT, at)
    assert "lost 3" in rotated(of, (at - 9, at - 5), (at - 4, at - 3), **lossy).why_not_witness(POINT, at)
    assert "no such device" in rotated(
        of, (at - 9, at + 1), (at - 9, at + 1), (at + 5, at + 9), ok=False, error="no such device"
    ).why_not_witness(POINT, at)


def test_a_last_file_that_was_only_begun_hides_nothing_and_two_captures_of_a_point_count_both():
    of = coverage()
    at = busy_at(of, POINT)
    empty = {"first_ns": None, "last_ns": None, "packets": 0}
    assert rotated(of, (at - 9, at - 5), (at - 4, at + 5), (0, 0), **empty).why_not_witness(POINT, at) == ""
    both = rotated(of, (at - 9, at + 9), (at - 9, at + 9), match="GET")
    assert "content filter" in both.why_not_witness(POINT, at)
