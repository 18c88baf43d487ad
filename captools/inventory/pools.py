"""Pools of load-balancer addresses: ``kubectl get ciliumloadbalancerippools -o json``."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, summarize_address_range
from typing import Any

from captools.inventory.facts import Facts
from captools.inventory.values import address, at, list_at, prefix


def read_pool(item: dict[str, Any], facts: Facts) -> None:
    """Add the prefixes of one CiliumLoadBalancerIPPool; up to Cilium 1.15 its blocks were called cidrs."""
    for block in [*list_at(item, "spec", "blocks"), *list_at(item, "spec", "cidrs")]:
        cidr = prefix(at(block, "cidr"))
        facts.pools.extend([cidr] if cidr else _range(address(at(block, "start")), address(at(block, "stop"))))


def _range(start: str, stop: str) -> Iterator[str]:
    """Yield the prefixes of a range; a range without an end is its first address (Cilium, LB IPAM)."""
    if not start:
        return
    first, last = ip_address(start), ip_address(stop or start)
    if first.version == last.version and int(first) <= int(last):
        yield from map(str, summarize_address_range(first, last))
