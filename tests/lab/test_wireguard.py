from __future__ import annotations

from captools.lab.topology import NODES
from captools.lab.wireguard import peers

KEYS = {"k8s-ctr": ("private-c", "public-c"), "k8s-w1": ("private-1", "public-1"), "k8s-w0": ("private-0", "public-0")}


def test_a_node_peers_with_every_other_node_and_holds_no_foreign_private_key():
    text = peers(NODES[0], KEYS)
    assert text.count("[Peer]") == 2
    assert "PrivateKey = private-c" in text
    assert "private-1" not in text and "private-0" not in text
    assert (
        "PublicKey = public-1\nEndpoint = 192.168.10.101:51871\nAllowedIPs = 192.168.10.101/32, 172.20.1.0/24" in text
    )
