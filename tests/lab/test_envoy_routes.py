from __future__ import annotations

from captools.lab.envoy_routes import GUARDED, RETRIED, REWRITTEN, TURN_HEADER, virtual_hosts


def test_every_host_hides_the_labs_own_header_from_the_backends():
    hosts = {host["domains"][0]: host for host in virtual_hosts("x")}
    assert set(hosts) == {RETRIED, REWRITTEN, GUARDED, "*"}
    assert all(host["request_headers_to_remove"] == [TURN_HEADER] for host in hosts.values())


def test_hosts_are_told_apart_by_name_so_that_each_name_stands_once():
    names = [host["name"] for host in virtual_hosts("x")]
    assert len(set(names)) == len(names)


def test_a_guarded_host_has_no_route_for_other_paths():
    (guarded,) = [host for host in virtual_hosts("x") if host["domains"] == [GUARDED]]
    assert {route["match"]["prefix"] for route in guarded["routes"]} == {"/denied", "/limited"}
