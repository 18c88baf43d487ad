"""Bits and codes that kernels write, and that the tables are made from. No numba here."""

from __future__ import annotations

# lane_has: what the lane's key holds
(
    VLAN,
    ETH_SRC,
    ETH_DST,
    ETHERTYPE,
    IFINDEX,
    NETWORK,
    PORTS,
    VNI,
    OUTER_PORTS,
    OUTER_ETH_SRC,
    OUTER_ETH_DST,
    MPLS,
    GBP,
) = (1 << bit for bit in range(13))
# rare: which side tables get a row
MSS, WSCALE, SACK, FRAGMENTED, ICMP, ECHO, MTU, QUOTED, QUOTED_PORTS, QUOTED_SEQ, ARP, WIREGUARD, DSR = (
    1 << bit for bit in range(13)
)
WG_COUNTED, IPSEC, IPSEC_SEQ, ND_TARGET, ND_MAC = (1 << bit for bit in range(13, 18))
TRUNCATED, MALFORMED, UNKNOWN_LINKTYPE, UNKNOWN_ETHERTYPE, LATER_FRAGMENT, TOO_DEEP = range(1, 7)
NO_TUNNEL, VXLAN, GENEVE, IPIP, GRE = range(5)
NO_KIND = 0
NO_PROTOCOL = -1
