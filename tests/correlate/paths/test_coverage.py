"""Coverage: silence proves something only where the packet would have been seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from captools.correlate.analyse import point_roles
from captools.correlate.paths.bpf import Header
from captools.correlate.paths.coverage import Coverage, blindness, exceptions, loss
from captools.correlate.paths.directions import IN, OUT
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
        ({"holes": 2}, "lacks packets in 2 places"),
    ],
)
def test_every_weakness_of_a_capture_is_a_reason(change, says):
    of = coverage(**change)
    assert says in of.why_not_witness(POINT, busy_at(of, POINT))
    assert any(says in one.why_blind for one in blindness(of.sources))


SSH = "tcp and host 192.0.2.9 and host 192.0.2.1 and port 22"
LOOPBACK = "tcp and src net 127.0.0.0/8 and dst net 127.0.0.0/8"


@pytest.mark.parametrize(
    ("header", "blind"),
    [
        (Header(src="192.0.2.9", dst="192.0.2.1", proto=6, sport=50122, dport=22), "to which this packet belongs"),
        (Header(src="192.0.2.1", dst="192.0.2.9", proto=6, sport=22, dport=50999), "to which this packet belongs"),
        (Header(src="192.0.2.1", dst="192.0.2.9", proto=6), "to which this packet may belong"),
        (Header(src="127.0.0.1", dst="127.0.0.1", proto=6, sport=40000, dport=9), "to which this packet belongs"),
        (Header(src="192.0.2.9", dst="192.0.2.1", proto=6, sport=50122, dport=80), ""),
        (Header(src="192.0.2.9", dst="192.0.2.2", proto=6, sport=50122, dport=22), ""),
        (Header(src="192.0.2.9", dst="192.0.2.1", proto=17, sport=50122, dport=22), ""),
    ],
)
def test_of_the_captures_own_way_home_silence_proves_nothing_and_of_all_else_it_does(header, blind):
    of = coverage(excluded=(SSH, LOOPBACK))
    said = of.why_not_witness(POINT, busy_at(of, POINT), header=header)
    assert said.endswith(blind) and bool(said) is bool(blind)


def test_what_is_left_out_is_an_exception_of_the_coverage_but_blinds_no_point():
    sources = coverage(excluded=(SSH,)).sources
    assert [(one.point, SSH in one.why_blind) for one in exceptions(sources)] == [(POINT, True)]
    assert not [one for one in blindness(sources) if one.point == POINT]


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
    one = material(S2).where(np.array(sent))
    rows = one.sightings()
    roles = point_roles(rows, one.cluster)
    # The lab's own settings are known (veth, legacy host routing); where they are not, they count as in force.
    assert Coverage(rows, one.sources, roles, one.cluster).why_not_witness(point, busy_at(of, point)) == ""
    blind = Coverage(rows, one.sources, roles, replace(one.cluster, config={}))
    assert "host routing" in blind.why_not_witness(point, busy_at(of, point))


TCP = Header(src="172.20.0.88", dst="172.20.2.33", proto=6, sport=40000, dport=80)
OUTER = Header(src="192.168.10.100", dst="192.168.20.100", proto=17, dport=8472)


@pytest.mark.parametrize(
    ("filter_", "header", "says"),
    [
        ("tcp port 80", TCP, ""), ("host 172.20.2.33 or arp", TCP, ""), ("udp port 8472", OUTER, ""),
        ("icmp", TCP, "which lets no such packet by"), ("host 172.20.2.33", OUTER, "which lets no such packet by"),
        ("vlan 5", TCP, "which may hide it"),
    ],
)  # fmt: skip
def test_a_capture_filter_counts_by_what_it_would_have_done_with_the_packet(filter_, header, says):
    of = coverage(user_filter=filter_)
    why = of.why_not_witness(POINT, busy_at(of, POINT), header=header)
    assert (says in why) if says else why == ""


@pytest.mark.parametrize(
    ("snaplen", "inner", "enough"),
    [(96, None, True), (64, None, False), (112, TCP, False), (128, TCP, True), (0, TCP, True), (262_144, TCP, True)],
)
def test_a_snap_length_must_leave_the_headers_that_tell_the_packet(snaplen, inner, enough):
    of = coverage(snaplen=snaplen)
    why = of.why_not_witness(POINT, busy_at(of, POINT), header=OUTER if inner else TCP, inner=inner)
    assert why == "" if enough else f"kept {snaplen} bytes" in why


def test_the_tools_counts_may_be_done_without():
    of, header = coverage(counts=ToolCounts()), Header(src="192.168.10.1", dst="192.168.10.2", proto=0, arp=True)
    assert "no counts" in of.why_not_witness(POINT, busy_at(of, POINT), header=header)
    assert of.why_not_witness(POINT, busy_at(of, POINT), header=header, counted=False) == ""
    lossy = coverage(counts=ToolCounts(captured=5, received=5, dropped=1))
    assert "lost 1 packets" in lossy.why_not_witness(POINT, busy_at(lossy, POINT), header=header, counted=False)


def test_without_the_tools_counts_nothing_negative_is_said_of_a_packet():
    of = coverage(counts=ToolCounts())
    assert "no counts of its capture tool" in of.why_not_witness(POINT, busy_at(of, POINT), header=TCP)


def test_a_card_whose_xdp_settings_are_unknown_is_a_witness_only_where_packets_were_seen_coming_in():
    of = coverage()
    at = busy_at(of, POINT)
    unknown = replace(of, cluster=replace(of.cluster, config={}), _times={}, _ways={})
    assert unknown.why_not_witness(POINT, at, direction=IN) == ""
    own = of.cluster.node("k8s-w0").internal_ip
    keep = [row for row in range(len(of.rows)) if of.rows.point(row) != POINT or of.rows.address("src", row) == own]
    one = material(S1).where(np.array(keep))
    deaf = Coverage(one.sightings(), one.sources, of.roles, replace(one.cluster, config={}))
    assert "XDP may take packets" in deaf.why_not_witness(POINT, at, direction=IN)
    assert deaf.why_not_witness(POINT, at, direction=OUT) == ""


def test_netkit_may_hide_what_a_pod_sends():
    of = coverage(S2)
    point = "k8s-w0/lxcee77f40d2cc8"
    keep = [
        row
        for row in range(len(of.rows))
        if of.rows.point(row) != point or of.rows.address("src", row) != "172.20.2.33"
    ]
    one = material(S2).where(np.array(keep))
    rows, at = one.sightings(), busy_at(of, point)
    netkit = replace(one.cluster, config={**one.cluster.config, "datapath-mode": "netkit"})
    assert "netkit" in Coverage(rows, one.sources, of.roles, netkit).why_not_witness(point, at, direction=IN)
    assert Coverage(rows, one.sources, of.roles, one.cluster).why_not_witness(point, at, direction=IN) == ""


def test_before_the_tool_was_listening_and_after_it_stopped_a_point_is_deaf():
    of = coverage(started_ns=None, stopped_ns=None)
    first = busy_at(of, POINT)
    assert "outside of what it shows" in of.why_not_witness(POINT, first - 1_000)
    listening = coverage(started_ns=first - 500_000_000)
    assert listening.why_not_witness(POINT, first - 1_000) == ""


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


def test_what_the_node_itself_sends_to_a_pod_does_not_show_that_others_packets_go_by_there():
    of = coverage("bpf-host-routing")
    pod = next(pod for pod in of.cluster.pods if pod.ip == "172.20.2.33")
    point = f"{pod.node}/{pod.interface}"
    # The node's own pings go by lxc* there, as from a kubelet; curl-pod's were answered and never seen going in.
    to_pod = [at for at in range(len(of.rows)) if of.rows.point(at) == point and of.rows.address("dst", at) == pod.ip]
    assert {of.rows.address("src", at) for at in to_pod} == {"172.20.2.241"}
    assert "host routing" in of.why_not_witness(point, busy_at(of, point), direction=OUT)
    assert of.why_not_witness(point, busy_at(of, point), direction=IN) == ""
