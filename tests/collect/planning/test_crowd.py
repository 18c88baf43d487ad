"""One capture of any in place of many; that tcpdump takes these filters is tried with tcpdump itself."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections import Counter

import pytest

import captools
from captools.collect.facts import Interface, NodeFacts
from captools.collect.planning.crowd import joint_filter, knows_ifindex, too_many
from captools.collect.request import CaptureRequest
from captools.collect.runner import capture

MIB = 1 << 20
NEW = NodeFacts(libpcap="1.10.3", interfaces=tuple(Interface(name=f"lxc{n}", index=n) for n in range(1, 41)))
OLD = NodeFacts(libpcap="1.9.1", interfaces=NEW.interfaces)


def test_the_budget_is_four_mebibytes_for_each_point():
    assert not too_many(64, 256 * MIB) and too_many(65, 256 * MIB)
    assert not too_many(1, MIB)


@pytest.mark.parametrize(
    ("version", "knows"), [("1.10.3", True), ("1.9.1", False), ("2.0", True), ("", False), ("x", False)]
)
def test_ifindex_came_with_libpcap_1_10(version, knows):
    assert knows_ifindex(version) is knows


def test_interfaces_are_chosen_by_index_each_group_with_its_own_filter():
    joint, said = joint_filter({"lxc3": "", "lxc1": "", "lxc7": "host 10.0.0.1"}, NEW)
    assert joint == "(ifindex 1 or ifindex 3) or ((ifindex 7) and (host 10.0.0.1))" and said == ""


def test_all_of_them_need_no_filter():
    assert joint_filter(dict.fromkeys((one.name for one in NEW.interfaces), ""), NEW) == (
        "",
        "every interface is taken",
    )


def test_an_old_libpcap_takes_every_interface_and_every_packet_wanted_anywhere():
    joint, said = joint_filter({"lxc1": "icmp", "lxc2": "host 10.0.0.1"}, OLD)
    assert joint == "(icmp) or (host 10.0.0.1)" and "lose their names: libpcap there is 1.9.1" in said
    assert joint_filter({"lxc1": "icmp", "lxc2": ""}, OLD)[0] == ""
    assert "of unknown version" in joint_filter({"lxc1": ""}, NodeFacts())[1]


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="needs tcpdump")
def test_hundreds_of_indexes_fit_into_one_program():
    many = NodeFacts(libpcap="1.10.3", interfaces=tuple(Interface(name=f"lxc{n}", index=n) for n in range(1, 1001)))
    joint, _ = joint_filter({f"lxc{n}": "" for n in range(1, 599)}, many)
    compiled = subprocess.run(["tcpdump", "-y", "LINUX_SLL2", "-d", joint], capture_output=True, text=True, check=False)
    assert compiled.returncode == 0 and compiled.stdout.count("jeq") == 598
    assert joint_filter({f"lxc{n}": "" for n in range(1, 700)}, many) == ("", "every interface is taken")


@pytest.mark.lab
def test_on_a_real_node_the_points_come_back_by_name_with_what_was_sent_to_each(node, tmp_path):
    for number in range(1, 5):
        node.inside("ip", "link", "add", f"lxc{number}", "type", "veth", "peer", "name", f"pod{number}")
        for device in (f"lxc{number}", f"pod{number}"):
            node.inside("ip", "link", "set", device, "up")
    stop, started = threading.Event(), threading.Event()
    request = CaptureRequest(
        targets=(node.target(),), interfaces=("lxc*",), buffer_bytes=8 * MIB, out=tmp_path / "s", bpf="udp port 7777"
    )
    manifests = []
    worker = threading.Thread(target=lambda: manifests.append(capture(request, stop=stop, started=started)))
    worker.start()
    assert started.wait(30)
    for number in range(1, 5):
        node.send_inside(f"pod{number}", number)
    node.send(9)  # over eth1, which was not asked for
    stop.set()
    worker.join(60)
    (point,) = manifests[0].points
    assert (point.point, point.packets, point.linktype) == ("n1/any", 10, 276)  # LINKTYPE_LINUX_SLL2
    assert "ifindex" in point.filter and point.user_filter == "udp port 7777"
    rows = captools.open(tmp_path / "s").packets()
    assert Counter(rows["point"]) == {f"n1/lxc{number}": number for number in range(1, 5)}
