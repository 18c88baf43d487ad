from __future__ import annotations

import json

from captools.registry import additions
from captools.report import sections
from captools.report.document import SectionRule
from captools.report.render import render


def test_the_document_stands_beside_the_values_it_was_made_from(sample):
    analysis = sample.s8()
    whole = json.loads(render(analysis, "json", additions(sections, "SECTION", SectionRule)))
    assert whole["schema"] == 1
    assert whole["requests"] == [request.to_json() for request in analysis.requests]
    assert whole["findings"][0]["evidence"][0]["frames"] == [3]
    assert whole["encryption"]["verdict"] == "not-encrypted"
    assert {"report", "coverage", "paths"} <= set(whole)


def test_printing_it_drives_no_terminal(sample):
    raw = render(sample.hostile(), "json", additions(sections, "SECTION", SectionRule))
    assert raw.isascii()
    assert not any(ord(letter) < 0x20 and letter != "\n" for letter in raw)
    assert json.loads(raw)["requests"][0]["host"] == sample.HOSTILE
