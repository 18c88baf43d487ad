"""VXLAN between IPv6 nodes: the same traffic as over IPv4, with an outer header of its own kind and the MTU it leaves."""

from __future__ import annotations

from captools.lab.scenarios import ipv6_overlay
from captools.lab.scenarios.ipv6_underlay import SCENARIO
from captools.lab.six import OVERHEAD_6, mtu
from tests.correlate.material import material


def test_the_two_cases_differ_in_the_underlay_only():
    assert SCENARIO.traffic is ipv6_overlay.traffic and SCENARIO.mode is ipv6_overlay.SCENARIO.mode
    assert SCENARIO.prepare is not ipv6_overlay.SCENARIO.prepare


def test_no_frame_of_the_tunnel_is_larger_than_the_wire_takes():
    packets = material(SCENARIO.id).packets
    rows = zip(*(packets[name].to_pylist() for name in ("point", "tunnel", "wire_len")), strict=True)
    largest = max(length for point, tunnel, length in rows if tunnel == "vxlan" and point.endswith("eth1"))
    assert largest == 14 + 1500, "the bulk answer fills the MTU"
    assert mtu(underlay=True) == 1500 - OVERHEAD_6
