"""The comparison as a person reads it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.views.diff.compare import compare
from captools.views.diff.text import amount, as_text
from tests.views.diff.sessions import BROKEN, CLEAR, FINE, SEALED


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "ns", "-"), (21_400.0, "ns", "21.4 µs"), (498_123_456.0, "bit/s", "498 Mbit/s"), (1.25e9, "bit/s", "1.25 Gbit/s"),
        (900.0, "bit/s", "900 bit/s"), (0.0125, "share", "1.25 %"), (1448.0, "B", "1,448 B"), (80.71, "B", "80.7 B"),
        (1.10512, "ratio", "1.1051"),
    ],
)  # fmt: skip
def test_amounts_read_as_people_write_them(value, unit, text):
    assert amount(value, unit) == text


def test_both_figures_and_the_judgement_stand_in_one_line():
    text = as_text(compare(CLEAR, SEALED))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0].startswith("A s16-without-encryption: ") and lines[1].startswith("B s16b-with-encryption: ")
    assert "Conversations: 2 in both (2 of them different), 5 in A only, 3 in B only" in lines
    assert "MSS announced, least 1,460 B 1,380 B 0.945 less exact" in lines
    assert any(
        line.startswith("there, k8s-ctr/eth1 to k8s-w1/eth1") and "within the clocks' error of ±" in line
        for line in lines
    )
    assert "Conversations in B only:" in lines and "cilium_host of k8s-ctr -> cilium_host of k8s-w1 icmp" in lines


def test_more_time_is_slower_and_less_is_faster():
    def judged(a, b):
        lines = as_text(compare(a, b)).splitlines()
        return [line for line in lines if "there, k8s-w1/eth1 to k8s-w1/lxc of default/webpod" in line]

    # WireGuard in user space takes its time on the node; the receiver's share is the clearest.
    assert all("  slower  " in line for line in judged(CLEAR, SEALED)) and len(judged(CLEAR, SEALED)) == 2
    assert all("  faster  " in line for line in judged(SEALED, CLEAR))


def test_findings_that_came_or_went_are_told():
    assert "  gone  ERROR   routing-black-hole  (proven)" in as_text(compare(BROKEN, FINE))
    assert "  new   ERROR   routing-black-hole  (proven)" in as_text(compare(FINE, BROKEN))


def test_what_is_alike_is_a_list_of_names_unless_all_is_asked():
    diff = compare(FINE, FINE)
    brief, full = as_text(diff), as_text(diff, everything=True)
    assert "Conversations that are alike:" in brief and "MEASURE" not in brief
    assert "Requests that are alike:" in brief and "alike" not in full and full.count("MEASURE") >= len(diff.both)


def test_a_title_cannot_drive_the_terminal():
    text = as_text(compare(replace(FINE, title="a\x1b[31mb"), FINE))
    assert "\x1b" not in text and "a\\e[31mb" in text


def test_what_was_left_out_is_noted():
    assert as_text(replace(compare(FINE, FINE), warnings=("half of it",))).endswith("\n\nnote: half of it")
