"""What is kept between Wireshark's questions."""

from __future__ import annotations

import json

import pytest

from captools.collect.extcap.kept import FRESH_S, Kept


def test_nodes_are_asked_for_once_in_a_while(tmp_path):
    kept, asked = Kept(tmp_path / "cache" / "x.json"), []

    def ask() -> list[str]:
        asked.append(1)
        return ["w1", "w2"]

    assert kept.nodes(ask, 1000.0) == ("w1", "w2") == kept.nodes(ask, 1000.0 + FRESH_S - 1)
    assert len(asked) == 1
    kept.nodes(ask, 1000.0 + FRESH_S)
    kept.nodes(ask, 5.0)  # a clock that was put back
    assert len(asked) == 3


def test_interfaces_of_each_node_stay_and_nodes_beside_them(tmp_path):
    kept = Kept(tmp_path / "x.json")
    kept.nodes(lambda: ["w1"], 7.0)
    kept.keep_interfaces("w1", ["eth0"])
    kept.keep_interfaces("w2", ["eth1", "lxc1"])
    kept.keep_interfaces("w1", ["eth2"])
    assert Kept(tmp_path / "x.json").interfaces() == {"w1": ("eth2",), "w2": ("eth1", "lxc1")}
    assert kept.nodes(list, 8.0) == ("w1",)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"nodes": 7, "asked": "x", "interfaces": [1]}', '{"interfaces": {"a": 1}}']
)
def test_a_damaged_file_counts_as_empty(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    assert Kept(path).interfaces() == {} and Kept(path).nodes(lambda: ["n"], 1.0) == ("n",)
    assert json.loads(path.read_text())["nodes"] == ["n"]


def test_a_place_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    kept = Kept(tmp_path / "file" / "x.json")
    kept.keep_interfaces("w1", ["eth0"])
    assert kept.nodes(lambda: ["n"], 1.0) == ("n",) and kept.interfaces() == {}
