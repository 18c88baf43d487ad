"""Our columnar decoder and tshark say the same of every frame of every reference capture, column by column.

Each known disagreement of the real captures is listed with its reason; everything else is a defect of ours. Those
captures are compared in test_table.py, with scapy as third reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from captools.model.addresses import to_text
from captools.store.files import read_file
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.index import is_capture, read_records
from tests.agreement.tshark_columns import tshark_rows
from tests.conftest import SHARED

MAX_BYTES = 3_000_000

NOT_OURS_YET = {
    "pppoes": "PPPoE is not opened",
    "nflog": "link type NFLOG is not read",
    "ppp": "link type PPP is not read",
}
REASONS = {
    "pcapnggen-le-basic-test018.pcapng": "Wireshark shows custom blocks as frames and counts them; tcpdump does not, nor do we",
    "pcpp-ipv4-malformed.pcap": "tshark shows no addresses of a header whose length lies; we keep them",
    "tcpdump-ipv4_invalid_length.pcap": "a header length of two words: tshark shows an address anyway",
    "pcpp-pcapng-example.pcapng": "stamps beyond 64 bits of nanoseconds; ours end at the end of time",
    "zeek-linux_dlt_sll2.pcap": "ARP on an interface that is no Ethernet",
}


def real_captures() -> list[Path]:
    """Every capture of ../shared that fits the time a test has; empty where it is absent."""
    root = SHARED / "captures-real"
    found = sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else []
    return [path for path in found if path.stat().st_size <= MAX_BYTES and is_capture(path.open("rb").read(4))]


def ours(path: Path) -> list[dict[str, Any]]:
    data, _damage = read_file(path)
    records = read_records(data, path.name)
    naming = Naming(source=path.name, points=tuple("n/e" for _ in records.interfaces))
    rows: list[dict[str, Any]] = decode(BytesView(data), records, naming).to_pylist()
    return rows


def number(text: str | None) -> int | None:
    return int(text, 0) if text else None


def last(values: list[str], at: int = -1) -> str | None:
    return values[at] if len(values) >= -at and values[at] else None


def differences(path: Path) -> Iterator[str]:
    """Say every difference between the two readers of one file."""
    mine, theirs = ours(path), tshark_rows(path)
    if len(mine) != len(theirs):
        yield f"{len(mine)} frames, tshark has {len(theirs)}"
    for row, other in zip(mine, theirs, strict=False):
        for name, value, expected in columns(row, other):
            if value != expected:
                yield f"frame {row['frame']}: {name} is {value!r}, tshark says {expected!r} ({other['protocols']})"


def columns(row: dict[str, Any], other: dict[str, list[str]]) -> Iterator[tuple[str, object, object]]:
    """Return (column, ours, tshark's) of one frame."""
    yield "wire_len", row["wire_len"], number(other["wire_len"][0])
    seconds, _, fraction = (last(other["ts_ns"]) or "0").partition(".")  # simple packet blocks have no time
    yield "ts_ns", row["ts_ns"], int(seconds) * 10**9 + int(fraction[:9].ljust(9, "0"))
    # An ICMP error shows the quoted packet's header behind its own.
    own = -2 if row["quoted_src"] is not None else -1
    if row["ip_version"] == 4:
        yield "src", to_text(row["src"]), last(other["src4"], own)
        yield "dst", to_text(row["dst"]), last(other["dst4"], own)
        yield "ttl", row["ttl"], number(last(other["ttl4"], own))
        yield "ip_id", row["ip_id"], number(last(other["ip_id"], own))
    elif row["ip_version"] == 6:
        yield "src", to_text(row["src"]), last(other["src6"], own)
        yield "dst", to_text(row["dst"]), last(other["dst6"], own)
        yield "ttl", row["ttl"], number(last(other["ttl6"], own))
    elif row["tunnel"] == "none":
        yield "no IP", [], other["src4"] + other["src6"]
    if row["proto"] == 6 and own == -1 and row["seq"] is not None:
        for name, field in (("sport", "tcp_sport"), ("dport", "tcp_dport"), ("seq", "seq"), ("ack", "ack"),
                            ("tcp_flags", "tcp_flags"), ("window", "window"), ("tsval", "tsval"), ("tsecr", "tsecr"),
                            ("mss", "mss")):  # fmt: skip
            yield name, row[name], number(last(other[field]))
        if row["payload_len"] is not None and row["decode_stop"] is None and not row["more_fragments"]:
            yield "payload_len", row["payload_len"], number(last(other["tcp_len"]))
    if row["proto"] == 17 and own == -1 and row["sport"] is not None:
        yield "sport", row["sport"], number(last(other["udp_sport"]))
        yield "dport", row["dport"], number(last(other["udp_dport"]))
    if row["proto"] == 1 and row["icmp_type"] is not None:
        yield "icmp_type", row["icmp_type"], number(other["icmp_type"][0])
        yield "icmp_code", row["icmp_code"], number(other["icmp_code"][0])
        if row["icmp_mtu"] is not None:
            yield "icmp_mtu", row["icmp_mtu"], number(other["icmp_mtu"][0])
        if own == -1:
            yield "icmp_id", row["icmp_id"], number(last(other["icmp_id"]))
            yield "icmp_seq", row["icmp_seq"], number(last(other["icmp_seq"]))
    if row["proto"] == 58 and row["icmp_type"] is not None:
        yield from neighbour_columns(row, other)
    if row["proto"] == 132 and own == -1 and row["sport"] is not None:
        yield "sport", row["sport"], number(last(other["sctp_sport"]))
        yield "dport", row["dport"], number(last(other["sctp_dport"]))
    yield from label_columns(row, other)
    if row["tunnel"] in ("vxlan", "geneve"):
        yield "vni", row["vni"], number((other["vni"] + other["geneve_vni"])[0])
    else:
        yield "vni", None, number(last(other["vni"] + other["geneve_vni"]))
    yield "wg_type", row["wg_type"], number(last(other["wg_type"][:1]))
    yield "wg_receiver", row["wg_receiver"], number(last(other["wg_receiver"][:1]))
    yield "wg_counter", row["wg_counter"], number(last(other["wg_counter"][:1]))
    yield "arp_op", row["arp_op"], number(last(other["arp_op"]))


def neighbour_columns(row: dict[str, Any], other: dict[str, list[str]]) -> Iterator[tuple[str, object, object]]:
    """Return the columns of ICMPv6."""
    yield "icmp_type", row["icmp_type"], number(other["icmp6_type"][0])
    yield "icmp_code", row["icmp_code"], number(other["icmp6_code"][0])
    yield "icmp_id", row["icmp_id"], number(last(other["icmp6_id"][:1]))
    yield "icmp_seq", row["icmp_seq"], number(last(other["icmp6_seq"][:1]))
    yield "icmp_mtu", row["icmp_mtu"], number(last(other["icmp6_mtu"][:1])) if row["icmp_type"] == 2 else None
    target = to_text(row["nd_target"]) if row["nd_target"] else None
    yield "nd_target", target, last(other["nd_solicited"] + other["nd_advertised"] + other["nd_redirected"])
    mac = row["nd_mac"].hex(":") if row["nd_mac"] else None
    yield "nd_mac", mac, last(other["nd_mac"][:1])


def label_columns(row: dict[str, Any], other: dict[str, list[str]]) -> Iterator[tuple[str, object, object]]:
    """Return the columns of what stands around the network header: labels, tags, tunnel flags, IPsec."""
    yield "mpls_label", row["mpls_label"], number(last(other["mpls_label"][:1]))
    flags = number(last(other["vxlan_flags"][:1]))
    if flags is None or flags & 0x0800:  # without the I flag tshark shows a tunnel, we do not (RFC 7348, section 5)
        yield "vxlan_flags", row["vxlan_flags"], flags
        yield "vxlan_gbp", row["vxlan_gbp"] or 0, number(last(other["vxlan_gbp"][:1])) or 0
    if row["tunnel"] == "gre":
        yield "vni", row["vni"], number(last(other["gre_key"][:1]))
    for name in ("eth_src", "eth_dst"):
        if row["linktype"] == 1 and row[name]:
            yield name, row[name].hex(":"), last(other[name])
    if not row["depth"] and row["ip_version"] is not None:
        yield "vlan", row["vlan"], number(last((other["service_vlan"] + other["vlan"])[:1]))
    kind = {50: "esp", 51: "ah"}.get(row["ipsec_proto"])
    for name in ("esp", "ah"):
        for column in ("spi", "seq"):
            wanted = row[f"ipsec_{column}"] if name == kind else None
            if kind != "esp" or name != "ah":  # the AH around an ESP gives way to it
                yield f"{name}_{column}", wanted, number(last(other[f"{name}_{column}"]))


def test_packets_between_custom_blocks_are_the_same_but_for_their_numbers(shared: Path) -> None:
    """Wireshark shows pcapng's custom blocks as frames and counts them; tcpdump and capinfos count packets, as we do."""
    path = shared / "captures-real/pcapng/pcapnggen-le-basic-test018.pcapng"
    mine, theirs = ours(path), tshark_rows(path)
    packets = [one for one in theirs if one["protocols"] != ["data"]]
    assert (len(mine), len(packets), len(theirs)) == (4, 4, 8)
    for row, other in zip(mine, packets, strict=True):
        assert [(name, value) for name, value, _ in columns(row, other)] == [
            (name, expected) for name, _, expected in columns(row, other)
        ]
