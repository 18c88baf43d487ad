from __future__ import annotations

import re

from captools.report.renderers.html_page import PAGE


def test_nothing_in_the_template_switches_escaping_off():
    assert not re.search(r"\|\s*safe\b|autoescape", PAGE)


def test_the_policy_of_the_page_forbids_scripts_and_the_network():
    assert "default-src 'none'; style-src 'unsafe-inline'" in PAGE
