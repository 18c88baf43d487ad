"""Label selectors; what each form means is the Kubernetes documentation's own wording and examples."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.collect.planning.selectors import parse_selector, selects
from captools.model.errors import UsageError

WEB = {"app": "web", "tier": "front", "kubernetes.io/os": "linux"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app=web", True), ("app==web", True), ("app = web", True), ("app=api", False), ("app!=api", True),
        ("missing!=api", True), ("app in (web,api)", True), ("app in ( api , db )", False), ("app notin (api)", True),
        ("missing notin (api)", True), ("app", True), ("missing", False), ("!missing", True), ("! app", False),
        ("app=web,tier in (front, back),!missing", True), ("app=web,tier=back", False),
        ("kubernetes.io/os=linux", True), ("app=", False), ("app in (web,)", True),
    ],
)  # fmt: skip
def test_each_form_of_a_requirement_means_what_kubernetes_says(text, expected):
    assert selects(parse_selector(text), WEB) is expected


@pytest.mark.parametrize(
    "text", ["", "app=we b", "=web", "app in web", "app in (web", "a b", "app=web,", "-x", "a;b=c"]
)
def test_anything_else_is_a_usage_error_that_shows_the_forms(text):
    with pytest.raises(UsageError, match=r"no requirement on a label; write app=web"):
        parse_selector(text)


@given(st.text(max_size=40))
def test_any_text_is_a_selector_or_a_usage_error(text):
    with contextlib.suppress(UsageError):
        selects(parse_selector(text), WEB)
