"""Points of a file's interfaces: what the user says, what the file's name says, what the file itself says."""

from __future__ import annotations

from pathlib import Path

import pytest

from captools.inventory.read import read_inventory
from captools.model.cluster import Cluster
from captools.store.inputs import CaptureInput
from captools.store.naming import naming_of, point_name
from captools.wire.records import Interface

ETH = (Interface(linktype=1, snaplen=0, name="eth1"), Interface(linktype=1, snaplen=0))


@pytest.mark.parametrize(
    ("point", "points"), [("n/eth9", ("n/eth9", "n/eth9")), ("", ("eth1", "trace"))]
)  # fmt: skip
def test_a_point_that_is_known_holds_for_all_else_the_interfaces_name_or_the_stem(point, points):
    one = CaptureInput(path=Path("x/trace.pcap.gz"), point=point)
    assert naming_of(one, "trace.pcap.gz", ETH, Cluster()).points == points
    assert point_name(one, "") == points[1]


def test_interface_indexes_are_named_from_that_nodes_own_list():
    text = '[{"ifindex": 3, "ifname": "eth1", "link_type": "ether", "address": "02:00:00:00:00:01", "flags": []}]'
    cluster = read_inventory({"w1__ip-link.json": text})
    path = Path("a.pcap")
    assert naming_of(CaptureInput(path=path, point="w1/any"), "a", ETH, cluster).by_ifindex == {3: "w1/eth1"}
    assert naming_of(CaptureInput(path=path, point="w2/any"), "a", ETH, cluster).by_ifindex == {}
    assert naming_of(CaptureInput(path=path, point="w1/eth1"), "a", ETH, cluster).by_ifindex is None
