from __future__ import annotations

import pytest

from captools.lab.netns import finish, held, hold
from captools.lab.topology import CURL_POD, Mode
from captools.model.errors import CaptureFailed


def test_a_command_that_fails_is_reported_in_its_own_words():
    with pytest.raises(CaptureFailed, match="lab: the test failed: no luck"):
        finish(["sh", "-c", "echo no luck >&2; exit 3"], "the test")


def test_a_command_that_hangs_is_ended_and_named():
    with pytest.raises(CaptureFailed, match="the nap did not end within 0 s"):
        finish(["sleep", "20"], "the nap", timeout=0.1)


@pytest.mark.lab
def test_a_refused_ip_line_is_shown_beside_the_reason(lab_of):
    with pytest.raises(CaptureFailed, match="invalid gateway. in: ip route add 10.9.0.0/16 via 9.9.9.9 dev eth0"):
        lab_of(Mode.NATIVE).machine(CURL_POD.name).batch(
            ["link set lo up", "route add 10.9.0.0/16 via 9.9.9.9 dev eth0"]
        )


@pytest.mark.lab
def test_a_holder_without_a_process_to_join_says_why(needs_root):
    # No process has this id: it is above the kernel's largest.
    with pytest.raises(CaptureFailed, match="lab machine ghost: its namespaces could not be made"):
        held(hold(5_000_000, "ghost"), "ghost")


@pytest.mark.lab
def test_a_machine_has_its_own_name_proc_and_sys(lab_of):
    machine = lab_of(Mode.NATIVE).machine("k8s-w1")
    assert machine.run(["hostname"]).strip() == "k8s-w1"
    assert machine.run(["cat", "/dev/stdin"], text="through /proc/self") == "through /proc/self"
    assert "eth1" in machine.run(["ls", "/sys/class/net"]).split()
    assert "ifb0" not in machine.run(["ls", "/sys/class/net"]).split()


@pytest.mark.lab
def test_listening_ports_and_files_are_seen_from_outside(lab_of):
    machine = lab_of(Mode.NATIVE).machine("k8s-w1")
    assert machine.listens(22) and machine.listens(80)
    assert not machine.listens(23)
    assert machine.has_file("/run/captools-lab/sshd_config")
    assert not machine.has_file("/run/captools-lab/nothing")
