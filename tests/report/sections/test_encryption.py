from __future__ import annotations

from dataclasses import replace

from captools.model.encryption import Cleartext, Encryption, Verdict
from captools.report.blocks import Paragraph, Table
from captools.report.sections.encryption import SECTION


def test_each_pair_tells_what_was_carried_and_covered(sample):
    blocks = SECTION.build(sample.s13())
    assert isinstance(blocks[0], Paragraph)
    assert blocks[0].tone == "good"
    assert isinstance(blocks[1], Table)
    assert blocks[1].rows[0] == (
        "k8s-ctr – k8s-w1", "41", "0", "18", "0", "1 of 1 answered, quickest 812 µs", "both ends captured, no drops",
    )  # fmt: skip


def test_clear_text_is_listed_with_its_class_in_words(sample):
    leak = Cleartext(src="172.20.0.88", dst="172.20.2.33", kind="overlay", packets=3, points=("router/eth1",))
    found = Encryption(verdict=Verdict.LEAKING, reason="three packets", cleartext=(leak,))
    blocks = SECTION.build(replace(sample.s13(), encryption=found))
    assert isinstance(blocks[0], Paragraph)
    assert (blocks[0].tone, blocks[0].text) == ("bad", "Leaking. Three packets.")
    assert isinstance(blocks[1], Table)
    assert blocks[1].rows[0][2] == "pod packet in a readable tunnel"
