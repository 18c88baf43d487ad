from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from captools.lab import state
from captools.lab.cluster import Lab
from captools.lab.topology import CURL_POD, MACHINES, ROUTER, WEBPODS, Mode, webpod_on
from captools.lab.traffic import bulk, http, ping
from captools.model.errors import CaptureFailed, UsageError

pytestmark = pytest.mark.lab


def gone(pids: list[int]) -> bool:
    """Tell whether processes end within two seconds."""
    deadline = time.monotonic() + 2
    while any(state.start_ticks(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize("mode", [Mode.NATIVE, Mode.VXLAN, Mode.WIREGUARD, Mode.WIREGUARD_LEAK])
def test_every_pod_reaches_every_webpod(lab_of, mode):
    lab = lab_of(mode)
    for number, webpod in enumerate(WEBPODS):
        truth = ping(lab.machine(CURL_POD.name), webpod.ip, identifier=900 + number, count=1)
        assert truth.flows[0].answered == 1, f"{mode}: {webpod.node}"


def test_without_its_route_the_router_sends_pod_packets_out_of_its_uplink(lab_of, watch):
    lab = lab_of(Mode.NATIVE_BROKEN)
    pod, target = lab.machine(CURL_POD.name), webpod_on("k8s-w0")
    with watch(lab.machine(ROUTER), "any", f"icmp and host {target.ip}") as seen:
        truth = ping(pod, target.ip, identifier=910, count=2)
    assert truth.flows[0].answered == 0
    assert "eth1  In  IP 172.20.0.88 > 172.20.2.33: ICMP echo request, id 910, seq 1" in seen.text
    assert "eth0  Out IP 172.20.0.88 > 172.20.2.33: ICMP echo request, id 910, seq 1" in seen.text
    assert "eth2" not in seen.text
    assert ping(pod, webpod_on("k8s-w1").ip, identifier=911, count=1).flows[0].answered == 1


def test_tcpdump_on_the_router_prints_the_senders_identity_as_otv_instance(lab_of, watch):
    lab = lab_of(Mode.VXLAN)
    with watch(lab.machine(ROUTER), "any", "udp port 8472") as seen:
        ping(lab.machine(CURL_POD.name), webpod_on("k8s-w0").ip, identifier=920, count=1)
    lines = seen.text.splitlines()
    assert any(
        "eth1  In" in line and "> 192.168.20.100.8472: OTV" in line and "instance 45966" in line for line in lines
    )
    assert any(
        "eth2  In" in line and "> 192.168.10.100.8472: OTV" in line and "instance 62886" in line for line in lines
    )


def test_a_larger_answer_travels_in_super_frames_on_lxc_and_in_segments_on_the_wire(lab_of, watch):
    lab = lab_of(Mode.VXLAN)
    target, node = webpod_on("k8s-w0"), lab.machine("k8s-w0")
    with (
        watch(node, target.interface, "tcp src port 80") as at_pod,
        watch(node, "eth1", "udp port 8472 and greater 1000") as on_wire,
    ):
        bulk(lab.machine(CURL_POD.name), target.ip, 60_000)
    lengths = [int(line.rsplit("length ", 1)[1].split(":")[0]) for line in at_pod.text.splitlines() if "length" in line]
    segments = [
        int(line.rsplit("length ", 1)[1].split(":")[0]) for line in on_wire.text.splitlines() if "Flags" in line
    ]
    assert max(lengths) > 5_000
    assert len(segments) >= 40 and max(segments) <= 1_410


def test_with_wireguard_the_wire_between_nodes_shows_only_udp_51871(lab_of, watch):
    lab = lab_of(Mode.WIREGUARD)
    with watch(lab.machine("k8s-ctr"), "eth1", "ip") as wire, watch(lab.machine("k8s-ctr"), "cilium_wg0", "icmp") as wg:
        ping(lab.machine(CURL_POD.name), webpod_on("k8s-w1").ip, identifier=930, count=2)
        http(lab.machine(CURL_POD.name), webpod_on("k8s-w0").ip, "/")
    lines = wire.text.splitlines()
    assert len(lines) >= 8
    assert all(".51871: UDP, length" in line for line in lines), wire.text
    assert "172.20." not in wire.text
    assert "IP 172.20.0.88 > 172.20.1.108: ICMP echo request, id 930" in wg.text
    assert "latest handshake" in lab.machine("k8s-ctr").run(["wg", "show"])


def test_in_the_leak_mode_one_direction_crosses_the_wire_in_clear(lab_of, watch):
    lab = lab_of(Mode.WIREGUARD_LEAK)
    with watch(lab.machine("k8s-w1"), "eth1", "icmp or udp port 51871") as wire:
        assert ping(lab.machine(CURL_POD.name), webpod_on("k8s-w1").ip, identifier=940, count=1).flows[0].answered == 1
    assert "IP 172.20.0.88 > 172.20.1.108: ICMP echo request, id 940" in wire.text
    assert "echo reply" not in wire.text
    assert "192.168.10.101.51871 > 192.168.10.100.51871" in wire.text


@pytest.mark.parametrize(("endpoint_routes", "local"), [(True, "10.0.2.15"), (False, "172.20.1.12")])
def test_the_ingress_source_is_the_ingress_address_remotely_and_the_nodes_own_locally(lab_of, endpoint_routes, local):
    lab = lab_of(Mode.NATIVE, endpoint_routes=endpoint_routes)
    requests = http(lab.machine(ROUTER), "192.168.10.212", "/", "/", "/").requests
    seen = {request.backend_node: request.remote_addr for request in requests}
    assert seen == {"k8s-ctr": "172.20.1.35", "k8s-w1": local, "k8s-w0": "172.20.1.35"}
    assert {request.xff for request in requests} == {"192.168.10.200"}
    assert len({request.request_id for request in requests}) == 3


def test_pods_are_masqueraded_towards_the_outside_but_not_between_nodes(lab_of, watch):
    lab = lab_of(Mode.NATIVE)
    with watch(lab.machine(ROUTER), "eth1", "icmp") as seen:
        ping(lab.machine(CURL_POD.name), "10.10.1.200", identifier=950, count=1)
        ping(lab.machine(CURL_POD.name), "192.168.20.100", identifier=951, count=1)
    assert "IP 192.168.10.100 > 10.10.1.200: ICMP echo request" in seen.text
    assert "IP 172.20.0.88 > 192.168.20.100: ICMP echo request" in seen.text


def test_two_labs_run_side_by_side_with_the_same_addresses(lab_of):
    first = lab_of(Mode.NATIVE)
    with Lab(mode=Mode.NATIVE, name="second") as second:
        for lab in (first, second):
            assert http(lab.machine(CURL_POD.name), "172.20.2.33", "/").requests[0].status == 200
        assert not {machine.pid for machine in first.machines.values()} & {m.pid for m in second.machines.values()}


def test_a_lab_leaves_no_process_mount_interface_or_file_behind(needs_root, host_state, tmp_path):
    before = host_state()
    lab = Lab(mode=Mode.WIREGUARD, name="traceless", directory=tmp_path / "lab")
    with lab:
        assert host_state() == before, "nothing of a lab shows on the host even while it runs"
        pids = [machine.pid for machine in lab.machines.values()]
    assert gone(pids)
    assert host_state() == before
    assert not list(tmp_path.iterdir())
    assert not state.folder_of("traceless").is_symlink()


def test_a_failure_on_the_way_up_takes_everything_down_again(needs_root, tmp_path, monkeypatch):
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "nft").write_text("#!/bin/sh\necho no rules today >&2\nexit 1\n")
    (broken / "nft").chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken}:{os.environ['PATH']}")
    lab = Lab(name="failing", directory=tmp_path / "lab")
    with pytest.raises(CaptureFailed, match="no rules today"):
        lab.up()
    assert not lab.directory.exists()
    assert state.read(lab.link) is None


def start_elsewhere(folder: Path, last_line: str) -> tuple[subprocess.Popen[str], list[int]]:
    """Bring a lab up in another Python process; return it and the lab's processes."""
    code = f"""
from pathlib import Path
from captools.lab.cluster import Lab
lab = Lab(name="elsewhere", directory=Path({str(folder)!r}))
lab.up()
print(*[machine.pid for machine in lab.machines.values()], flush=True)
{last_line}
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, [int(pid) for pid in process.stdout.readline().split()]


def test_killing_the_creator_ends_the_lab_and_removes_its_files(needs_root, tmp_path):
    process, pids = start_elsewhere(tmp_path / "lab", "input()")
    with process:
        assert pids and all(state.start_ticks(pid) for pid in pids)
        process.send_signal(signal.SIGKILL)
    assert gone(pids)
    deadline = time.monotonic() + 2
    while (tmp_path / "lab").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not (tmp_path / "lab").exists()


def test_a_kept_lab_outlives_its_creator_until_it_is_taken_down(needs_root, tmp_path):
    process, pids = start_elsewhere(tmp_path / "lab", "lab.keep()")
    with process:
        assert process.wait(10) == 0
    assert all(state.start_ticks(pid) for pid in pids)
    with pytest.raises(UsageError, match="already running"):
        Lab(name="elsewhere").up()
    removed = state.remove(state.folder_of("elsewhere"))
    assert removed is not None and removed.name == "elsewhere"
    assert gone(pids)
    assert not (tmp_path / "lab").exists()


def test_a_folder_with_other_files_in_it_is_refused_and_left_alone(needs_root, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        Lab(name="careful", directory=tmp_path).up()
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_offloads_can_be_switched_off(needs_root):
    with Lab(name="slow", offloads=False) as lab:
        for name in MACHINES:
            features = lab.machine(name).run(["ethtool", "-k", "eth1"])
            assert "generic-segmentation-offload: off" in features
            assert "tcp-segmentation-offload: off" in features
