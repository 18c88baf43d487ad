"""captools requests."""

from __future__ import annotations

import json

from captures import case
from captures.build import ethernet, ipv4, pcap, tcp
from tests.small_session import START, handshake

S8 = case("s8-ingress-dedicated-snat")
TOLD = S8.truth["truth"]["requests"]


def test_the_table_shows_each_request_of_the_case_with_source_and_backend(captools):
    done = captools("requests", S8.folder)
    header, *rows = done.out.splitlines()
    assert header.split()[:4] == ["TIME", "METHOD", "HOST", "PATH"] and len(rows) >= len(TOLD)
    for told in TOLD:
        assert any(told["remote_addr"] in row and f"default/{told['backend_pod']}" in row for row in rows), told


def test_json_joins_both_legs_by_what_the_servers_wrote_down(captools):
    found = json.loads(captools("requests", S8.folder, "--json").out)["requests"]
    by_id = {one["request_id"]: one for one in found}
    for told in (one for one in TOLD if one["request_id"]):
        one = by_id[told["request_id"]]
        assert (one["backend_leg"]["src"], one["backend_leg"]["sport"]) == (told["remote_addr"], told["remote_port"])
        assert (one["client_leg"]["src"], one["client_leg"]["sport"]) == (told["client"], told["client_port"])


def test_one_leg_alone_is_still_a_request_and_says_what_is_missing(captools, tmp_path):
    asked = ethernet(ipv4(tcp(b"GET /x HTTP/1.1\r\nHost: web\r\n\r\n", sport=40000, dport=80, flags=0x18),
                          src="10.0.0.1", dst="10.0.0.2", proto=6))  # fmt: skip
    path = tmp_path / "k8s-w1__eth1.pcap"
    path.write_bytes(pcap([(START, asked)]))
    lines = captools("requests", path).out.splitlines()
    assert "/x" in lines[1] and lines[-1].endswith("no backend leg was captured")


def test_captures_without_http_say_what_to_look_at_instead(captools, tmp_path):
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(handshake()))
    done = captools("requests", path)
    assert done.code == 0 and "No HTTP request was found in clear text, neither HTTP/1 nor HTTP/2" in done.out
    assert "captools paths" in done.out


def test_a_request_over_http_2_in_clear_is_one_too(captools, shared):
    lines = captools("requests", shared / "captures-real/http2/arkime-http2-nghttp2.pcap").out.splitlines()
    assert lines[0].split()[:3] == ["TIME", "METHOD", "HOST"] and "GET" in lines[1]


def test_notes_that_are_the_same_are_told_once_with_their_number(captools, tmp_path):
    frames = [
        (START + at, ethernet(ipv4(tcp(b"GET /x HTTP/1.1\r\nHost: web\r\n\r\n", sport=40000 + at, dport=80, flags=0x18),
                              src="10.0.0.1", dst="10.0.0.2", proto=6)))
        for at in range(3)
    ]  # fmt: skip
    (tmp_path / "k8s-w1__eth1.pcap").write_bytes(pcap(frames))
    lines = captools("requests", tmp_path).out.splitlines()
    assert len(lines) == 1 + 3 + 1 + 1 and " and 2 more  no answer" in lines[-1]


def test_tls_sessions_stand_below_the_requests(captools):
    out = captools("requests", case("proxy-tls").folder).out
    assert "for shop.lab.test: ends at the proxy on k8s-w1 (2 sessions, 3 requests joined)" in out
    assert "for passed.lab.test: passed on unopened to default/webpod-" in out


def test_by_route_tells_who_served_which_host_path_and_header_under_which_rule(captools):
    header, *rows = captools("requests", "--by-route", case("s10-l7-routing").folder).out.splitlines()
    assert header.split("  ")[0] == "HOST" and header.endswith("AS CONFIGURED")
    (beta,) = [row for row in rows if "x-version: beta" in row and "GET / " in row]
    assert "default/webpod-697b545f57-xm4vk on k8s-w0" in beta and beta.endswith("yes")
    document = json.loads(captools("requests", "--by-route", case("s10-l7-routing").folder, "--json").out)
    assert sum(one["requests"] for one in document["routes"]) == 12


def test_by_route_without_routes_says_how_to_get_them(captools):
    out = captools("requests", "--by-route", S8.folder).out
    assert "RULE" not in out.splitlines()[0] and "httproutes" in out.splitlines()[-1]


def test_by_route_without_requests_says_what_to_look_at_instead(captools, tmp_path):
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(handshake()))
    assert "No HTTP request was found in clear text" in captools("requests", "--by-route", path).out
