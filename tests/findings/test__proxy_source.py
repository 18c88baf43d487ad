"""Grouping of what a proxy used as its source."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.findings._proxy_source import local_source, uses
from captools.model.cluster import Link, Node, Route
from tests.correlate.material import FINE, S8, material

NODE = Node(
    name="n",
    links=(Link(index=1, name="lo", addresses=("127.0.0.1",)), Link(index=5, name="eth1", addresses=("192.0.2.5",)),
           Link(index=2, name="eth0", addresses=("fe80::1", "10.0.2.15")), Link(index=9, name="lxc1")),
)  # fmt: skip


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


@pytest.mark.parametrize(
    ("route", "source", "says"),
    [
        (Route(prefix="172.20.1.0/24", dev="cilium_host", src="172.20.1.12"), "172.20.1.12", "names that source"),
        (Route(prefix="172.20.1.8/32", dev="lxc1"), "10.0.2.15", "the node's first address, that of eth0"),
        (Route(prefix="172.20.1.0/24", dev="eth1"), "192.0.2.5", "the address of eth1"),
    ],
)
def test_the_source_of_an_unbound_socket_follows_from_the_nodes_own_tables(route, source, says):
    chosen, why = local_source(replace(NODE, routes=(route,)), "172.20.1.8")
    assert chosen == source and says in why and route.prefix in why


def test_without_tables_nothing_is_said_of_the_source():
    assert local_source(NODE, "172.20.1.8") == ("", "")
    assert local_source(replace(NODE, routes=(Route(prefix="fd00::/8", dev="eth1"),)), "fd00::8") == ("", "")
