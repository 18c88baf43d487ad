"""The whole road of a capture, on a real node with real tools."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import threading
import time
from pathlib import Path

import pytest

from captools.collect.detached.visit import Visit
from captools.collect.progress import PointProgress, State
from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.collect.spooling import SpoolWish
from captools.collect.targets import Target
from captools.model.errors import CaptureFailed, Interrupted, ToolMissing, UsageError
from captools.model.session import Manifest

pytestmark = pytest.mark.lab

RECORD_HEADER, FILE_HEADER = 16, 24


def ask(**wishes) -> CaptureRequest:
    """Return a request with small rings, which start faster."""
    return CaptureRequest(**{"buffer_bytes": 8 << 20, **wishes})


def run(request, during=None, **options) -> tuple[Manifest, list[str]]:
    """Capture while ``during`` runs, stop right after it; return the manifest and the warnings."""
    stop, started, said = threading.Event(), threading.Event(), []

    def drive() -> None:
        try:
            if started.wait(30) and during is not None:
                during()
        finally:
            stop.set()

    driver = threading.Thread(target=drive)
    driver.start()
    try:
        return capture(request, stop=stop, started=started, warn=said.append, **options), said
    finally:
        stop.set()
        started.set()
        driver.join()


def payloads(path: Path) -> list[bytes]:
    """Return the test packets' texts of a little-endian nanosecond pcap, read by hand."""
    data, offset, found = path.read_bytes(), FILE_HEADER, []
    assert data[:4] == b"\x4d\x3c\xb2\xa1"
    while offset < len(data):
        length = int.from_bytes(data[offset + 8 : offset + 12], "little")
        frame = data[offset + RECORD_HEADER : offset + RECORD_HEADER + length]
        found.append(frame[42:65])
        offset += RECORD_HEADER + length
    return found


@pytest.mark.parametrize("count", [1, 6])
def test_the_last_packet_sent_before_stop_is_in_the_file(node, tmp_path, count):
    request = ask(targets=(node.target(),), interfaces=("eth1",), bpf="udp port 7777", out=tmp_path / "s")
    manifest, said = run(request, lambda: node.send(count))
    assert payloads(tmp_path / "s" / "n1__eth1.pcap") == [b"captools-test %08d " % number for number in range(count)]
    point = manifest.points[0]
    assert (point.packets, point.counts.captured, point.counts.received, point.counts.dropped) == (
        count,
        count,
        count,
        0,
    )
    assert said == [] and manifest.complete


def test_the_manifest_tells_what_ran_and_its_hash_is_the_files(node, tmp_path):
    out = tmp_path / "s"
    request = ask(targets=(node.target(),), bpf="udp", snaplen=96, out=out, command=("captools", "capture"))
    manifest, _ = run(request, lambda: node.send(3, size=500))
    written = json.loads((out / "session.json").read_text())
    point = written["points"][0]
    assert point["point"] == "n1/eth1" and point["role"] == "nic" and point["ok"]
    assert point["sha256"] == hashlib.sha256((out / point["file"]).read_bytes()).hexdigest()
    assert point["snaplen"] == 96 and point["linktype"] == 1 and point["user_filter"] == "udp"
    assert point["bytes"] == (out / point["file"]).stat().st_size == FILE_HEADER + 3 * (RECORD_HEADER + 96)
    assert manifest.started < point["started"] < point["stopped"] < manifest.stopped
    readings = written["nodes"][0]["clock"]
    assert len(readings) == 2 and all(one["before_ns"] <= one["node_ns"] <= one["after_ns"] for one in readings)
    assert written["complete"] and written["command"] == ["captools", "capture"]


def test_the_session_is_private_and_holds_the_nodes_own_tables(node, tmp_path):
    out = tmp_path / "s"
    run(ask(targets=(node.target(),), out=out), lambda: node.send(1))
    assert out.stat().st_mode & 0o777 == 0o700
    files = [path for path in out.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert not list(out.glob("inventory/*-2.*"))  # each text once, however often the manifest is written
    links = json.loads((out / "inventory/n1__ip-link.json").read_text())
    assert {link["ifname"] for link in links} == {"lo", "eth1"}
    assert any(link.get("linkinfo", {}).get("info_kind") == "veth" for link in links)
    routes = json.loads((out / "inventory/n1__ip-route.json").read_text())
    assert any(route.get("table") == "local" for route in routes) and any(r["dst"] == "10.9.0.0/24" for r in routes)


def test_thirty_pod_devices_over_one_ssh_channel_with_the_default_max_sessions(node, tmp_path):
    for number in range(30):
        node.inside("ip", "link", "add", f"lxc{number:02d}", "type", "veth", "peer", "name", f"pod{number:02d}")
        node.inside("ip", "link", "set", f"lxc{number:02d}", "up")
        node.inside("ip", "link", "set", f"pod{number:02d}", "up")
    target = node.sshd()
    request = ask(targets=(target,), roles=("pods",), bpf="udp port 7777", buffer_bytes=256 << 20, out=tmp_path / "s")
    started = time.monotonic()
    manifest, said = run(request, lambda: node.send_inside("pod29", 5))
    assert said == [] and len(manifest.points) == 30 and all(point.ok for point in manifest.points)
    # 256 MiB shared by 30 rings
    assert {point.argv[point.argv.index("-B") + 1] for point in manifest.points} == {str(256 * 1024 // 30)}
    packets = {point.interface: point.packets for point in manifest.points}
    assert packets["lxc29"] == 5 and sum(packets.values()) == 5
    assert time.monotonic() - started < 30
    assert node.wait_until_alone() == []


def test_the_shipping_connection_is_not_in_the_capture(node, tmp_path):
    request = ask(targets=(node.sshd(),), interfaces=("eth1", "any"), out=tmp_path / "s")
    manifest, _ = run(request, lambda: node.send(200, size=1000))
    here = {point.interface: point for point in manifest.points}
    # ssh carried more than 200 KiB over eth1 meanwhile, to port 22 of 10.9.0.1
    assert here["eth1"].filter.startswith("not ((tcp and host 10.9.0.2 and host 10.9.0.1 and port ")
    tcp = [
        frame for frame in _frames(tmp_path / "s" / "n1__eth1.pcap") if frame[12:14] == b"\x08\x00" and frame[23] == 6
    ]
    assert tcp == []
    assert here["any"].linktype == 276 and (here["any"].packets or 0) >= 200


def _frames(path: Path) -> list[bytes]:
    data, offset, found = path.read_bytes(), FILE_HEADER, []
    while offset < len(data):
        length = int.from_bytes(data[offset + 8 : offset + 12], "little")
        found.append(data[offset + RECORD_HEADER : offset + RECORD_HEADER + length])
        offset += RECORD_HEADER + length
    return found


@pytest.mark.parametrize("mode", ["sudo", "capability"])
def test_a_normal_user_captures_by_sudo_and_ssh_connection_survives_it(node, tmp_path, mode):
    if mode == "sudo":
        if not Path("/usr/bin/sudo").exists():
            pytest.skip("needs sudo")
        target = node.sshd("capuser", sudo="ALL=(ALL) NOPASSWD: ALL")
    else:
        # No sudo right, but a tcpdump that may capture: good enough.
        program = node.folder / "tcpdump"
        program.write_bytes(Path("/usr/bin/tcpdump").read_bytes())
        program.chmod(0o755)
        node.inside("setcap", "cap_net_raw,cap_net_admin=eip", str(program))
        node.inside("mount", "--bind", str(program), "/usr/bin/tcpdump")
        target = node.sshd("capuser", sudo="ALL=(ALL) ALL")
    request = ask(targets=(target,), interfaces=("eth1",), bpf="udp", out=tmp_path / "s")
    manifest, said = run(request, lambda: node.send(4))
    assert said == [] and manifest.points[0].packets == 4
    assert "host 10.9.0.2 and host 10.9.0.1" in manifest.points[0].filter


def test_no_permission_to_capture_is_one_sentence_with_what_sudo_said(node, tmp_path):
    target = node.sshd("capuser", sudo="ALL=(ALL) ALL")
    with pytest.raises(CaptureFailed) as caught:
        run(ask(targets=(target,), interfaces=("eth1",), out=tmp_path / "s"))
    text = str(caught.value)
    assert "n1/eth1: tcpdump says:" in text and "permission" in text and "log in as root" in text
    assert "sudo" in text and "\n" not in text
    assert not (tmp_path / "s").exists()


def test_ngrep_keeps_its_pcap_and_its_text(node, tmp_path):
    out = tmp_path / "s"
    request = ask(
        targets=(node.target(),), interfaces=("eth1",), tool="ngrep", match="test 0000000[12]", bpf="udp", out=out
    )
    manifest, said = run(request, lambda: node.send(5))
    point = manifest.points[0]
    assert said == [] and point.tool == "ngrep" and point.match == "test 0000000[12]"
    data = (out / "n1__eth1.pcap").read_bytes()
    assert point.packets == 2 and b"test 00000001" in data and b"test 00000002" in data and b"00000003" not in data
    text = (out / "n1__eth1.ngrep.txt").read_text()
    assert text.count("10.9.0.2:40000 -> 10.9.0.1:7777") == 2 and "captools-test 00000001" in text


def test_an_unreachable_node_is_one_warning_and_the_others_go_on(node, tmp_path):
    gone = Target(name="gone", transport="netns", pid=2**22 - 1)
    request = ask(targets=(gone, node.target()), interfaces=("eth1",), bpf="udp", out=tmp_path / "s")
    manifest, said = run(request, lambda: node.send(2))
    assert len(said) == 1 and said[0].startswith("gone: process 4194303, whose namespaces are the node, does not run")
    assert [(one.name, one.ok) for one in manifest.nodes] == [("gone", False), ("n1", True)]
    assert [point.packets for point in manifest.points] == [2]
    assert manifest.warnings == tuple(said)


def test_an_interface_that_does_not_exist_is_named_with_those_that_do_and_the_rest_goes_on(node, tmp_path):
    request = ask(targets=(node.target(),), interfaces=("eth7", "eth1"), bpf="udp", out=tmp_path / "s")
    manifest, said = run(request, lambda: node.send(1))
    assert said == ["n1: no interface 'eth7'; it has lo, eth1"]
    assert [(point.interface, point.ok) for point in manifest.points] == [("eth1", True), ("eth7", False)]


def test_a_missing_tcpdump_is_a_missing_tool(node, tmp_path):
    node.hide("/usr/bin/tcpdump")
    with pytest.raises(ToolMissing, match="n1: tcpdump is not installed on the node; install it there"):
        run(ask(targets=(node.target(),), out=tmp_path / "s"))


def test_a_node_without_python_is_captured_plainly_and_that_is_said(node, tmp_path):
    node.hide("/usr/bin/python3")
    request = ask(targets=(node.target(),), interfaces=("eth1",), bpf="udp port 7777", out=tmp_path / "s")
    manifest, said = run(request, lambda: node.send(20))
    (point,) = manifest.points
    assert manifest.mode == "plain" and manifest.complete
    assert (point.packets, point.counts.captured, point.ok) == (20, 20, True)
    (sentence,) = said
    assert "n1: no python3 on the node" in sentence and "a cut link loses data" in sentence
    assert node.wait_until_alone() == []


def test_a_filter_tcpdump_refuses_comes_back_in_its_own_words_as_a_usage_error(node, tmp_path):
    request = ask(targets=(node.target(),), interfaces=("eth1",), bpf="tcp and and", out=tmp_path / "s")
    with pytest.raises(UsageError, match="n1/eth1: tcpdump says: can't parse filter expression: syntax error"):
        run(request)
    assert not (tmp_path / "s").exists()


def test_a_pattern_ngrep_refuses_comes_back_in_its_own_words(node, tmp_path):
    request = ask(targets=(node.target(),), interfaces=("eth1",), tool="ngrep", match="[", out=tmp_path / "s")
    with pytest.raises(UsageError, match="missing terminating ]"):
        run(request)


def test_an_interface_that_disappears_keeps_what_it_gave_and_the_others_go_on(node, tmp_path):
    node.inside("ip", "link", "add", "lxcaa", "type", "veth", "peer", "name", "podaa")
    for name in ("lxcaa", "podaa"):
        node.inside("ip", "link", "set", name, "up")
    out = tmp_path / "s"

    def during() -> None:
        node.send_inside("podaa", 3)
        time.sleep(1.3)
        node.inside("ip", "link", "del", "lxcaa")
        time.sleep(0.5)
        node.send(2)

    request = ask(targets=(node.target(),), bpf="udp", out=out, buffer_bytes=16 << 20)
    manifest, said = run(request, during)
    here = {point.interface: point for point in manifest.points}
    assert here["eth1"].ok and here["eth1"].packets == 2
    assert not here["lxcaa"].ok
    assert "n1/lxcaa: tcpdump says: pcap_loop: The interface disappeared; what came before is kept" in said
    assert (out / "n1__lxcaa.pcap").read_bytes().count(b"captools-test") == 3 == here["lxcaa"].packets


def test_stop_before_anything_started_is_interrupted_and_leaves_nothing(node, tmp_path):
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        capture(ask(targets=(node.target(),), out=tmp_path / "s"), stop=stop)
    assert not (tmp_path / "s").exists() and node.wait_until_alone() == []


def test_progress_tells_bytes_packets_and_drops_of_every_point(node, tmp_path):
    seen: list[PointProgress] = []

    def during() -> None:
        node.send(7)
        time.sleep(2.6)  # tcpdump hands a block over after a second and is asked for counts every two

    request = ask(targets=(node.target(),), interfaces=("eth1",), bpf="udp", out=tmp_path / "s")
    run(request, during, progress=seen.append)
    listening = [one for one in seen if one.state is State.LISTENING]
    assert any(one.dropped == 0 for one in listening)
    assert seen[-1].state is State.STOPPED and seen[-1].packets == 7 and seen[-1].bytes > 7 * 50


def test_the_duration_ends_the_capture_by_itself(node, tmp_path):
    begun = time.monotonic()
    request = ask(targets=(node.target(),), interfaces=("eth1",), duration_s=0.3, out=tmp_path / "s")
    manifest = capture(request, stop=threading.Event())
    assert manifest.complete and 1.5 < time.monotonic() - begun < 8


def test_a_full_disk_is_said_and_what_was_written_stays(node, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], check=True)
    try:
        request = ask(targets=(node.target(),), interfaces=("eth1",), bpf="udp", out=small / "s")
        manifest, said = run(request, lambda: (node.send(3000, size=1000), time.sleep(3)))
        assert any("No space left on device" in sentence for sentence in said)
        assert not manifest.points[0].ok and (small / "s/n1__eth1.pcap").stat().st_size > 500_000
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_packets_that_only_pass_by_do_not_wait_a_day_on_the_node_for_nobody(node, tmp_path):
    told = []

    def during() -> None:
        with Visit(node.target(), spool_dir=str(tmp_path)) as visit:
            told.extend(visit.captures()[0])

    wish = SpoolWish(spool_dir=str(tmp_path))
    run(ask(targets=(node.target(),), interfaces=("eth1",), keep=False, live=True, spool=wish), during)
    assert [(one["lease_s"], one["linger_s"]) for one in told if one["dir"].startswith(str(tmp_path))] == [(90.0, 90.0)]


def test_two_nodes_leave_out_each_others_shipping_connections(node, tmp_path):
    target = node.sshd()
    again = dataclasses.replace(target, name="n2")
    request = ask(targets=(target, again), interfaces=("eth1",), out=tmp_path / "s")
    manifest, _ = run(request, lambda: node.send(20, size=1000))
    for name in ("n1", "n2"):
        frames = _frames(tmp_path / "s" / f"{name}__eth1.pcap")
        assert [f for f in frames if f[12:14] == b"\x08\x00" and f[23] == 6] == []
        assert sum(b"captools-test" in f for f in frames) == 20
    # Both come from one address: one text stands for both, and for whichever port they come back from.
    assert manifest.points[0].excluded == ("tcp and host 10.9.0.2 and host 10.9.0.1 and port 22",)
    assert manifest.points[0].filter.count("tcp and host") == 1


def test_inventory_files_written_meanwhile_are_kept_as_those_of_the_end(node, tmp_path):
    told = tmp_path / "told"
    told.mkdir()
    (told / "pods.json").write_text("[]")
    (told / "same.json").write_text("[]")

    def change() -> None:
        (told / "pods.json").write_text("[ ]")
        (told / "ciliumendpoints-stop.json").write_text("{}")

    run(ask(targets=(node.target(),), interfaces=("eth1",), out=tmp_path / "s", inventory=(told,)), change)
    files = {path.name: path.read_text() for path in (tmp_path / "s/inventory").iterdir() if "__" not in path.name}
    assert files == {
        "pods.json": "[]", "pods-stop.json": "[ ]", "same.json": "[]", "ciliumendpoints-stop.json": "{}",
    }  # fmt: skip


def test_an_inventory_that_is_gone_at_the_end_is_said_and_nothing_is_lost(node, tmp_path):
    told = tmp_path / "told.json"
    told.write_text("[]")
    _, said = run(
        ask(targets=(node.target(),), interfaces=("eth1",), out=tmp_path / "s", inventory=(told,)), told.unlink
    )
    assert any("told.json" in one for one in said)
    assert (tmp_path / "s/inventory/told.json").read_text() == "[]"
