"""Grouping of what a proxy used as its source."""

from __future__ import annotations

from captools.findings._proxy_source import uses
from tests.correlate.material import FINE, S8, material


def test_attempts_are_grouped_by_proxy_node_source_and_backend_node():
    groups = list(uses(material(S8).analysed(), lambda request, attempt: True))
    keys = [(g[0].request.proxy.node, g[0].attempt.src, g[0].attempt.backend.node) for g in groups]
    assert sorted(keys) == [
        ("k8s-w1", "10.0.2.15", "k8s-w1"), ("k8s-w1", "172.20.1.35", "k8s-ctr"), ("k8s-w1", "172.20.1.35", "k8s-w0"),
    ]  # fmt: skip
    assert sum(len(group) for group in groups) == 8


def test_nothing_wanted_or_no_proxy_is_no_group():
    assert list(uses(material(S8).analysed(), lambda request, attempt: False)) == []
    assert list(uses(material(FINE).analysed(), lambda request, attempt: True)) == []
