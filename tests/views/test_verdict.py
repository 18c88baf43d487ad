from __future__ import annotations

from dataclasses import replace

from captools.model.findings import Severity
from captools.views.verdict import captured, sentence, verdict, worst


def test_an_error_is_said_first(sample):
    text = verdict(sample.s1())
    assert text.startswith("Something is broken: Packets from 172.20.0.88 to 172.20.2.33 enter router/eth1")
    assert text.endswith("2 flows: 1 delivered, 1 lost.")


def test_warnings_alone_are_no_error(sample):
    analysis = sample.s1()
    text = verdict(replace(analysis, findings=analysis.findings[1:]))
    assert text.startswith("No error was found, but 1 warning: k8s-w1/eth1 lost 37")


def test_requests_are_counted_with_those_that_failed(sample):
    assert "4 requests, 1 of them without success; the proxy took 423 µs to 449 µs." in verdict(sample.s8())


def test_without_a_packet_nothing_is_claimed(sample):
    assert verdict(sample.analysis()) == "No packet was captured, so nothing can be said."


def test_encryption_is_said_where_there_is_any(sample):
    assert "Encryption between nodes: encrypted." in verdict(sample.s13())
    assert "Encryption" not in verdict(sample.s2())
    assert "not-encrypted" in verdict(replace(sample.s2(), expect_encryption=True))


def test_the_sources_are_summed_up(sample):
    facts = captured(sample.s1())
    assert facts.nodes == ("k8s-ctr", "router", "k8s-w0", "k8s-w1")
    assert (facts.packets, facts.dropped, len(facts.points)) == (1_886, 37, 7)
    assert facts.window == "2025-08-20 01:35:21 UTC, 9.00 s"
    assert captured(sample.analysis()).window == "no packet"


def test_the_gravest_severity_counts(sample):
    assert worst(sample.s1().findings) is Severity.ERROR
    assert worst(sample.s8().findings) is Severity.NOTE
    assert worst(()) is None


def test_a_reason_becomes_a_sentence():
    assert sentence("no traffic was seen") == "No traffic was seen."
    assert sentence("Why?") == "Why?"
    assert sentence("") == ""
