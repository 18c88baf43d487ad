"""VXLAN between IPv6 nodes: the outer header is 20 bytes longer, so that each packet gets 70 bytes more."""

from __future__ import annotations

from captools.lab import six
from captools.lab.cluster import Lab
from captools.lab.scenario import Scenario
from captools.lab.scenarios.ipv6_overlay import expected, traffic, ways
from captools.lab.topology import Mode


def prepare(lab: Lab) -> None:
    """Switch IPv6 on for pods and nodes, and send the tunnel of IPv6 pods over it."""
    six.switch_on(lab, underlay=True)


SCENARIO = Scenario(
    id="ipv6b-underlay",
    title="Tunnel mode: IPv6 pods over VXLAN between IPv6 nodes",
    mode=Mode.VXLAN,
    prepare=prepare,
    traffic=traffic,
    ways=ways,
    health_interval_s=1.0,
    expected=expected(six.OVERHEAD_6),
)
