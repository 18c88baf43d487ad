from __future__ import annotations

from dataclasses import replace

from captools.model.paths import Loss, Way
from captools.report.blocks import LadderBlock, Paragraph, Table
from captools.report.sections.path import SECTION


def test_ladders_come_before_the_table_of_flows(sample):
    blocks = SECTION.build(sample.s2())
    assert [type(block) for block in blocks] == [LadderBlock, Table]
    assert isinstance(blocks[1], Table)
    assert blocks[1].rows[0][0] == "172.20.0.88:41794 -> 172.20.2.33:80 tcp"


def test_flows_at_one_point_only_say_why_there_is_no_ladder(sample):
    analysis = sample.s1()
    blocks = SECTION.build(replace(analysis, paths=analysis.paths[1:]))
    assert isinstance(blocks[0], Paragraph)
    assert "one point only" in blocks[0].text


def test_what_was_lost_on_the_way_stands_beside_the_outcome(sample):
    analysis = sample.s2()
    loss = Loss(way=Way.FORWARD, after="k8s-ctr/eth1", before="k8s-w0/eth1", packets=2, resent=2)
    told = replace(analysis, paths=(replace(analysis.paths[0], losses=(loss,)), *analysis.paths[1:]))
    table = SECTION.build(told)[-1]
    assert isinstance(table, Table)
    assert "2 packets of the request way lost between k8s-ctr/eth1 and k8s-w0/eth1" in table.rows[0][-1]
    plain = SECTION.build(analysis)[-1]
    assert isinstance(plain, Table)
    assert "lost between" not in plain.rows[0][-1]


def test_no_flow_says_what_to_try(sample):
    (block,) = SECTION.build(sample.analysis())
    assert isinstance(block, Paragraph)
    assert "captools info" in block.text
