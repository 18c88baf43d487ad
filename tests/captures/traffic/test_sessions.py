"""Sessions: blocks in time order, attributes stable, and a second point that loses a little."""

from __future__ import annotations

import numpy as np

from captures.traffic.scripts import ARP, WG_DATA, make_scripts
from captures.traffic.sessions import NONE, START_NS, Script, Traffic, behind
from captures.traffic.templates import make_templates


def traffic() -> Traffic:
    rng = np.random.default_rng(1)
    return Traffic(Script(make_scripts(rng, make_templates(rng))), 1)


def test_a_block_is_no_longer_than_asked_and_in_time_order():
    made = traffic()
    last = START_NS
    for _ in range(3):
        _sessions, packets = made.block(2_000)
        assert 500 < len(packets) <= 2_000
        assert packets.ts_ns[0] >= last and (np.diff(packets.ts_ns) >= 0).all()
        last = packets.ts_ns[-1]


def test_client_and_server_are_on_different_nodes():
    sessions, _packets = traffic().block(2_000)
    assert (sessions.node[0] != sessions.node[1]).all()


def test_what_crosses_to_the_pod_side_is_in_no_tunnel_and_no_arp():
    _sessions, packets = traffic().block(5_000)
    seen = behind(packets)
    assert (seen.encap == NONE).all() and not np.isin(seen.kind, (ARP, WG_DATA)).any()
    assert (np.diff(seen.ts_ns) >= 0).all()
