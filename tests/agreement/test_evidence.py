"""Every filter that captools prints gives exactly the frames it names, in tshark."""

from __future__ import annotations

import hashlib
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from captools.pipeline import open_session
from captools.views import documents
from captures import cases
from captures.build import ethernet, geneve, ipv4, pcap, tcp, udp, vxlan
from tests.agreement.telling import HOP_BY_HOP, analysed
from tests.agreement.tshark_filters import frames_by_filter
from tests.depth import DEEP


def evidence_in(document: object) -> Iterator[dict[str, Any]]:
    """Return every evidence object anywhere in a JSON document."""
    if isinstance(document, dict):
        if "decode_as" in document and "frames" in document:
            yield document
        for value in document.values():
            yield from evidence_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from evidence_in(value)


@pytest.mark.parametrize("name", [one.name for one in cases()])
def test_every_printed_filter_gives_exactly_its_frames(name: str, tmp_path: Path) -> None:
    analysis = analysed(name)
    by_file: dict[tuple[str, str], dict[str, set[int]]] = defaultdict(dict)
    more = (documents.requests, documents.encryption, documents.paths) if DEEP or name in HOP_BY_HOP else ()
    for document in (documents.findings, *more):
        for proof in evidence_in(document(analysis)):
            assert proof["sha256"] == digest(proof["file"])
            frames = set(proof["frames"])
            assert by_file[proof["file"], proof["decode_as"]].setdefault(proof["filter"], frames) == frames
    assert by_file or not analysis.findings
    for (file, decode_as), wanted in by_file.items():
        assert frames_by_filter(Path(file), list(wanted), tmp_path, rules(decode_as), preferences=()) == wanted, file


@pytest.mark.parametrize("nested", [False, True])
def test_filters_of_vxlan_on_a_port_of_its_own_give_their_frames_too(nested: bool, tmp_path: Path) -> None:
    """VXLAN on UDP 9999, as ``--tunnel-port 9999`` says; alone, and inside Geneve."""
    found = open_session([own_port(tmp_path, nested=nested)], tunnel_ports=(9999,)).analysis
    assert found.tunnel_ports[-1] == 9999
    proofs = [proof for path in found.paths for hop in path.hops for proof in hop.evidence]
    assert proofs
    for proof in proofs:
        rules = [word for rule in proof.decode_rules() for word in ("-d", rule)]
        argv = ["tshark", "-n", "-r", proof.file, "-T", "fields", "-e", "frame.number", "-Y", proof.filter, *rules]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
        assert [int(line) for line in done.stdout.split()] == list(proof.frames)
        assert "udp.port==9999,vxlan" in proof.decode_rules() and "ip.src == 172.20." in proof.filter


def own_port(folder: Path, *, nested: bool) -> str:
    frames = []
    for flags, src, dst, sport, dport in (
        (2, "172.20.0.88", "172.20.2.33", 40000, 80),
        (18, "172.20.2.33", "172.20.0.88", 80, 40000),
    ):
        segment = ethernet(ipv4(tcp(sport=sport, dport=dport, flags=flags), src=src, dst=dst, proto=6))
        tunnel = udp(vxlan(segment, vni=45966), sport=50000, dport=9999)
        frame = ethernet(ipv4(tunnel, src="192.168.10.100", dst="192.168.20.100", proto=17))
        if nested:
            geneve_ = udp(geneve(frame, vni=7), sport=50000, dport=6081)
            frame = ethernet(ipv4(geneve_, src="10.1.0.1", dst="10.1.0.2", proto=17))
        frames.append((1_700_000_000_000_000_000 + len(frames) * 1_000_000, frame))
    path = folder / "k8s-w1__eth1.pcap"
    path.write_bytes(pcap(frames))
    return str(path)


def rules(decode_as: str) -> list[str]:
    """Return the words for tshark that ``-d`` rules written in a row stand for."""
    each = decode_as.split(",udp") if decode_as else []
    return [word for one in each for word in ("-d", one if one.startswith("udp") else f"udp{one}")]


@cache
def digest(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()
