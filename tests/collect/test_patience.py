"""How long a node that was told to stop is waited for."""

from __future__ import annotations

from captools.collect.patience import SLACK, Patience
from captools.collect.planning.plan import PlannedRun
from captools.collect.point import PointCapture
from captools.collect.request import CaptureRequest
from captools.model.points import Point, Role


def point() -> PointCapture:
    run = PlannedRun(channel=1, point=Point("w1", "eth1"), role=Role.NIC, argv=("tcpdump",), filter="udp")
    return PointCapture(run=run, request=CaptureRequest(targets=(), bpf="udp"))


def test_words_packets_and_ends_are_news_and_nothing_else_is():
    one, other = point(), point()
    patience = Patience(1 << 20, 0.0)
    assert patience.since([one, other], 1.0) == 1.0
    assert patience.since([one, other], 5.0) == 1.0
    one.take(b"x" * 24)
    assert patience.since([one, other], 6.0) == 6.0
    other.hear(b"tcpdump: listening")
    assert patience.since([one, other], 7.0) == 7.0
    other.exit = {"code": 0}
    assert patience.since([one, other], 8.0) == 8.0
    one.written = 1 << 60  # what it only says
    assert patience.since([one, other], 9.0) == 8.0


def test_more_than_a_full_spool_is_more_than_there_can_be():
    one = point()
    one.hear(b"y" * 1000)
    patience = Patience(1 << 20, 0.0)
    assert not patience.endless([one])
    one.hear(b"y" * ((1 << 20) + SLACK))
    assert not patience.endless([one])
    one.hear(b"y")
    assert patience.endless([one])
