from __future__ import annotations

import json
import os
import signal
import time

import pytest

from captools.lab.netns import python
from captools.lab.topology import CURL_POD, Mode

pytestmark = pytest.mark.lab


def test_tcpdump_sees_the_identifier_and_length_of_a_common_ping(lab_of, watch):
    machine = lab_of(Mode.NATIVE).machine("k8s-ctr")
    with watch(machine, "eth1", "icmp") as seen:
        result = json.loads(machine.run(python("ping", "192.168.10.101", "980", "2", "0.05")))
    assert (result["sent"], result["answered"]) == (2, 2)
    assert "ICMP echo request, id 980, seq 2, length 64" in seen.text
    assert "ICMP echo reply, id 980, seq 2, length 64" in seen.text
    assert "bad cksum" not in seen.text


def test_a_source_address_is_used_when_given(lab_of):
    machine = lab_of(Mode.NATIVE).machine("k8s-ctr")
    result = json.loads(machine.run(python("ping", "172.20.1.12", "981", "1", "0.1", "172.20.0.43")))
    assert (result["src"], result["answered"]) == ("172.20.0.43", 1)


def test_an_endless_run_reports_when_it_is_stopped(lab_of):
    process = lab_of(Mode.NATIVE).machine(CURL_POD.name).start(python("ping", "172.20.1.108", "982", "0", "0.05"))
    time.sleep(0.6)
    os.killpg(process.pid, signal.SIGTERM)
    result = json.loads(process.communicate(timeout=5)[0])
    assert 2 <= result["answered"] <= result["sent"] <= 20
