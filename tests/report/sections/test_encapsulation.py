from __future__ import annotations

from dataclasses import replace

from captools.report.blocks import Paragraph, StackBlock, Table
from captools.report.sections.encapsulation import SECTION, cost
from captools.views.layers import stacks


def test_frame_cost_and_tunnels_are_shown(sample):
    blocks = SECTION.build(sample.s2())
    assert [type(block) for block in blocks] == [StackBlock, Paragraph, Table]
    table = blocks[2]
    assert isinstance(table, Table)
    assert table.rows[0][:4] == (
        "VXLAN (tcpdump: OTV)", "192.168.10.100 (k8s-ctr)", "192.168.20.100 (k8s-w0)", "45966",
    )  # fmt: skip


def test_the_overhead_stands_against_the_mtu(sample):
    (stack,) = stacks(sample.s2())
    assert cost(stack) == (
        "The tunnel adds 50 bytes to every packet. This frame needs 1,500 bytes of IP of the 1,500 that k8s-ctr/eth1 "
        "carries; pod packets fit up to 1,450 bytes."
    )
    assert "is not known" in cost(replace(stack, mtu=None))
    assert "larger than the MTU" in cost(replace(stack, mtu=1_400))


def test_no_tunnel_says_when_that_is_right(sample):
    (block,) = SECTION.build(sample.s1())
    assert isinstance(block, Paragraph)
    assert "With native routing this is how it should be" in block.text
