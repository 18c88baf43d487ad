"""Which frames of the shared multi-point captures are one packet: as worked out from tshark's fields alone.

Per set the right, wrong and missing links are counted: frames of different points that tshark shows with the same
innermost numbers within two seconds. Where NAT lies between, only numbers that it leaves alone are compared.
"""

from __future__ import annotations

import subprocess
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import pytest

from captools.correlate.same.flows import connections
from captools.correlate.same.icmp_errors import errors
from captools.correlate.same.match import match
from captools.correlate.same.nat import join_translated
from captools.correlate.same.translated import through_nat
from captools.correlate.sightings import ABSENT, sightings
from captools.model.sources import Source
from captools.pipeline import open_session

Sighting = tuple[str, int]  # file name, frame
Links = set[frozenset[Sighting]]
TRANSIT_S = 2.0
FIELDS = (
    "frame.number", "frame.time_epoch", "ip.src", "ip.dst", "ip.id", "ipv6.src", "ipv6.dst", "ip.proto", "ipv6.nxt",
    "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "tcp.flags", "tcp.options.timestamp.tsval",
    "udp.srcport", "udp.dstport", "udp.length", "dns.id", "icmp.type", "icmp.ident", "icmp.seq", "icmpv6.checksum",
)  # fmt: skip
ADDRESSED = tuple(name for name in FIELDS if name not in ("frame.number", "frame.time_epoch"))
KEPT_BY_NAT = ("tcp.seq_raw", "tcp.ack_raw", "tcp.len", "tcp.flags", "tcp.options.timestamp.tsval")
QUOTES = {"3", "11"}  # ICMP errors: tshark shows what they quote behind their own header
# (folder, links): counted by hand in tshark's output.
SETS = [
    ("cilium/vxlan-3pt", 30), ("cilium/native-2pt", 2), ("nat-two-sided/tcp-mtu-4pt", 14),
    ("nat-two-sided/keepalive-block-rst-2pt", 3), ("nat-two-sided/http-long-conn-2pt", 20),
    ("nat-two-sided/dns-recursive-2pt", 2), ("nat-two-sided/k8s-nginx-l7-3pt", 22),
    ("k8s/calico-clusterip-2pt", 38), ("k8s/calico-ipip-3pt", 0), ("k8s/flannel-udp-3pt", 0),
    ("nat-two-sided/ttl-2pt", 0),  # its clocks are 49 s apart
]  # fmt: skip


def by_tshark(file: Path) -> list[tuple[Sighting, float, dict[str, str]]]:
    """Return (sighting, time, innermost fields) of each frame."""
    argv = ["tshark", "-n", "-r", str(file), "-d", "udp.port==8472,vxlan", "-T", "fields", "-E", "occurrence=a"]
    argv += [word for name in FIELDS for word in ("-e", name)]
    found = []
    for line in subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines():
        fields = dict(zip(FIELDS, line.split("\t"), strict=True))
        which = 0 if fields["icmp.type"] in QUOTES else -1
        told = {name: fields[name].split(",")[which] for name in ADDRESSED}
        if told["ip.proto"] != "17":  # then UDP is a tunnel's
            told |= {"udp.srcport": "", "udp.dstport": "", "udp.length": ""}
        if fields["ip.src"] or fields["ipv6.src"]:
            found.append(((file.name, int(fields["frame.number"])), float(fields["frame.time_epoch"]), told))
    return found


def expected(folder: Path) -> Links:
    """Return the links between frames of different files that tshark's fields show."""
    exact, kept = defaultdict(list), defaultdict(list)
    for file in sorted(folder.iterdir()):
        for sighting, now, told in by_tshark(file):
            exact[tuple(told.values())].append((sighting, now))
            if told["tcp.seq_raw"] and told["tcp.options.timestamp.tsval"]:
                kept[tuple(told[name] for name in KEPT_BY_NAT)].append((sighting, now))
    links: Links = set()
    for same in (*exact.values(), *kept.values()):
        for (one, now), (other, then) in combinations(same, 2):
            if one[0] != other[0] and abs(now - then) <= TRANSIT_S:
                links.add(frozenset((one, other)))
    return links


def ours(folder: Path) -> Links:
    """Return the links of our own matching, NAT included."""
    session = open_session([folder])
    files: dict[str, Source] = {source.name: source for source in session.sources}
    rows = sightings(session.opened.packets())
    matches = match(rows)
    groups = join_translated(rows, connections(rows, matches))
    found: dict[int, list[Sighting]] = defaultdict(list)
    for row, number in enumerate(through_nat(rows, matches, groups, errors(rows, groups)).ids.tolist()):
        if number != ABSENT:
            name = Path(files[rows.sources[int(rows["source"][row])]].path).name
            found[number].append((name, int(rows["frame"][row])))
    return {
        frozenset((one, other)) for same in found.values() for one, other in combinations(same, 2) if one[0] != other[0]
    }


@pytest.mark.parametrize(("folder", "count"), SETS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_links_are_those_that_tshark_shows(shared: Path, folder: str, count: int):
    wanted, found = expected(shared / "captures-real" / folder), ours(shared / "captures-real" / folder)
    print(f"{folder}: {len(wanted & found)} right, {len(found - wanted)} wrong, {len(wanted - found)} missing")
    assert found - wanted == set(), "wrong links"
    assert wanted - found == set(), "missing links"
    assert len(found) == count
