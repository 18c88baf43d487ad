from __future__ import annotations

import subprocess

import pytest

from captools.lab.netns import python
from captools.lab.topology import Mode

pytestmark = pytest.mark.lab


def test_where_nobody_listens_it_says_so_in_one_line(lab_of):
    uplink = lab_of(Mode.NATIVE).machine("uplink")
    argv = uplink.enter(python("connect", "nat-k8s-w1", "10.0.2.15", "23"))
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert done.stderr == ("cannot reach 10.0.2.15 port 23 through nat-k8s-w1: [Errno 111] Connection refused\n")


def test_the_gateway_answers_arp_and_nothing_else(lab_of):
    machine = lab_of(Mode.NATIVE).machine("k8s-ctr")
    assert "1 packets received" in machine.run(["arping", "-c", "1", "-i", "eth0", "10.0.2.2"])
    assert '"answered": 0' in machine.run(python("ping", "10.0.2.2", "970", "1", "0.1"))
