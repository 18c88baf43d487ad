"""Real captures of several points: what is said of each set, held against tshark and what their authors wrote of them.

Every set is here: where nothing is wrong nothing may be said, and what cannot be proven must be said as such.
"""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import pytest

from captools.model.analysis import Analysis
from captools.model.findings import Severity
from captools.model.paths import Outcome
from captools.pipeline import open_session

# Errors and warnings of each set, with how sure they are.
FAULTS = {
    "cilium/native-2pt": [],
    "cilium/vxlan-3pt": [],
    "k8s/calico-clusterip-2pt": [],
    "k8s/calico-ipip-3pt": [],
    "k8s/flannel-udp-3pt": [],
    "nat-two-sided/dns-recursive-2pt": [],
    "nat-two-sided/http-long-conn-2pt": [("lost-between-points", "likely")],
    "nat-two-sided/k8s-nginx-l7-3pt": [],
    "nat-two-sided/keepalive-block-rst-2pt": [("lost-between-points", "possible")],
    "nat-two-sided/tcp-mtu-4pt": [],
    "nat-two-sided/ttl-2pt": [("clock-offset-large", "proven")],
}


@cache
def analysed(folder: Path) -> Analysis:
    return open_session([folder]).analysis


def tshark(file: Path, wanted: str, *fields: str) -> list[list[str]]:
    argv = [
        "tshark",
        "-n",
        "-r",
        str(file),
        "-Y",
        wanted,
        "-T",
        "fields",
        *(word for one in fields for word in ("-e", one)),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_every_set_is_judged(shared: Path):
    root = shared / "captures-real"
    sets = {str(one.relative_to(root)) for one in root.glob("*/*pt") if one.is_dir()}
    assert sets == FAULTS.keys()


@pytest.mark.parametrize("name", FAULTS)
def test_the_faults_are_those_that_are_there(shared: Path, name: str):
    found = analysed(shared / "captures-real" / name).findings
    told = [(one.rule, one.confidence.value) for one in found if one.severity is not Severity.NOTE]
    assert told == FAULTS[name]


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_of_what_was_answered_is_called_lost(shared: Path, name: str):
    assert all(path.outcome is not Outcome.LOST for path in analysed(shared / "captures-real" / name).paths)


def test_who_dropped_the_reset_is_the_machine_between_the_two_interfaces(shared: Path):
    folder = shared / "captures-real/nat-two-sided/keepalive-block-rst-2pt"
    (one,) = analysed(folder).findings
    (reset,), none = (tshark(folder / name, "tcp.flags.reset == 1", "frame.number", "ip.src", "ip.dst")
                      for name in ("2-gw-eth2.pcapng", "1-gw-eth1.pcapng"))  # fmt: skip
    assert none == [] and (one.subject["src"], one.subject["dst"]) == tuple(reset[1:])
    assert one.subject["name"] == "eth2 to eth1"
    assert {frame for proof in one.evidence for frame in proof.frames} >= {int(reset[0])}
    # The other capture ends a minute earlier, so that nobody can be sure.
    assert "If it was listening" in one.statement and "may not have been listening" in one.coverage.reason


def test_the_mtu_is_what_the_icmp_error_says_of_the_segment_that_it_quotes(shared: Path):
    folder = shared / "captures-real/nat-two-sided/tcp-mtu-4pt"
    (one,) = analysed(folder).findings
    ((mtu, by, size),) = tshark(
        folder / "2-gw-eth1.cap", "icmp.type == 3 && icmp.code == 4", "icmp.mtu", "ip.src", "ip.len"
    )
    assert one.subject["name"] == mtu == "1280" and by.split(",")[0] in one.statement
    assert f"packet of {int(size.split(',')[1]):,} bytes" in one.statement
    # Without the gateway the client's own capture, of another run, tells only that it sent what fits.
    assert analysed(folder / "1-client-net0.cap").findings == ()


def test_the_request_is_joined_over_both_legs_and_the_client_behind_nat_is_named(shared: Path):
    folder = shared / "captures-real/nat-two-sided/k8s-nginx-l7-3pt"
    (one,) = (request for request in analysed(folder).requests if request.backend_leg is not None)
    ((xff, src, sport, dst),) = tshark(
        folder / "3-backend-pod.cap", "http.request", "http.x_forwarded_for", "ip.src", "tcp.srcport", "ip.dst"
    )
    ((client, address),) = tshark(folder / "1-host-bridge.cap", "http.request", "ip.src", "ip.dst")
    assert one.client_leg is not None and one.backend_leg is not None
    assert (one.client_leg.src, one.client_leg.dst) == (client, address) and one.xff == (xff,)
    assert (one.backend_leg.src, one.backend_leg.sport, one.backend_leg.dst) == (src, int(sport), dst)
    assert {"2-node", "3-backend-pod"} <= set(one.backend_leg.points)


def test_the_gateway_that_drops_fins_is_named_with_all_of_them(shared: Path):
    folder = shared / "captures-real/nat-two-sided/http-long-conn-2pt"
    (one,) = analysed(folder).findings
    fins = tshark(folder / "1-gw-eth1.cap", "tcp.flags.fin == 1 && tcp.dstport == 80", "frame.number")
    assert tshark(folder / "2-gw-eth2.cap", "tcp.flags.fin == 1 && tcp.dstport == 80", "frame.number") == []
    assert {frame for proof in one.evidence for frame in proof.frames} == {int(number) for (number,) in fins}
    assert one.subject["name"] == "1-gw-eth1 to 2-gw-eth2"


def test_two_clocks_are_told_apart_by_the_one_ping_that_both_saw(shared: Path):
    folder = shared / "captures-real/nat-two-sided/ttl-2pt"
    (one,) = analysed(folder).findings
    times = [
        [int(time.replace(".", "")) for (time,) in tshark(folder / name, "icmp", "frame.time_epoch")]  # nine digits
        for name in ("1-source.pcapng", "2-dest.pcapng")
    ]
    # What the request and the reply took bounds the offset from both sides.
    low, high = sorted(far - near for near, far in zip(*times, strict=True))
    (clock,) = (clock for clock in analysed(folder).clocks if clock.offset_ns)
    assert clock.offset_ns is not None and clock.error_ns is not None
    assert abs(clock.offset_ns - (low + high) / 2) <= 1_000 and abs(clock.error_ns - (high - low) / 2) <= 5_000
    assert "48.9 s behind" in one.statement
