"""What tshark says of every frame, in our columns: the reference for the agreement tests."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

# our column -> tshark field; the innermost header is the last occurrence
FIELDS = {
    "cap_len": "frame.cap_len",
    "wire_len": "frame.len",
    "ts_ns": "frame.time_epoch",
    "src4": "ip.src",
    "dst4": "ip.dst",
    "src6": "ipv6.src",
    "dst6": "ipv6.dst",
    "ttl4": "ip.ttl",
    "ttl6": "ipv6.hlim",
    "ip6_next": "ipv6.nxt",
    "ip6_len": "ipv6.plen",
    "ip_id": "ip.id",
    "ip_len": "ip.len",
    "ip_proto": "ip.proto",
    "tcp_sport": "tcp.srcport",
    "tcp_dport": "tcp.dstport",
    "udp_sport": "udp.srcport",
    "udp_dport": "udp.dstport",
    "seq": "tcp.seq_raw",
    "ack": "tcp.ack_raw",
    "tcp_flags": "tcp.flags",
    "window": "tcp.window_size_value",
    "tsval": "tcp.options.timestamp.tsval",
    "tsecr": "tcp.options.timestamp.tsecr",
    "mss": "tcp.options.mss_val",
    "tcp_len": "tcp.len",
    "vni": "vxlan.vni",
    "geneve_vni": "geneve.vni",
    "gre_key": "gre.key",
    "vxlan_flags": "vxlan.flags",
    "vxlan_gbp": "vxlan.gbp",
    "mpls_label": "mpls.label",
    "vlan": "vlan.id",
    "service_vlan": "ieee8021ad.id",
    "eth_src": "eth.src",
    "eth_dst": "eth.dst",
    "esp_spi": "esp.spi",
    "esp_seq": "esp.sequence",
    "ah_spi": "ah.spi",
    "ah_seq": "ah.sequence",
    "sctp_sport": "sctp.srcport",
    "sctp_dport": "sctp.dstport",
    "arp_op": "arp.opcode",
    "arp_sender_ip": "arp.src.proto_ipv4",
    "arp_target_ip": "arp.dst.proto_ipv4",
    "icmp_type": "icmp.type",
    "icmp_code": "icmp.code",
    "icmp_id": "icmp.ident",
    "icmp_seq": "icmp.seq",
    "icmp_mtu": "icmp.mtu",
    "icmp6_type": "icmpv6.type",
    "icmp6_code": "icmpv6.code",
    "icmp6_id": "icmpv6.echo.identifier",
    "icmp6_seq": "icmpv6.echo.sequence_number",
    "icmp6_mtu": "icmpv6.mtu",
    "nd_solicited": "icmpv6.nd.ns.target_address",
    "nd_advertised": "icmpv6.nd.na.target_address",
    "nd_redirected": "icmpv6.nd.rd.target_address",
    "nd_mac": "icmpv6.opt.linkaddr",
    "wg_type": "wg.type",
    "wg_sender": "wg.sender",
    "wg_receiver": "wg.receiver",
    "wg_counter": "wg.counter",
    "protocols": "frame.protocols",
}

PREFERENCES = (
    "ip.defragment:FALSE",
    "ipv6.defragment:FALSE",
    "tcp.desegment_tcp_streams:FALSE",
    "tcp.try_heuristic_first:FALSE",
)


def tshark_rows(path: Path) -> list[dict[str, list[str]]]:
    """Return one dict per frame: our name -> all values tshark gave, outermost first."""
    rows = []
    for line in _printed(path).splitlines():
        values = line.split("\t")
        rows.append({name: value.split("|") if value else [] for name, value in zip(FIELDS, values, strict=True)})
    return rows


@cache
def _printed(path: Path) -> str:
    """Return what tshark prints of a capture, which several tests ask for; kept as text, a tenth of the rows."""
    argv = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=/t", "-E", "aggregator=|",
            "-d", "udp.port==8472,vxlan"]  # fmt: skip
    for preference in PREFERENCES:
        argv += ["-o", preference]
    for field in FIELDS.values():
        argv += ["-e", field]
    # A damaged file makes tshark exit with an error after printing all whole frames: both are fine here.
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False).stdout
