from __future__ import annotations

from dataclasses import replace

from captools.report.blocks import FindingBlock, Paragraph
from captools.report.sections.findings import MOST, SECTION


def test_each_finding_is_a_block_in_the_order_of_the_analysis(sample):
    blocks = SECTION.build(sample.s1())
    assert [block.finding.rule for block in blocks if isinstance(block, FindingBlock)] == [
        "routing-black-hole", "capture-incomplete",
    ]  # fmt: skip


def test_no_finding_says_what_that_is_worth(sample):
    (block,) = SECTION.build(sample.analysis())
    assert isinstance(block, Paragraph)
    assert "what the captures could see" in block.text


def test_findings_beyond_what_a_person_reads_are_counted(sample):
    analysis = sample.s1()
    blocks = SECTION.build(replace(analysis, findings=analysis.findings[:1] * (MOST + 3)))
    assert len(blocks) == MOST + 1
    last = blocks[-1]
    assert isinstance(last, Paragraph)
    assert last.text.startswith("3 more findings")
