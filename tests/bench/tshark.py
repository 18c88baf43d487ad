"""tshark with the field list that all ratios refer to."""

from __future__ import annotations

from pathlib import Path

from tests.bench.measure import Run, measure

_FIELDS = (
    "frame.number frame.time_epoch frame.cap_len frame.len eth.src eth.dst eth.type vlan.id arp.opcode "
    "arp.src.hw_mac arp.src.proto_ipv4 arp.dst.hw_mac arp.dst.proto_ipv4 ip.src ip.dst ip.proto ip.ttl ip.id "
    "ip.flags ip.frag_offset ip.len ipv6.src ipv6.dst ipv6.nxt ipv6.hlim ipv6.plen tcp.srcport tcp.dstport "
    "tcp.seq_raw tcp.ack_raw tcp.flags tcp.window_size_value tcp.options.timestamp.tsval "
    "tcp.options.timestamp.tsecr tcp.len udp.srcport udp.dstport udp.length icmp.type icmp.code icmp.ident "
    "icmp.seq vxlan.vni geneve.vni gre.proto wg.type wg.receiver wg.counter http.x_forwarded_for "
    "http.request.method http.request.uri http.response.code tls.handshake.extensions_server_name"
)
FIELDS = tuple(_FIELDS.split())


def tshark(path: Path, packets: int, runs: int) -> tuple[float, Run]:
    """Return tshark's packets per second over ``path``, and its process."""
    fields = [word for name in FIELDS for word in ("-e", name)]
    argv = ["tshark", "-n", "-r", str(path), "-d", "udp.port==8472,vxlan", "-d", "udp.port==51871,wg", "-T", "fields",
            "-E", "separator=,", "-E", "occurrence=a", "-E", "aggregator=;", *fields]  # fmt: skip
    run = measure(argv, runs=runs)
    return packets / run.wall_s, run
