from __future__ import annotations

import pytest

from captools.model.evidence import Evidence
from tui.cells import cell, evidence_lines, facts, finding_pane, number, status_cell


def test_a_cell_shows_markup_and_escape_codes_as_letters():
    assert cell("[bold red]x[/]\x1b[2J").plain == "[bold red]x[/]\\e[2J"


def test_a_cell_is_one_short_line():
    assert cell("a\nb").plain == "a\\nb"
    assert len(cell("x" * 500, 20).plain) == 20


@pytest.mark.parametrize(("value", "shown"), [(None, "-"), (1_234_567, "1,234,567"), (0, "0")])
def test_a_count_that_is_not_known_is_a_dash(value: int | None, shown: str):
    assert number(value).plain == shown


def test_a_status_is_coloured_by_its_class():
    assert status_cell(200).style != status_cell(403).style
    assert status_cell(None).plain == "none"


def test_facts_without_a_value_are_left_out():
    assert facts([("a", 1), ("bb", ""), ("c", None)]).plain == "a  1\n"


def test_a_finding_shows_statement_remedy_frames_filter_and_coverage(sample):
    text = finding_pane(sample.s1().findings[0]).plain
    for words in (
        "leave by eth0 towards 10.0.2.2", "ip route add 172.20.2.0/24 via 192.168.20.100", "frame 1, 5, 9",
        "ip.dst == 172.20.2.33", "k8s-w0/eth1 was listening",
    ):  # fmt: skip
        assert words in text


def test_a_finding_without_frames_says_what_it_follows_from(sample):
    assert "No single frame" in finding_pane(sample.s1().findings[1]).plain


def test_many_frames_are_counted():
    one = Evidence(point="n/e", file="/a/b/n__e.pcap", sha256="", frames=tuple(range(1, 21)), shows="")
    assert "frame 1, 2, 3, 4, 5, 6, 7, 8 and 12 more  n__e.pcap" in evidence_lines(one).plain
