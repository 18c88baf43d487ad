from __future__ import annotations

import json

import pytest

from captools.registry import additions
from captools.report import sections
from captools.report.document import SectionRule
from captools.report.render import KINDS, render

IDS = ["summary", "findings", "requests", "path", "encapsulation", "encryption", "coverage"]


@pytest.fixture(scope="session")
def rules() -> list[SectionRule]:
    return additions(sections, "SECTION", SectionRule)


def test_every_file_in_sections_is_a_section_with_a_place_of_its_own(rules):
    assert [rule.id for rule in sorted(rules, key=lambda rule: rule.order)] == IDS
    assert len({rule.order for rule in rules}) == len(rules)


@pytest.mark.parametrize("name", ["s1", "s2", "s8", "s13", "hostile", "analysis"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_sample_renders_in_every_kind_with_every_section(sample, rules, name, kind):
    analysis = getattr(sample, name)()
    text = render(analysis, kind, rules)
    if kind == "json":
        assert [one["id"] for one in json.loads(text)["report"]["sections"]] == IDS
    else:
        titles = [rule.title for rule in sorted(rules, key=lambda rule: rule.order)]
        marks = [f"## {title}" if kind == "md" else f">{title}</h2>" for title in titles]
        assert [text.index(mark) for mark in marks] == sorted(text.index(mark) for mark in marks)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_analysis_gives_the_same_report(sample, rules, kind):
    assert render(sample.s8(), kind, rules) == render(sample.s8(), kind, rules)
