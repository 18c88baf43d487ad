from __future__ import annotations

from captools.report.blocks import Facts, Paragraph
from captools.report.sections.summary import SECTION


def test_the_verdict_comes_first_and_its_tone_follows_the_gravest_finding(sample):
    for name, tone in (("s1", "bad"), ("s8", "good"), ("analysis", "doubt")):
        first = SECTION.build(getattr(sample, name)())[0]
        assert isinstance(first, Paragraph)
        assert first.tone == tone


def test_the_counts_are_those_of_the_sources(sample):
    facts = SECTION.build(sample.s1())[1]
    assert isinstance(facts, Facts)
    told = dict(facts.pairs)
    assert told["Packets"].startswith("1,886 ")
    assert told["Dropped by the kernel"] == "37"
    assert told["Findings"] == "1 error, 1 warning"


def test_drops_that_no_tool_told_are_not_called_zero(sample):
    facts = SECTION.build(sample.analysis())[1]
    assert isinstance(facts, Facts)
    assert dict(facts.pairs)["Dropped by the kernel"] == "not told"
