from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from captools.registry import additions
from captools.report import sections
from captools.report.document import SectionRule
from captools.report.render import render

VOID = {"meta", "br", "link", "img", "input", "hr"}


class _Page(HTMLParser):
    """Collects tags, attributes and text; fails where an element is closed that is not the open one."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _page(analysis) -> tuple[str, _Page]:
    html = render(analysis, "html", additions(sections, "SECTION", SectionRule))
    page = _Page()
    page.feed(html)
    assert page.open == []
    return html, page


@pytest.mark.parametrize("name", ["s1", "s2", "s8", "s13", "hostile", "analysis"])
def test_the_page_is_whole_and_asks_the_network_for_nothing(sample, name):
    html, page = _page(getattr(sample, name)())
    assert "script" not in page.tags
    assert not {"src", "srcset", "data", "action", "xlink:href"} & {key for key, _ in page.attributes}
    assert all((value or "").startswith("#") for key, value in page.attributes if key == "href")
    assert all(value.startswith("#tip") for value in re.findall(r"url\(([^)]*)\)", html))
    assert "@import" not in html
    assert not [key for key, _ in page.attributes if key.startswith("on")]


def test_ids_are_unique_and_every_reference_has_its_target(sample):
    _, page = _page(sample.s8())
    ids = [value for key, value in page.attributes if key == "id"]
    assert len(ids) == len(set(ids))
    wanted = {word for key, value in page.attributes if key == "aria-labelledby" for word in (value or "").split()}
    wanted |= {(value or "")[1:] for key, value in page.attributes if key == "href"}
    assert wanted <= set(ids)


def test_names_from_a_capture_stay_text(sample):
    html, page = _page(sample.hostile())
    text = "".join(page.words)
    assert "\\e[31m<script>alert(1)</script>[bold red]x[/]\\u202e\\x9b2J" in text
    assert not {"\x1b", "\u202e", "\x9b"} & set(html)
    assert "a" * 200 not in text, "a path of 5,000 letters is shortened"


def test_evidence_can_be_pasted_into_wireshark(sample):
    _, page = _page(sample.s2())
    text = "".join(page.words)
    assert "vxlan && vxlan.vni == 45966 && frame.number in {12, 14}" in text
    assert "udp.port==8472,vxlan" in text
    assert "k8s-ctr__eth1.pcap" in text


def test_many_proofs_are_folded_but_all_there(sample):
    from dataclasses import replace

    analysis = sample.s1()
    proofs = tuple(sample.proof("router/eth1", number, shows=f"proof {number}") for number in range(1, 8))
    finding = replace(analysis.findings[0], evidence=proofs)
    _, page = _page(replace(analysis, findings=(finding,)))
    text = "".join(page.words)
    assert "3 more proofs" in text
    assert all(f"proof {number}" in text for number in range(1, 8))
