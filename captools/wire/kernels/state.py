"""What is known of the packet at hand: one record, reused for all packets.

Its fields are captools.wire.kernels.records.STATE. What goes into every row and lane key is 0 unless it is there:
storing zeros is cheaper than asking bit by bit, which the processor cannot foresee. What only side tables hold stands
where its bit is set. ``start`` to ``wire_end`` are the cursor of captools.wire.frame.Batch, for one packet.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.model.narrow import Present
from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.marks import MALFORMED, NO_TUNNEL, TRUNCATED

_PAYLOAD = int(Present.PAYLOAD)


@kernel
def begin(s: Any, base: Any, cap_len: Any, wire_len: Any, interface: Any) -> None:
    """Put the cursor on the first byte of a frame."""
    s.start = base
    s.at = base
    s.end = base + cap_len
    s.wire_end = base + max(wire_len, cap_len)
    s.interface = interface
    s.why = 0
    s.has = 0
    s.rare = 0
    s.lane_has = 0
    s.direction = 0
    s.tunnel = NO_TUNNEL
    s.depth = 0
    s.ifindex = 0
    s.vlan = 0
    s.mpls_label = 0
    s.ethertype = 0
    s.vni = 0
    s.vxlan_flags = 0
    s.vxlan_gbp = 0
    s.outer_sport = 0
    s.outer_dport = 0
    s.outer_ttl = 0
    s.outer_ip_id = 0
    s.seq = 0
    s.ack = 0
    s.tcp_flags = 0
    s.window = 0
    s.tsval = 0
    s.tsecr = 0
    zero = np.uint64(0)
    s.hash = zero
    s.head = zero
    s.eth_src = zero
    s.eth_dst = zero
    s.outer_src_hi = zero
    s.outer_src_lo = zero
    s.outer_dst_hi = zero
    s.outer_dst_lo = zero
    s.outer_eth_src = zero
    s.outer_eth_dst = zero
    forget_network(s)


@kernel
def forget_network(s: Any) -> None:
    """Clear what belongs to one network and transport header: the next one is inside a tunnel."""
    s.version = 0
    s.proto = 0
    s.ttl = 0
    s.ip_id = 0
    s.ip_len = 0
    s.tos = 0
    s.more_fragments = 0
    s.sport = 0
    s.dport = 0
    s.payload_off = 0
    s.payload_len = 0
    zero = np.uint64(0)
    s.src_hi = zero
    s.src_lo = zero
    s.dst_hi = zero
    s.dst_lo = zero


@kernel
def stop(s: Any, why: Any) -> None:
    """Say why decoding ended, and where. The first reason stands."""
    if s.why == 0:
        s.why = why
        s.why_at = s.at - s.start


@kernel
def need(s: Any, size: Any) -> Any:
    """Tell whether ``size`` bytes are there at the cursor; where not, say whose fault it is."""
    if s.at + size <= s.end:
        return True
    stop(s, TRUNCATED if s.at + size <= s.wire_end else MALFORMED)
    return False


@kernel
def limit(s: Any, claimed_end: Any) -> None:
    """Shrink the ends to what a length field claims."""
    s.end = min(s.end, claimed_end)
    s.wire_end = min(s.wire_end, claimed_end)


@kernel
def payload(s: Any) -> None:
    """Note where the payload begins, and its length by the headers."""
    s.payload_off = s.at - s.start
    s.payload_len = max(s.wire_end - s.at, 0)
    s.has |= _PAYLOAD
