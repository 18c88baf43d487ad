"""Findings on a terminal: statement, frames, a command to check each proof, and the next step."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from captools.model.findings import Severity
from captools.views.findings import MAX_ALIKE, MAX_SHOWN, as_text


def test_a_finding_says_how_grave_and_sure_it_is_what_happened_and_what_to_do(sample):
    text = as_text(sample.s1())
    lines = text.splitlines()
    assert lines[0] == "ERROR   routing-black-hole  (proven)"
    assert "the router has no route for 172.20.2.0/24" in " ".join(text.split())
    assert "    router/eth1: frame 1, 5, 9 of router__eth1.pcap: the packet arrives" in lines
    assert "  Next: On the router: ip route add 172.20.2.0/24 via 192.168.20.100" in lines
    assert lines[lines.index("") + 1] == "WARNING capture-incomplete  (proven)"


def test_the_command_beside_a_proof_opens_exactly_that_file_whatever_it_is_called(sample):
    base = sample.s2()
    nasty = "x; touch pwned 'y'.pcap"
    proof = replace(base.findings[0].evidence[0], file=nasty)
    text = as_text(replace(base, findings=(replace(base.findings[0], evidence=(proof,)),)))
    (command,) = [line for line in text.splitlines() if line.strip().startswith("tshark")]
    assert shlex.split(command) == [
        "tshark", "-r", nasty, "-d", "udp.port==8472,vxlan",
        "-Y", "vxlan && vxlan.vni == 45966 && frame.number in {12, 14}",
    ]  # fmt: skip


def test_many_frames_are_cut_with_an_ellipsis(sample):
    base = sample.s1()
    proof = replace(base.findings[0].evidence[0], frames=tuple(range(1, 30)))
    text = as_text(replace(base, findings=(replace(base.findings[0], evidence=(proof,)),)))
    assert "frame 1, 2, 3, 4, 5, 6, 7, 8… of" in text


@pytest.mark.parametrize("severity", list(Severity))
def test_of_many_proofs_some_are_shown_and_the_rest_is_counted(sample, severity):
    base = sample.s1().findings[0]
    finding = replace(base, severity=severity, evidence=base.evidence[:1] * 10)
    text = as_text(replace(sample.s1(), findings=(finding,)))
    assert text.count("tshark -r") == MAX_SHOWN[severity]
    assert f"and {10 - MAX_SHOWN[severity]} more (--json lists every proof)" in text


def test_no_finding_says_what_that_rests_on(sample):
    text = as_text(replace(sample.s2(), findings=()))
    assert text.startswith("No finding in 17 packets at 8 points.") and "captools paths" in text


def test_one_point_is_not_called_points(sample):
    assert "at 1 point. " in as_text(sample.s13())


def test_nothing_from_a_capture_reaches_the_terminal_raw(sample):
    assert all(line.isprintable() for line in as_text(sample.hostile()).split("\n"))


def test_of_many_alike_a_few_are_shown_and_the_rest_is_counted(sample):
    base = sample.s2()
    note = next(one for one in base.findings if one.severity is Severity.NOTE)
    text = as_text(replace(base, findings=(note,) * 50))
    assert text.count(note.statement[:30]) == MAX_ALIKE[Severity.NOTE]
    assert f"NOTE    {note.rule}  {50 - MAX_ALIKE[Severity.NOTE]} more like that (--json lists them all)" in text
    assert text.splitlines()[-1].startswith("50 notes. ")


def test_the_last_line_counts_them_all_and_says_how_to_look_at_a_frame(sample):
    last = as_text(sample.s1()).splitlines()[-1]
    assert last == "1 error, 1 warning. A frame with its whole way: captools explain SOURCE... --frame router/eth1:1"
    bare = tuple(replace(one, evidence=()) for one in sample.s1().findings)
    assert as_text(replace(sample.s1(), findings=bare)).splitlines()[-1] == "1 error, 1 warning."


def test_commands_break_between_words_only(sample):
    remedy = "kubectl -n kube-system get networkpolicies,ciliumnetworkpolicies,ciliumclusterwidenetworkpolicies " * 4
    finding = replace(sample.s1().findings[0], remedy=remedy.strip())
    text = as_text(replace(sample.s1(), findings=(finding,)))
    told = text[text.index("Next: ") :].partition("\n\n")[0]
    assert told.split() == ["Next:", *remedy.split()]
