"""The eBPF program: the kernel's verifier takes it, and packets to pods go past lxc* by it, and only those."""

from __future__ import annotations

import os
import struct

import pytest

from captools.lab.inside.redirect_peer import instruction, load, program
from captools.lab.netns import python
from captools.lab.topology import CURL_POD, Mode, webpod_on
from captools.lab.traffic import http, ping

POD, OTHER = webpod_on("k8s-w0"), webpod_on("k8s-w1")


def test_instructions_are_eight_bytes_as_rfc_9669_lays_them_out():
    # "exit" of the RFC's table of opcodes; a jump with both registers, an offset and a constant.
    assert instruction(0x95) == bytes([0x95, 0, 0, 0, 0, 0, 0, 0])
    assert instruction(0x2D, 4, 3, 17, -1) == bytes([0x2D, 0x34]) + struct.pack("<hi", 17, -1)


@pytest.mark.lab
@pytest.mark.parametrize("denied", [[], [("172.20.0.88", "172.20.2.33")]])
@pytest.mark.parametrize("count", [0, 1, 40])
def test_the_verifier_takes_it(needs_root, denied, count):
    pods = {f"172.20.2.{number}": 5 for number in range(1, count + 1)}
    os.close(load(program(pods, denied)))


@pytest.mark.lab
def test_packets_to_a_pod_go_past_its_interface_and_answers_come_by_it(lab_of, watch):
    lab = lab_of(Mode.NATIVE)
    node, client = lab.machine(POD.node), lab.machine(CURL_POD.name)
    running = node.start(python("redirect_peer", "eth1", f"{POD.ip}={POD.interface}", "--deny", f"{OTHER.ip},{POD.ip}"))
    try:
        assert running.stdout is not None and running.stdout.readline() == "attached 1\n"
        with watch(node, POD.interface, "icmp") as seen:
            assert ping(client, POD.ip, identifier=982, count=2).flows[0].answered == 2
        assert "echo reply, id 982" in seen.text and "echo request, id 982" not in seen.text
        assert http(lab.machine(OTHER.name), POD.ip, "/", timeout_s=0.3).flows[0].error == "timeout"
        assert ping(client, "192.168.20.100", identifier=983, count=1).flows[0].answered == 1
    finally:
        os.killpg(running.pid, 15)
        running.communicate(timeout=10)
    with watch(node, POD.interface, "icmp") as seen:
        ping(client, POD.ip, identifier=984, count=1)
    assert "echo request, id 984" in seen.text, "it is gone with its process"
