"""Wireshark's extcap sentences: their form, and that no name breaks out of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.collect.extcap.words import chosen, dialog, interface_value, link_types, listed, nodes_of, reloaded

LINE = re.compile(r"(extcap|interface|dlt|arg|value) (\{[a-z]+=[^{}\n]*\})+")


def test_each_node_is_an_interface_and_one_stands_for_several():
    assert listed("1.0", ["k8s-w1", "router"]).splitlines()[1:] == [
        "interface {value=captools}{display=captools: several nodes at once}",
        "interface {value=captools-k8s-w1}{display=captools: node k8s-w1}",
        "interface {value=captools-router}{display=captools: node router}",
    ]
    assert "several" not in listed("1.0", ["k8s-w1"])
    assert len(listed("1.0", [f"n{number}" for number in range(500)]).splitlines()) == 26


def test_an_interface_means_its_node_or_all_of_them():
    nodes = ["k8s-w1", "a b"]
    assert nodes_of("captools", nodes) == ("k8s-w1", "a b")
    assert nodes_of("captools-k8s-w1", nodes) == ("k8s-w1",)
    assert nodes_of(interface_value("a b"), nodes) == ("a b",)
    assert nodes_of("captools-nobody", nodes) == () == nodes_of("eth0", nodes)


def test_the_dialog_offers_what_the_node_had_and_can_ask_it_again():
    said = dialog("captools-k8s-w1", ["k8s-w1", "router"], {"k8s-w1": ["eth1", "lxc1"], "router": ["eth9"]})
    assert "{call=--interfaces}" in said and "{reload=true}" in said and "{call=--nodes}" not in said
    assert "value {arg=1}{value=lxc1}{display=lxc1}{default=false}" in said and "eth9" not in said
    several = dialog("captools", ["k8s-w1", "router"], {})
    assert "value {arg=0}{value=router}" in several and "reload" not in several
    assert "value {arg=1}{value=eth7}{display=eth7}{default=false}" in reloaded("interface", ["eth7"])
    assert reloaded("other", ["eth7"]) == ""


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_name_breaks_out_of_its_braces_or_its_line(node, interface):
    nodes, points = [node, "other"], {node: [interface]}
    for said in (
        listed("1.0", nodes), link_types(), dialog(interface_value(node), nodes, points),
        dialog("captools", nodes, points), reloaded("interface", [interface]),
    ):  # fmt: skip
        for line in said.removesuffix("\n").split("\n"):
            assert LINE.fullmatch(line), line


@pytest.mark.parametrize(("text", "names"), [("", ()), ("eth1, lxc* ,eth1,", ("eth1", "lxc*")), (" , ", ())])
def test_a_list_with_commas(text, names):
    assert chosen(text) == names
