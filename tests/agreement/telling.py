"""What tests that start a tool per file or analyse whole cases share: the files that tell most, and each analysis once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from captools.model.analysis import Analysis
from captools.pipeline import open_session
from captools.store.files import read_file
from captures import case, cases
from tests.depth import DEEP

# Every kind of hop, tunnel, translation and refusal stands in these. What the others are about stands in their findings,
# and `make deep` looks at all of all of them.
HOP_BY_HOP = (
    "no-fault", "s2-vxlan-overlay", "s8-ingress-dedicated-snat", "s13-wireguard-only", "proxy-requests", "masquerade",
    "bulk-vxlan", "wireguard-leak", "dual", "geneve-dsr", "ipv6-overlay", "s14b-policy-reject", "s6-vip-shared-port",
    "asymmetric-node", "bpf-host-routing", "demo-skewed", "s1-native-route-black-hole", "s5-vip-failover", "mtu-icmp",
)  # fmt: skip


def telling() -> list[Path]:
    """Return the longest capture of each reference case: the others hold the same packets, seen elsewhere.

    ``python -m tests.agreement.table`` and its test read every one of them three times.
    """
    if DEEP:
        return [path for one in cases() for path in one.captures if path.stat().st_size > 24]
    return [max(one.captures, key=lambda path: (path.stat().st_size, path.name)) for one in cases()]


def unpacked(path: Path, folder: Path) -> Path:
    """Return a capture that libpcap's tools can open: a copy in ``folder``, if it is packed."""
    if path.suffix == ".pcap":
        return path
    plain = folder / f"{path.parent.name}-{path.stem}"
    plain.write_bytes(read_file(path)[0])
    return plain


@cache
def analysed(name: str) -> Analysis:
    """Return the analysis of a reference case."""
    return open_session([case(name).folder]).analysis
