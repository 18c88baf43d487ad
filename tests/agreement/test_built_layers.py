"""tshark says of every kind of header stack that we can build what our decoder says, and its filters pass the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from captures import build
from tests.agreement.test_tshark import differences
from tests.agreement.tshark_filters import both
from tests.wire.layers import AGREED

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")
# tshark 4.0 takes vxlan.flags for one byte in comparisons, as on the port of VXLAN-GPE.
FILTERS = (
    "mpls", "mpls.label", "mpls.label == 100", "mpls.label in {0, 5}", "vxlan", "vxlan.flags",
    "vxlan.flags == 12", "vxlan.gbp", "vxlan.gbp == 0", "vxlan.gbp == 4660", "vxlan.vni == 7",
    "geneve", "gre.key == 55", "esp", "esp.spi == 0xc0ffee01", "esp.sequence == 5", "ah", "ah.spi == 0x1234",
    "ah.sequence > 2", "ip.proto == 51", "ip.proto == 50", "ip.proto == 6", "icmpv6", "icmpv6.type == 135",
    "icmpv6.nd.ns.target_address", "icmpv6.nd.ns.target_address == fd00::77", "icmpv6.nd.na.target_address == fd00::77",
    "icmpv6.opt.linkaddr", "icmpv6.opt.linkaddr == 02:00:00:00:00:05", "icmpv6.mtu == 1280", "sctp", "wg", "wg.type == 4",
    "wg.counter == 5", "vlan.id == 8", "tcp.len == 70000", "udp", "not udp",
)  # fmt: skip
# Our table holds the outermost and the innermost headers, not those between, nor the tunnels of a quote.
BETWEEN = ("ipip-in-gre-in-vxlan", "ah-tunnel", "quoted-ipip", "quoted-sit", "quoted-gre")
FRAMES = {name: frame for name, frame in AGREED.items() if name not in BETWEEN}


def capture(path: Path, frames: dict[str, bytes]) -> Path:
    path.write_bytes(build.pcap([(at + 1, frame) for at, frame in enumerate(frames.values())]))
    return path


def test_tshark_and_we_agree_on_every_header_stack(tmp_path: Path) -> None:
    names = list(AGREED)
    found = differences(capture(tmp_path / "layers.pcap", AGREED))
    assert [f"{names[int(one.split()[1].rstrip(':')) - 1]}: {one}" for one in found] == []


def test_our_filters_pass_the_header_stacks_that_tsharks_pass(tmp_path: Path) -> None:
    names = list(FRAMES)
    problems = []
    for text, mine, theirs in both(capture(tmp_path / "layers.pcap", FRAMES), FILTERS, tmp_path):
        assert 0 < len(theirs) < len(names), text
        if mine != theirs:
            more, less = ([names[at - 1] for at in sorted(some)] for some in (mine - theirs, theirs - mine))
            problems.append(f"`{text}` passes {more} too many, {less} too few")
    assert problems == []
