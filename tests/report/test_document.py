from __future__ import annotations

import pytest

from captools.report.blocks import Paragraph
from captools.report.document import SectionRule, compose


def _rule(name: str, order: int) -> SectionRule:
    return SectionRule(id=name, title=name, order=order, build=lambda _: (Paragraph(text=name),))


def test_sections_stand_in_their_order_whatever_order_they_were_found_in(sample):
    document = compose(sample.s1(), [_rule("late", 20), _rule("early", 10)])
    assert [section.id for section in document.sections] == ["early", "late"]


@pytest.mark.parametrize(("name", "status"), [("s1", "error"), ("s8", "note"), ("s13", "fine"), ("analysis", "empty")])
def test_the_status_is_the_gravest_finding(sample, name: str, status: str):
    assert compose(getattr(sample, name)(), []).status == status


def test_the_document_is_json(sample):
    document = compose(sample.s1(), [_rule("one", 1)]).to_json()
    assert document["sections"] == [{"id": "one", "title": "one", "blocks": [
        {"kind": "paragraph", "text": "one", "tone": "plain"}]}]  # fmt: skip
