"""Routes as Envoy has them: tried in Cilium's order, prefixes by whole elements."""

from __future__ import annotations

import re

from captools.lab.proxies.gateway_canary import LIMITED_ROUTE, SHOP_ROUTE
from captools.lab.proxies.gateway_routes import INGRESS, ROUTE
from captools.lab.route_envoy import virtual_host


def test_exact_paths_come_first_then_the_longer_pattern():
    matches = [one["match"] for one in virtual_host(INGRESS)["routes"]]
    assert matches[0]["path"] == "/exact"
    assert [one["safe_regex"]["regex"] for one in matches[1:]] == ["/item/[0-9]+", "/prefix(/.*)?", "(/.*)?"]


def test_what_asks_for_more_comes_first():
    routes = virtual_host(ROUTE)["routes"]
    asked = [(len(one["match"]["headers"]), len(one["match"]["query_parameters"])) for one in routes]
    assert asked == [(0, 0), (1, 0), (0, 1), (0, 0)]
    assert routes[1]["match"]["headers"] == [{"name": "x-version", "string_match": {"exact": "beta"}}]


def test_a_prefix_covers_whole_elements():
    pattern = virtual_host(ROUTE)["routes"][0]["match"]["safe_regex"]["regex"]
    fits = [path for path in ("/v1", "/v1/", "/v1/list", "/v10", "/v") if re.fullmatch(pattern, path)]
    assert fits == ["/v1", "/v1/", "/v1/list"]


def test_hosts_are_served_with_and_without_a_port_and_weights_stand_by_their_services():
    one = virtual_host(SHOP_ROUTE, include_attempt_count_in_response=True)
    assert one["domains"] == ["shop.lab.test", "shop.lab.test:*"] and one["include_attempt_count_in_response"]
    by_header, weighted = (route["route"] for route in one["routes"])
    assert by_header == {"cluster": "shop-canary"}
    assert weighted["weighted_clusters"]["clusters"] == [
        {"name": "shop-stable", "weight": 90}, {"name": "shop-canary", "weight": 10},
    ]  # fmt: skip
    assert virtual_host(LIMITED_ROUTE)["routes"][0]["route"] == {"cluster": "shop-stable"}
