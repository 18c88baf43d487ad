"""Pools of load-balancer addresses: blocks by prefix and by range, and which addresses are of them."""

from __future__ import annotations

import json

from captools.inventory.facts import Facts
from captools.inventory.pools import read_pool
from captools.inventory.read import read_inventory


def pools(**spec) -> list[str]:
    facts = Facts()
    read_pool({"kind": "CiliumLoadBalancerIPPool", "spec": spec}, facts)
    return facts.pools


def test_a_range_is_written_as_prefixes():
    assert pools(blocks=[{"start": "192.168.10.211", "stop": "192.168.10.215"}]) == [
        "192.168.10.211/32",
        "192.168.10.212/30",
    ]


def test_prefixes_of_both_generations_are_read():
    assert pools(blocks=[{"cidr": "10.0.10.0/24"}], cidrs=[{"cidr": "fd00::/120"}]) == ["10.0.10.0/24", "fd00::/120"]


def test_a_range_of_one_address_has_no_end():
    assert pools(blocks=[{"start": "10.0.0.7"}]) == ["10.0.0.7/32"]


def test_nonsense_is_left_out():
    backwards, mixed = {"start": "10.0.0.9", "stop": "10.0.0.1"}, {"start": "10.0.0.1", "stop": "fd00::1"}
    assert pools(blocks=[backwards, mixed, {"cidr": "all of them"}, "x", {}]) == []


def test_an_address_of_a_pool_is_a_load_balancers():
    item = {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "lb"},
            "spec": {"blocks": [{"start": "192.168.10.211", "stop": "192.168.10.215"}]}}  # fmt: skip
    cluster = read_inventory({"pools.json": json.dumps(item)})
    assert cluster.is_vip("192.168.10.215") and not cluster.is_vip("192.168.10.216") and not cluster.is_vip("nonsense")
