"""IPv6 pods over VXLAN, as recorded: inner IPv6, outer IPv4, every packet 50 bytes longer on the wire."""

from __future__ import annotations

import pytest

from captools.lab.scenarios.ipv6_overlay import FAR, SCENARIO
from captools.lab.six import OVERHEAD_4, OVERHEAD_6, address
from captools.lab.topology import CURL_POD
from captools.model.paths import Path, Way
from captures import case
from tests.correlate.material import material


def ping_of(name: str) -> Path:
    ends = address(CURL_POD.ip), address(FAR.ip)
    (path,) = [
        one for one in material(name).analysed().paths if (one.flow.src, one.flow.dst, one.flow.proto) == (*ends, 58)
    ]
    return path


@pytest.mark.parametrize(
    ("name", "overhead", "outer"),
    [(SCENARIO.id, OVERHEAD_4, "192.168.10.100"), ("ipv6b-underlay", OVERHEAD_6, "fd00:192:168:10::100")],
)
def test_the_same_packet_is_longer_on_the_wire_by_what_the_tunnel_adds(name, overhead, outer):
    hops = ping_of(name).ways(Way.FORWARD)
    inner = {hop.wire_len for hop in hops if hop.tunnel == "none"}
    wrapped = {hop.wire_len for hop in hops if hop.tunnel == "vxlan"}
    assert len(inner) == 1 and wrapped == {inner.pop() + overhead}
    assert {hop.outer_src for hop in hops if hop.tunnel == "vxlan"} == {outer}


@pytest.mark.parametrize("name", [SCENARIO.id, "ipv6b-underlay"])
def test_everything_is_answered_over_ipv6(name):
    flows = [flow for flow in case(name).truth["truth"]["flows"] if flow["purpose"] == "test"]
    assert {flow["proto"] for flow in flows} == {"icmpv6", "tcp"}
    assert all(flow["answered"] == flow["sent"] and ":" in flow["src"] for flow in flows)
