"""arping's text in its two forms; the field's own log; what is no answer to what was asked."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from captools.inventory.arping import BEGINNING, read_arping
from captools.inventory.kinds import recognise
from captools.inventory.read import read_inventory
from captools.inventory.values import NotAsClaimed

# arping 2.23 (Thomas Habets), as it prints
IN_VAIN = """ARPING 192.168.10.211
Timeout
Timeout

--- 192.168.10.211 statistics ---
2 packets transmitted, 0 packets received, 100% unanswered (0 extra)
"""
# iputils arping
LINUX = """ARPING 192.168.10.211 from 192.168.10.200 eth1
Unicast reply from 192.168.10.211 [08:00:27:ED:EF:CD]  0.711ms
Unicast reply from 192.168.10.211 [8:0:27:1:2:3]  0.802ms
Sent 2 probes (1 broadcast(s))
Received 2 response(s)
"""


def test_answers_and_totals_of_the_fields_own_log(shared):
    text = (shared / "field-logs/arping.txt").read_text()
    first, second = read_inventory({"arping.txt": text}).arpings
    assert (first.address, first.sent, first.received) == ("192.168.10.211", 2, 3)
    assert first.macs == ("08:00:27:ed:ef:cd",) * 3 and (first.line, first.last_line) == (1, 7)
    assert (second.address, second.sent, second.received, len(second.macs)) == ("192.168.10.212", 2, 2, 2)


def test_timeouts_are_no_answers():
    (one,) = read_arping(IN_VAIN, "router").arpings
    assert (one.sent, one.received, one.macs, one.node) == (2, 0, (), "router")


def test_the_other_arping_names_its_interface_and_writes_mac_addresses_in_its_own_way():
    (one,) = read_arping(LINUX, "").arpings
    assert (one.interface, one.sent, one.received) == ("eth1", 2, 2)
    assert one.macs == ("08:00:27:ed:ef:cd", "08:00:27:01:02:03")


def test_the_file_is_known_by_its_first_line_and_its_node_by_its_name():
    kind = recognise("router__arping.txt", IN_VAIN)
    assert kind is not None and kind.name == "arping"
    (one,) = read_inventory({"x/router__arping.txt": "$ arping -c 2 192.168.10.211\n" + IN_VAIN}).arpings
    assert (one.node, one.file, one.line) == ("router", "router__arping.txt", 2)


@pytest.mark.parametrize("line", ["ARPING", "ARPING me", "arping 10.0.0.1", "ARPING 10.0.0.1 loves you"])
def test_other_lines_are_none(line):
    assert not BEGINNING.match(line)


def test_an_answer_for_another_address_does_not_count():
    text = IN_VAIN.replace("Timeout", "60 bytes from 08:00:27:ed:ef:cd (192.168.10.9): index=0 time=1 msec", 1)
    assert read_arping(text, "").arpings[0].macs == ()


def test_a_target_that_is_no_address_is_no_run():
    with pytest.raises(NotAsClaimed):
        read_arping("ARPING 999.1.1.1\nTimeout\n", "")


def test_a_run_that_was_broken_off_has_no_totals():
    (one,) = read_arping(
        "ARPING 10.0.0.1\n60 bytes from 08:00:27:ed:ef:cd (10.0.0.1): index=0 time=1 msec\n", ""
    ).arpings
    assert (one.sent, one.received, len(one.macs)) == (None, None, 1)
    huge = "ARPING 10.0.0.1\n" + "9" * 40 + " packets transmitted, 0 packets received\n"
    assert read_arping(huge, "").arpings[0].sent is None


@pytest.mark.skipif(shutil.which("arping") is None, reason="arping is not installed")
def test_what_arping_itself_prints_is_read():
    # The loopback device answers no ARP; whichever of the two programs is installed, it says so.
    done = subprocess.run(["arping", "-c", "1", "-w", "1", "-I", "lo", "127.0.0.1"], capture_output=True, text=True)
    if "ARPING" not in done.stdout:
        done = subprocess.run(["arping", "-c", "1", "-i", "lo", "127.0.0.1"], capture_output=True, text=True)
    if "ARPING" not in done.stdout:
        pytest.skip("this user may not send ARP")
    assert read_inventory({"arping.txt": done.stdout}).arpings[0].macs == ()
