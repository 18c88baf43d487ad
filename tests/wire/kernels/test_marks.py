"""Bits and codes: each its own, and as many words as the tables give them."""

from __future__ import annotations

from captools.wire import assemble
from captools.wire.kernels import marks


def test_bits_of_a_mask_do_not_overlap():
    lane = ("VLAN", "ETH_SRC", "ETH_DST", "ETHERTYPE", "IFINDEX", "NETWORK", "PORTS", "VNI", "OUTER_PORTS",
            "OUTER_ETH_SRC", "OUTER_ETH_DST")  # fmt: skip
    rare = ("MSS", "WSCALE", "SACK", "FRAGMENTED", "ICMP", "ECHO", "MTU", "QUOTED", "QUOTED_PORTS", "QUOTED_SEQ", "ARP",
            "WIREGUARD", "DSR")  # fmt: skip
    for names in (lane, rare):
        bits = [getattr(marks, name) for name in names]
        assert sum(bits) == (1 << len(bits)) - 1
    assert sum(getattr(marks, name) for name in lane) < 1 << 16  # the direction's bits follow in a lane's key


def test_every_code_has_its_word():
    assert assemble._STOPS[marks.TOO_DEEP] == "too-deep" and assemble._STOPS[marks.LATER_FRAGMENT] == "later-fragment"
    assert assemble._TUNNELS[marks.GRE] == "gre" and assemble._TUNNELS[marks.GENEVE] == "geneve"
    assert len(assemble._STOPS) == marks.TOO_DEEP + 1 and len(assemble._TUNNELS) == marks.GRE + 1
