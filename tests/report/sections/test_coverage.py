from __future__ import annotations

from dataclasses import replace

from captools.model.analysis import Analysis
from captools.model.evidence import Blindness
from captools.report.blocks import Paragraph, Table
from captools.report.sections.coverage import SECTION


def _tables(analysis: Analysis) -> dict[str, Table]:
    return {block.caption: block for block in SECTION.build(analysis) if isinstance(block, Table)}


def test_the_counts_of_each_tool_are_told(sample):
    table = _tables(sample.s1())["Sources"]
    last = dict(zip(table.columns, table.rows[-1], strict=True))
    assert (last["captured"], last["received"], last["dropped"]) == ("1,200", "1,237", "37")


def test_what_could_not_be_seen_is_told(sample):
    table = _tables(sample.s1())["What could not be seen"]
    assert table.rows == (("k8s-w1/eth1", "whole capture", "37 packets were dropped by the kernel"),)


def test_what_every_point_leaves_out_is_told_once(sample):
    points = ("a/eth0", "a/eth1", "b/eth0", "b/eth1", "c/eth0")
    blind = tuple(Blindness(point=point, start="", end="", why_blind="the way home") for point in points)
    table = _tables(replace(sample.s1(), coverage=blind))["What could not be seen"]
    assert table.rows == (("a/eth0, a/eth1, b/eth0 and 2 more", "whole capture", "the way home"),)


def test_a_clock_that_is_not_known_is_not_called_right(sample):
    rows = _tables(sample.s2())["Clocks, against k8s-ctr"].rows
    assert rows[1][1:3] == ("-3.600 ms", "± 9.00 µs")
    assert rows[2][1:3] == ("unknown", "-")


def test_a_damaged_file_says_so_in_its_row(sample):
    analysis = sample.s1()
    damaged = replace(analysis.sources[0], damage="ends inside record 40")
    table = _tables(replace(analysis, sources=(damaged,)))["Sources"]
    assert "ends inside record 40" in table.rows[0]


def test_nothing_opened_says_what_to_give(sample):
    (block,) = SECTION.build(sample.analysis())
    assert isinstance(block, Paragraph)
    assert "Give a session folder or a capture file" in block.text
