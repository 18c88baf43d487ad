from __future__ import annotations

from captools.lab.truth import Truth, of_http, of_iperf, of_ping, source_kind

BODY = """Hostname: webpod-697b545f57-fz9cl
IP: 172.20.0.121
RemoteAddr: 172.20.1.35:54130
GET / HTTP/1.1
host: 192.168.10.212
x-forwarded-for: 192.168.10.200
x-request-id: 99d01926-53d0-4a16-840d-745856687e7a
"""


def connection(**changes):
    exchange = {
        "method": "GET", "path": "/", "status": 200, "headers": {"x-envoy-upstream-service-time": "3"}, "body": BODY,
        "body_bytes": len(BODY), "started_ns": 1_700_000_000_000_000_001, "ended_ns": 1_700_000_000_000_000_009,
    }  # fmt: skip
    return {
        "src": "192.168.10.200", "sport": 4711, "dst": "192.168.10.212", "dport": 80, "error": "",
        "exchanges": [exchange], "started_ns": 1, "ended_ns": 2,
    } | changes  # fmt: skip


def test_a_request_carries_what_the_backend_itself_says_of_it():
    request = of_http(connection(), 1).requests[0]
    assert (request.client, request.client_port, request.status) == ("192.168.10.200", 4711, 200)
    assert (request.backend_pod, request.backend_node) == ("webpod-697b545f57-fz9cl", "k8s-ctr")
    assert (request.remote_addr, request.remote_port, request.source_kind) == ("172.20.1.35", 54130, "ingress")
    assert (request.xff, request.upstream_ms) == ("192.168.10.200", 3)
    assert request.request_id == "99d01926-53d0-4a16-840d-745856687e7a"
    assert request.started == "2023-11-14T22:13:20.000000001Z"


def test_a_connection_nobody_answered_is_a_flow_without_requests():
    truth = of_http(connection(exchanges=[], error="timeout"), 1)
    assert truth.requests == ()
    assert (truth.flows[0].sent, truth.flows[0].answered, truth.flows[0].error) == (1, 0, "timeout")


def test_what_does_not_apply_is_left_out_of_the_document():
    ping = {
        "src": "172.20.0.88", "dst": "172.20.2.33", "icmp_id": 7, "sent": 3, "answered": 0,
        "started_ns": 1, "ended_ns": 2,
    }  # fmt: skip
    flow = of_ping(ping).to_json()["flows"][0]
    assert flow["icmp_id"] == 7 and flow["src_name"] == "default/curl-pod"
    assert "sport" not in flow and "dport" not in flow


def test_truths_add_up_and_health_is_marked():
    one = of_http(connection(), 1)
    both = one + of_http(connection(), 1).as_health()
    assert [flow.purpose for flow in both.flows] == ["test", "health"]
    assert Truth() + one == one


def test_every_kind_of_source_is_told_apart():
    kinds = ["172.20.1.35", "172.20.1.12", "172.20.0.88", "10.0.2.15", "192.168.10.101", "192.168.10.200"]
    assert [source_kind(one) for one in kinds] == ["ingress", "cilium-host", "pod", "node", "node", "other"]


def test_the_far_end_tells_which_source_it_saw_unless_that_is_a_proxy():
    outside = BODY.replace("172.20.1.35:54130", "192.168.10.100:6000").replace("webpod-697b545f57-fz9cl", "router")
    outside = outside.replace("172.20.0.121", "10.10.1.200")
    exchange = connection()["exchanges"][0] | {"body": outside}
    told = of_http(connection(src="172.20.0.88", dst="10.10.1.200", exchanges=[exchange]), 1)
    assert (told.flows[0].seen_src, told.flows[0].seen_sport) == ("192.168.10.100", 6000)
    assert not told.requests[0].proxied and (told.requests[0].backend_pod, told.requests[0].backend_node) == ("", "")
    behind_a_proxy = of_http(connection(), 1)
    assert behind_a_proxy.requests[0].proxied and behind_a_proxy.flows[0].seen_src is None
    untranslated = of_http(connection(src="192.168.10.100", sport=6000, dst="10.10.1.200", exchanges=[exchange]), 1)
    assert untranslated.flows[0].seen_src is None


IPERF = {
    "start": {
        "connected": [
            {
                "socket": 5,
                "local_host": "172.20.0.88",
                "local_port": 35710,
                "remote_host": "172.20.1.108",
                "remote_port": 5201,
            }
        ],
        "tcp_mss_default": 1448,
    },
    "end": {
        "streams": [
            {
                "sender": {"bytes": 131072, "retransmits": 2, "seconds": 0.9},
                "receiver": {"bytes": 131000, "seconds": 1.0, "bits_per_second": 1048000.0},
            }
        ]
    },
}


def test_iperf3_tells_a_flow_and_its_own_figures():
    truth = of_iperf(IPERF, 1_700_000_000_000_000_000, 1_700_000_001_000_000_000)
    (flow,), (told,) = truth.flows, truth.transfers
    assert (flow.src_name, flow.dst_name) == ("default/curl-pod", "default/webpod-697b545f57-2dg5m")
    assert (flow.proto, flow.sport, flow.dport, flow.sent, flow.answered) == ("tcp", 35710, 5201, 1, 1)
    assert (told.bytes_sent, told.bytes_received, told.retransmits, told.mss) == (131072, 131000, 2, 1448)
    assert (told.seconds, told.bits_per_second) == (1.0, 1048000.0)


def test_transfers_are_part_of_the_document_only_where_there_are_some():
    truth = of_iperf(IPERF, 1, 2)
    assert truth.to_json()["transfers"][0]["sport"] == 35710 and "transfers" not in Truth().to_json()
    both = truth + truth
    assert len(both.transfers) == 2 and both.as_health().transfers == both.transfers
