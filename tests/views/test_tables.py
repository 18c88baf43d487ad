"""The tables of the command line, from analyses written by hand."""

from __future__ import annotations

from dataclasses import replace

from captools.model.paths import Change, Outcome
from captools.views import tables


def test_a_request_row_shows_client_xff_source_and_backend(sample):
    rows = [dict(zip(tables.REQUESTS, row, strict=True)) for row in tables.requests(sample.s8())]
    remote, local, denied = rows[0], rows[1], rows[3]
    assert (remote["client"], remote["xff"]) == ("192.168.10.200", "192.168.10.200")
    assert (remote["source"], remote["kind"], remote["proxy"]) == ("172.20.1.35", "ingress", "k8s-w1")
    assert (remote["backend"], remote["backend node"]) == ("default/webpod-697b545f57-fz7qd", "k8s-w0")
    assert (remote["time"], remote["gateway"], remote["total"]) == ("01:35:21.286943", "423 µs", "2.45 ms")
    assert (local["source"], local["kind"], local["backend node"]) == ("10.0.2.15", "node", "k8s-w1")
    assert (denied["status"], denied["backend"], denied["xff"], denied["gateway"]) == (403, None, None, "-")


def test_a_backend_without_a_pod_is_shown_by_its_address(sample):
    one = sample.s8().requests[0]
    bare = replace(one, backend=replace(one.backend, pod=None, ip="fd00::1"))
    (row,) = tables.requests(replace(sample.s8(), requests=(bare,)))
    assert "[fd00::1]:80" in row


def test_what_failed_comes_first_and_then_the_oldest(sample):
    base = sample.s2().paths[0]
    made = [
        replace(base, outcome=outcome, first_ns=at)
        for outcome, at in [
            (Outcome.DELIVERED, 1), (Outcome.UNKNOWN, 2), (Outcome.LOST, 9), (Outcome.REFUSED, 3), (Outcome.LOST, 4),
        ]
    ]  # fmt: skip
    sorted_ = tables.worst_first(replace(sample.s2(), paths=tuple(made)))
    assert [(one.outcome.value, one.first_ns) for one in sorted_] == [
        ("lost", 4), ("lost", 9), ("refused", 3), ("unknown", 2), ("delivered", 1),
    ]  # fmt: skip


def test_a_flow_row_tells_where_the_flow_was_last_seen(sample):
    lost, ping = tables.flows(sample.s1())
    assert list(map(str, lost)) == ["172.20.0.88:41794 -> 172.20.2.33:80 tcp", "3", "lost", "router/eth0", "4"]
    assert str(ping[0]) == "172.20.0.88 -> 172.20.1.108 icmp"


def test_the_ladder_names_both_ends_and_says_how_it_ended(sample):
    analysis = sample.s1()
    lines = tables.ladder(analysis, analysis.paths[0])
    assert lines[0] == (
        "172.20.0.88:41794 -> 172.20.2.33:80 tcp  (default/curl-pod to default/webpod-697b545f57-fz7qd): "
        "lost, 3 packets"
    )
    assert "no route for 172.20.2.0/24" in lines[1]
    assert lines[2] == "  forward:" and len(lines) == 3 + 4  # no reply was seen
    words = lines[-1].split()
    assert words[:8] == ["router/eth0", "out", "frame", "3", "ttl", "62", "routed", "+16.0"]


def test_the_ladder_shows_vxlan_as_tcpdump_names_it_with_the_identity(sample):
    analysis = sample.s2()
    lines = tables.ladder(analysis, analysis.paths[0])
    sealed = next(line for line in lines if "k8s-ctr/eth1" in line and "out" in line.split())
    assert sealed.endswith(
        "VXLAN (tcpdump: OTV, instance 45966 = k8s:app=curl) 192.168.10.100 > 192.168.20.100 | "
        "172.20.0.88:41794 > 172.20.2.33:80"
    )
    assert "instance 62886 = k8s:app=webpod" in "\n".join(lines[lines.index("  reply:") :])
    router = next(line for line in lines if "router/eth1" in line)
    assert "+270 µs ±9.00 µs" in router


def test_an_unknown_end_is_a_question_mark_and_two_unknown_ends_are_nothing(sample):
    analysis = sample.s1()
    path = analysis.paths[0]
    half = replace(path, flow=replace(path.flow, dst="203.0.113.9"))
    none = replace(path, flow=replace(half.flow, src="203.0.113.8"))
    assert "(default/curl-pod to ?)" in tables.ladder(analysis, half)[0]
    assert "(" not in tables.ladder(analysis, none)[0]


def test_an_encrypted_hop_shows_the_nodes_and_both_ttls(sample):
    analysis = sample.s1()
    sealed = sample.hop(
        "k8s-ctr/eth1", 5, tunnel="wireguard", src="192.168.10.100", dst="192.168.10.101", ttl=63, outer_ttl=64,
        change=Change.ENCRYPTED,
    )  # fmt: skip
    path = replace(analysis.paths[0], hops=(sealed,))
    line = tables.ladder(analysis, path)[-1]
    assert "ttl 63 in 64" in line and line.endswith("WireGuard 192.168.10.100 > 192.168.10.101")


def test_another_tunnel_is_called_by_its_name(sample):
    analysis = sample.s1()
    hop = sample.hop("k8s-ctr/eth1", 5, tunnel="geneve", outer_src="192.0.2.1", outer_dst="192.0.2.2", vni=7)
    line = tables.ladder(analysis, replace(analysis.paths[0], hops=(hop,)))[-1]
    assert line.endswith("geneve 192.0.2.1 > 192.0.2.2 | 172.20.0.88:41794 > 172.20.2.33:80")
