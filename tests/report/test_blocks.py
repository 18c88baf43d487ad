from __future__ import annotations

import json

from captools.report.blocks import Facts, FindingBlock, LadderBlock, Paragraph, StackBlock, Table
from captools.views.ladder import ladder_of_path
from captools.views.layers import stacks


def test_a_table_becomes_one_object_per_row():
    block = Table(caption="c", columns=("a", "b"), rows=(("1", "2"), ("3", "4")), more=7)
    assert block.to_json()["rows"] == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert block.to_json()["rows_left_out"] == 7


def test_every_kind_of_block_is_json(sample):
    analysis = sample.s2()
    blocks = (
        Paragraph(text="x"), Facts(pairs=(("a", "b"),)), FindingBlock(finding=analysis.findings[0]),
        LadderBlock(ladder=ladder_of_path(analysis.paths[0], analysis.cluster)),
        StackBlock(stack=stacks(analysis)[0]),
    )  # fmt: skip
    kinds = [json.loads(json.dumps(block.to_json()))["kind"] for block in blocks]
    assert kinds == ["paragraph", "facts", "finding", "ladder", "stack"]


def test_a_ladder_tells_lane_and_time_of_each_step(sample):
    analysis = sample.s2()
    document = LadderBlock(ladder=ladder_of_path(analysis.paths[0], analysis.cluster)).to_json()
    step = document["strands"][0]["steps"][2]
    assert (step["lane"], step["since_ns"], step["medium"], step["vni"]) == (2, 40_000, "vxlan", 45966)
