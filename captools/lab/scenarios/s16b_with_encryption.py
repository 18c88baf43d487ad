"""S16, second half: the same transfer inside WireGuard. `captools diff` of both tells what encryption costs."""

from __future__ import annotations

from captools.lab.scenario import Expected, Scenario
from captools.lab.scenarios.s16_without_encryption import SNAPLEN, prepare, traffic
from captools.lab.topology import Mode

SCENARIO = Scenario(
    id="s16b-with-encryption",
    title="The same transfer inside WireGuard: what encryption costs",
    mode=Mode.WIREGUARD,
    prepare=prepare,
    traffic=traffic,
    snaplen=SNAPLEN,
    health_interval_s=0.5,
    expected=(
        Expected(rule="retransmissions", optional=True),  # as without encryption: chance
        Expected(
            rule="wireguard-only", subject={"src": "k8s-ctr", "dst": "k8s-w0"}, points=("k8s-ctr/eth1", "k8s-w0/eth1")
        ),
        Expected(
            rule="wireguard-only", subject={"src": "k8s-ctr", "dst": "k8s-w1"}, points=("k8s-ctr/eth1", "k8s-w1/eth1")
        ),
        Expected(
            rule="wireguard-only", subject={"src": "k8s-w0", "dst": "k8s-w1"}, points=("k8s-w0/eth1", "k8s-w1/eth1")
        ),
    ),
)
