"""tshark's opinion through pyshark, and its agreement with scapy's, field by field, on made and on real frames."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from captools.deep.compare import differences, layers
from captools.deep.scapy_tree import tree_by_scapy
from captools.deep.tshark_tree import tree_by_tshark, trees_by_tshark
from captools.model.errors import ExitCode, MalformedCapture, ToolMissing


def test_both_opinions_agree_on_every_kind_of_frame(frames, capture_file) -> None:
    compared = 0
    by_link: dict[int, list[tuple[str, bytes]]] = {}
    for title, (linktype, data) in frames.items():
        by_link.setdefault(linktype, []).append((title, data))
    for linktype, those in by_link.items():
        trees = trees_by_tshark(capture_file(linktype, *(data for _, data in those)))
        for number, (title, data) in enumerate(those, 1):
            ours = tree_by_scapy(data, linktype)
            assert (title, differences(ours, trees[number])) == (title, ())
            compared += sum(1 for layer in layers(ours) for _ in layer.walk())
    assert compared > 500


@pytest.mark.parametrize(
    "name",
    [
        "vxlan/tcpdump-vxlan_port_8472.pcap", "vxlan/flannel-vxlan-plus-underlay-http.pcap", "vxlan/ndpi-vxlan.pcap",
        "vxlan/tcpdump-gso-ipv6-vxlan-ipv6.pcap", "wireguard/zeek-spicy-wireguard.pcap",
        "wireguard/cilium-wireguard-any-sll2.pcap", "wireguard/cilium-native-wireguard-node-ens160.cap",
        "cilium/vxlan-node-ens160.cap", "cilium/vxlan-3pt/1-pod-eth0.cap", "cilium/vxlan-3pt/2-node-cilium_vxlan.cap",
        "cilium/vxlan-3pt/3-node-eth0.cap", "cilium/native-2pt/2-node-eth0.cap", "cilium/l2-announcement-arp-http.cap",
        "k8s/calico-ipip-3pt/2-node-tunl0-raw.cap", "nat-two-sided/tcp-mtu-4pt/4-gw-any-sll2.pcap",
        "icmp/zeek-icmp-timeexceeded.pcap", "icmp/zeek-icmp6-toobig.pcap", "linktypes/pcpp-raw_ip.pcap",
        "fragments/pcpp-ip4_fragments.pcap", "fragments/pcpp-ipv6_opt_fragments.pcap",
    ],
)  # fmt: skip
def test_both_opinions_agree_on_every_packet_of_real_captures(shared: Path, records, name: str) -> None:
    path = shared / "captures-real" / name
    trees = trees_by_tshark(path)
    found = records(path)
    assert sorted(trees) == list(range(1, len(found) + 1))
    differing = {
        number: wrong
        for number, (linktype, data) in enumerate(found, 1)
        if (wrong := differences(tree_by_scapy(data, linktype), trees[number]))
    }
    assert differing == {}
    assert sum(len(layers(tree)) for tree in trees.values()) >= 2 * len(found)


def test_the_two_known_disagreements_are_still_the_only_ones_of_their_kind(shared: Path, records) -> None:
    # A length of 0 (a super-frame): Wireshark shows the captured size instead of the header's value.
    path = shared / "captures-real/http/tcpdump-ipv4_tcp_http_xml_tso.pcap"
    if not path.exists():
        path = next((shared / "captures-real").rglob("tcpdump-ipv4_tcp_http_xml_tso.pcap"))
    ((linktype, data), *_) = records(path)
    assert [one.field for one in differences(tree_by_scapy(data, linktype), tree_by_tshark(path, 1))] == ["ip.len"]
    # Reverse ARP: scapy binds ARP to its own EtherType alone.
    path = shared / "captures-real/linktypes/zeek-linux_dlt_sll2.pcap"
    linktype, data = records(path)[5]
    assert [one.field for one in differences(tree_by_scapy(data, linktype), tree_by_tshark(path, 6))] == ["layers"]


def test_one_frame_is_found_by_its_number(frames, capture_file) -> None:
    path = capture_file(1, frames["arp"][1], frames["syn"][1])
    tree = tree_by_tshark(path, 2)
    assert (tree.label, [layer.name for layer in tree.children]) == ("Frame 2", ["eth", "ip", "tcp"])
    with pytest.raises(MalformedCapture, match="no frame 3"):
        tree_by_tshark(path, 3)


def test_without_the_decode_rule_an_old_tshark_sees_no_tunnel_where_one_is_asked_for(frames, capture_file) -> None:
    path = capture_file(1, frames["vxlan 4789"][1])
    off = tree_by_tshark(path, 1, decode_as=("udp.port==4789,data",))
    assert "vxlan" not in [layer.name for layer in off.children]


def test_it_works_from_threads_and_inside_a_running_event_loop(frames, capture_file) -> None:
    path = capture_file(1, frames["syn"][1])
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(tree_by_tshark(path, 1).label)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    async def inside() -> str:
        return tree_by_tshark(path, 1).label

    assert [*found, asyncio.run(inside())] == ["Frame 1"] * 4


def test_a_file_cut_in_mid_record_gives_its_whole_frames(frames, capture_file) -> None:
    path = capture_file(1, frames["syn"][1], frames["arp"][1])
    path.write_bytes(path.read_bytes()[:-5])
    assert sorted(trees_by_tshark(path)) == [1]


@pytest.mark.parametrize("content", [b"this is no capture\n" * 20, b""])
def test_a_file_that_is_no_capture_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(content)
    if content:
        with pytest.raises(MalformedCapture, match="x.pcap: tshark cannot read it"):
            trees_by_tshark(path)
    else:
        with pytest.raises(MalformedCapture):
            tree_by_tshark(path, 1)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MalformedCapture, match=r"gone\.pcap"):
        tree_by_tshark(tmp_path / "gone.pcap", 1)


def test_a_machine_without_tshark_says_what_to_install(frames, capture_file, monkeypatch) -> None:
    path = capture_file(1, frames["syn"][1])
    monkeypatch.setenv("PATH", str(path.parent))
    with pytest.raises(ToolMissing, match="apt-get install tshark") as caught:
        tree_by_tshark(path, 1)
    assert caught.value.exit_code == ExitCode.TOOL_MISSING
