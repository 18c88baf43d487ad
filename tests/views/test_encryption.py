"""The encryption verdict on a terminal."""

from __future__ import annotations

from dataclasses import replace

from captools.model.encryption import ClassCount, Cleartext, Encryption, Kind, Pair, Verdict
from captools.model.evidence import Confidence
from captools.model.wireguard import Crossing, Handshake, Session, Trouble
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


def with_pair(sample, **changes: object) -> str:
    base = sample.s13()
    pair: Pair = replace(base.encryption.pairs[0], **changes)
    return as_text(replace(base, encryption=replace(base.encryption, pairs=(pair,))))


def shake(result: str, kind: str = "first") -> Handshake:
    return Handshake(
        time="2025-08-20T01:35:21Z", rtt_ns=500_000 if result == "answered" else None, result=result, kind=kind
    )


def test_every_class_of_frames_is_counted(sample):
    counted = ClassCount(kind=Kind.DATA, sightings=82, packets=41, points=("k8s-ctr/eth1", "k8s-w1/eth1"))
    lines = with_pair(sample, classes=(counted,)).splitlines()
    at = lines.index("Every frame between the nodes:")
    assert lines[at + 2].split() == ["k8s-ctr", "k8s-w1", "wireguard-data", "41", "82", "k8s-ctr/eth1,", "k8s-w1/eth1"]


def test_few_handshakes_are_told_one_by_one_and_many_counted(sample):
    assert "rekey answered 500 µs, retry unanswered" in with_pair(
        sample, handshakes=(shake("answered", "rekey"), shake("unanswered", "retry"))
    )
    many = (shake("answered"), *[shake("unanswered", "retry")] * 9)
    assert "1 of 10 answered, quickest 500 µs" in with_pair(sample, handshakes=many)


def test_delays_from_card_to_card_carry_their_error_or_say_why_there_is_none(sample):
    known = Crossing(
        sender="k8s-ctr", receiver="k8s-w1", sender_points=("k8s-ctr/eth1",), receiver_points=("k8s-w1/eth1",),
        matched=40, missing=2, unjudged=3, unsent=1, last_seen={"router/eth1": 2}, delay_min_ns=1_000,
        delay_median_ns=2_000, delay_max_ns=9_000, delay_error_ns=500,
    )  # fmt: skip
    text = with_pair(sample, crossings=(known,))
    assert "1.00 µs, 2.00 µs, 9.00 µs (±500 ns)" in text and "router/eth1 (2)" in text
    blind = replace(known, delay_median_ns=None, delay_error_ns=None)
    assert "unknown: the clocks cannot be compared" in with_pair(sample, crossings=(blind,))


def test_only_sessions_with_something_unusual_are_listed(sample):
    plain = Session(
        sender="k8s-ctr", receiver="k8s-w1", receiver_index=0xBEEF, sender_index=None, established="", first="", last="",
        data=9, keepalives=1, first_counter=0, last_counter=9,
    )  # fmt: skip
    assert "0x0000beef" not in with_pair(sample, sessions=(plain,))
    odd = replace(
        plain, expired=4, gaps={"k8s-w1/eth1": 3}, duplicates={"k8s-w1/eth1": 1}, reordered={"k8s-w1/eth1": 2}
    )
    text = with_pair(sample, sessions=(odd,))
    for words in ("0x0000beef", "3 counters missing at", "1 came again at", "4 sent more than 180 s"):
        assert words in text


def test_failing_handshakes_are_told_with_cause_and_proof(sample):
    one = Trouble(
        kind="blocked", initiator="k8s-ctr", responder=sample.HOSTILE, initiations=3, first="", last="",
        reason="UDP 51871 is blocked", confidence=Confidence.LIKELY,
        evidence=(sample.proof("router/eth1", 3, filter="wg.type == 1"),),
    )  # fmt: skip
    text = with_pair(sample, troubles=(one,))
    assert "3 initiations (blocked): UDP 51871 is blocked" in text and "    router__eth1.pcap: wg.type == 1" in text
    assert all(line.isprintable() for line in text.split("\n"))
    assert "Handshakes that fail" not in with_pair(sample)


def test_health_checks_are_explained(sample):
    seen = Encryption(verdict=Verdict.ENCRYPTED, reason="why", cleartext=(clear(sample, "health", "192.168.10.100"),))
    assert "Cilium's own health checks" in as_text(replace(sample.s13(), encryption=seen))
