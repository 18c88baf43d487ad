"""What tshark says of every frame, in our columns: the reference for the agreement tests."""

from __future__ import annotations

import subprocess
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
    "ip_id": "ip.id",
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
    "arp_op": "arp.opcode",
    "arp_sender_ip": "arp.src.proto_ipv4",
    "arp_target_ip": "arp.dst.proto_ipv4",
    "icmp_type": "icmp.type",
    "icmp_code": "icmp.code",
    "icmp_id": "icmp.ident",
    "icmp_seq": "icmp.seq",
    "icmp6_type": "icmpv6.type",
    "wg_type": "wg.type",
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
    argv = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=/t", "-E", "aggregator=|",
            "-d", "udp.port==8472,vxlan"]  # fmt: skip
    for preference in PREFERENCES:
        argv += ["-o", preference]
    for field in FIELDS.values():
        argv += ["-e", field]
    # A damaged file makes tshark exit with an error after printing all whole frames: both are fine here.
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    rows = []
    for line in done.stdout.splitlines():
        values = line.split("\t")
        rows.append({name: value.split("|") if value else [] for name, value in zip(FIELDS, values, strict=True)})
    return rows
