"""nftables rules of the nodes and of the uplink, as text for ``nft -f``. Pure."""

from __future__ import annotations

from captools.lab.topology import NATIVE_ROUTING_CIDR, NODES, LabNode


def node_rules(here: LabNode) -> str:
    """Return the rules of one node: masquerade pods towards the outside, and no loop through cilium_net.

    Cilium masquerades pod packets for addresses outside ``ipv4-native-routing-cidr`` but leaves those for other
    cluster nodes alone (its Documentation/network/concepts/masquerading.rst). Ports are chosen at random, as its
    eBPF masquerading and ``iptables-random-fully`` do, so that they are rewritten always. Packets to a pod address nobody
    owns would circle through cilium_host and cilium_net; Cilium's eBPF drops them there.
    """
    spared = ", ".join((NATIVE_ROUTING_CIDR, *(node.address for node in NODES)))
    return f"""
table ip captools_lab {{
  chain outbound {{
    type nat hook postrouting priority srcnat;
    ip saddr {here.pod_cidr} ip daddr != {{ {spared} }} oifname {{ "eth0", "eth1" }} masquerade fully-random
  }}
  chain unowned {{
    type filter hook prerouting priority raw;
    iifname "cilium_net" drop
  }}
}}
"""


def uplink_rules() -> str:
    """Return the rules of the uplink: 10.0.2.2 answers ARP and drops all else, but for ssh it opened itself."""
    return """
table ip captools_lab {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
}
"""
