"""Cards: where a readable packet is readable between nodes, and what weakens the claim that there was none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from captools.correlate.wireguard.cards import Cards, cards
from captools.correlate.wireguard.ends import Ends
from captools.model.cluster import Cluster
from captools.model.points import role_of
from captools.model.session import ToolCounts
from tests.correlate.sealed_talk import EAST, WEST, Talk, carried, data, ping, talk

POD_FRAMES = [carried(ping(1), 0)]
NODE_FRAMES = [carried(ping(2, src=EAST, dst=WEST), 1)]


def looked(found: Talk) -> Cards:
    rows = found.rows()
    roles = {point: role_of(point.partition("/")[2]) for point in rows.points}
    return cards(rows, roles, found.cluster, Ends(rows, found.cluster), found.sources)


def clear(found: Talk) -> list[str]:
    return [point for point, one in zip(found.rows().points, looked(found).clear, strict=False) if one]


def test_a_nodes_card_is_one_by_name():
    assert clear(talk(east__eth0=POD_FRAMES)) == ["east/eth0"]


@pytest.mark.parametrize("device", ["cilium_wg0", "cilium_vxlan", "cilium_host", "lxc1"])
def test_a_nodes_other_devices_are_none_even_with_traffic_of_nodes(device):
    frames = [(ts, frame[14:]) for ts, frame in POD_FRAMES] if device == "cilium_wg0" else POD_FRAMES + NODE_FRAMES
    assert clear(talk(**{f"east__{device}": frames})) == []


@pytest.mark.parametrize("point", ["east__cali1", "one__eth0", "east__veth7"])
def test_an_interface_nobody_knows_is_a_card_only_if_nodes_talk_there(point):
    assert clear(talk(**{point: POD_FRAMES})) == []
    assert clear(talk(**{point: POD_FRAMES + NODE_FRAMES})) == [point.replace("__", "/")]
    assert clear(talk(**{point: [data(0, 0)]})) == [point.replace("__", "/")]


def test_without_an_inventory_a_card_is_one_by_name():
    assert clear(talk(Cluster(), one__eth0=POD_FRAMES, two__lxc1=POD_FRAMES)) == ["one/eth0"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"counts": ToolCounts(captured=1, received=2, dropped=7)}, "lost 7 packets"),
        ({"counts": ToolCounts(captured=1, received=2, dropped=0)}, "missing its tail"),
        ({"user_filter": "udp"}, "`udp`"),
        ({"match": "x"}, "content filter"),
        ({"ok": False, "error": "no such device"}, "no such device"),
        ({"damage": "cut at byte 7"}, "cut at byte 7"),
        ({"text": "tcpdump"}, "printed text"),
    ],
)
def test_what_weakens_a_card_is_said_for_its_node_alone(changes, words):
    found = looked(talk(east__eth0=NODE_FRAMES, west__eth0=NODE_FRAMES).but("east/eth0", **changes))
    assert words in found.why_blind({"east", "other"}) and "east/eth0" in found.why_blind({"east"})
    assert found.why_blind({"west"}) == ""


def test_a_weak_capture_at_another_device_hides_nothing_on_cards():
    found = talk(east__eth0=NODE_FRAMES, east__lxc1=POD_FRAMES).but("east/lxc1", user_filter="icmp")
    assert looked(found).why_blind({"east"}) == ""


def test_a_failed_capture_of_a_card_without_a_packet_counts_too():
    found = talk(east__eth0=NODE_FRAMES, east__eth1=[]).but("east/eth1", ok=False, error="permission denied")
    assert "permission denied" in looked(found).why_blind({"east"})


def test_a_capture_of_every_interface_is_weak_for_the_nodes_it_looks_at():
    found = talk(east__eth0=NODE_FRAMES)
    of_any = replace(found, sources=(replace(found.sources[0], point="", user_filter="udp"),))
    assert "`udp`" in looked(of_any).why_blind({"east"})


def test_nothing_captured_is_no_cards():
    assert not np.any(looked(talk(east__eth0=[])).clear)


@pytest.mark.parametrize(
    ("changes", "tail_only"),
    [
        ({"counts": ToolCounts(captured=5, received=6, dropped=0)}, True),
        ({"counts": ToolCounts(captured=5, received=6, dropped=1)}, False),
        ({"counts": ToolCounts(captured=5, received=6, dropped=0), "user_filter": "udp"}, False),
        ({"counts": ToolCounts(captured=6, received=6, dropped=0)}, False),
    ],
)
def test_a_missing_tail_is_told_from_graver_faults(changes, tail_only):
    found = looked(talk(east__eth0=POD_FRAMES).but("east/eth0", **changes))
    assert (found.tails == {"east__eth0.pcap"}) is tail_only
    assert found.why_blind({"east"}, found.tails) == "" or not tail_only
