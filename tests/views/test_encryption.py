"""The encryption verdict on a terminal."""

from __future__ import annotations

from dataclasses import replace

from captools.model.encryption import Cleartext, Encryption, Verdict
from captools.views.encryption import as_text


def clear(sample, kind: str, src: str) -> Cleartext:
    proof = sample.proof("router/eth1", 3, filter="ip.src == 172.20.0.88")
    return Cleartext(src=src, dst="172.20.2.33", kind=kind, packets=5, points=("router/eth1",), evidence=(proof,))


def test_the_verdict_comes_first_with_its_reason_then_the_pairs(sample):
    lines = as_text(sample.s13()).splitlines()
    assert lines[0] == "encrypted: All pod traffic between nodes is in WireGuard."
    assert lines[2].split()[:4] == ["A", "B", "WIREGUARD", "DATA"]
    assert lines[3].split()[:6] == ["k8s-ctr", "k8s-w1", "41", "0", "18", "0"]
    assert "answered 812 µs" in lines[3] and len(lines) == 4


def test_clear_traffic_is_listed_with_a_proof_each(sample):
    leak = Encryption(verdict=Verdict.LEAKING, reason="why", cleartext=(clear(sample, "pod", "172.20.0.88"),))
    text = as_text(replace(sample.s13(), encryption=leak))
    assert "In the clear:" in text and "172.20.0.88" in text
    assert "  router__eth1.pcap: ip.src == 172.20.0.88" in text.splitlines()
    assert "by design" not in text


def test_traffic_of_the_nodes_themselves_is_explained(sample):
    leak = Encryption(verdict=Verdict.ENCRYPTED, reason="why", cleartext=(clear(sample, "node", "192.168.10.100"),))
    assert "clear by design unless nodeEncryption is on" in as_text(replace(sample.s13(), encryption=leak))


def test_nothing_to_tell_is_one_line(sample):
    assert as_text(sample.analysis()) == "not-encrypted: No WireGuard packet was seen."


def test_nothing_from_a_capture_reaches_the_terminal_raw(sample):
    nasty = replace(clear(sample, "pod", sample.HOSTILE), points=(sample.HOSTILE,))
    pair = replace(sample.s13().encryption.pairs[0], a=sample.HOSTILE, coverage=sample.HOSTILE)
    found = Encryption(verdict=Verdict.LEAKING, reason=sample.HOSTILE, pairs=(pair,), cleartext=(nasty,))
    text = as_text(replace(sample.s13(), encryption=found))
    assert all(line.isprintable() for line in text.split("\n"))
