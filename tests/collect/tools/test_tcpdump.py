"""tcpdump's command line and words (the words are those of 4.99.3 on Debian 12)."""

from __future__ import annotations

import pytest

from captools.collect.tools import Fault, Wish, tcpdump
from captools.model.session import ToolCounts

LISTENING = "tcpdump: listening on lo, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n"


def test_the_command_line_never_asks_for_immediate_mode_and_keeps_the_filter_one_argument():
    argv = tcpdump.argv(Wish(interface="eth1", filter="-d or (tcp)", snaplen=128, ring_bytes=8 << 20))
    assert argv[:4] == ["tcpdump", "-i", "eth1", "-n"] and argv[-2:] == ["--", "-d or (tcp)"]
    assert argv[argv.index("-B") + 1] == "8192" and argv[argv.index("-s") + 1] == "128"
    assert "--time-stamp-precision=nano" in argv and argv[argv.index("-w") + 1] == "-"
    assert "--immediate-mode" not in argv and "-U" not in argv
    assert "-U" in tcpdump.argv(Wish(interface="eth1", live=True))


def test_the_newest_counts_win_at_the_end_and_on_request():
    asked = LISTENING + "tcpdump: 1 packet captured, 2 packets received by filter, 0 packets dropped by kernel\n"
    assert tcpdump.counts(LISTENING) == ToolCounts()
    assert tcpdump.counts(asked) == ToolCounts(captured=1, received=2, dropped=0)
    ended = asked + "12 packets captured\n15 packets received by filter\n3 packets dropped by kernel\n"
    assert tcpdump.counts(ended) == ToolCounts(captured=12, received=15, dropped=3)


@pytest.mark.parametrize(
    ("said", "fault", "words"),
    [
        (
            "tcpdump: nope: No such device exists\n(No such device exists)\n",
            Fault.NO_DEVICE,
            "nope: No such device exists",
        ),
        (
            "tcpdump: lo: You don't have permission to perform this capture on that device\n(socket: …)\n",
            Fault.PERMISSION,
            "You don't have permission",
        ),
        (
            "tcpdump: Couldn't change to 'tcpdump' uid=102 gid=105: Operation not permitted\n",
            Fault.PERMISSION,
            "Couldn't change to 'tcpdump'",
        ),
        ("tcpdump: can't parse filter expression: syntax error\n", Fault.EXPRESSION, "syntax error"),
        ("tcpdump: unknown port 'foo'\n", Fault.EXPRESSION, "unknown port 'foo'"),
        ("tcpdump: illegal port number 99999 > 65535\n", Fault.EXPRESSION, "illegal port number"),
        ("tcpdump: invalid IPv4 address '300.1.2.3'\n", Fault.EXPRESSION, "invalid IPv4 address"),
        ('tcpdump: non-network bits set in "10.0.0.1/8"\n', Fault.EXPRESSION, "non-network bits"),
        ("tcpdump: port 'http' is tcp\n", Fault.EXPRESSION, "is tcp"),
        (LISTENING + "tcpdump: pcap_loop: The interface disappeared\n", Fault.NO_DEVICE, "The interface disappeared"),
        ("tcpdump: eth1: SIOCETHTOOL: \x1b[2Jbroken\n", Fault.OTHER, "broken"),
    ],
)
def test_why_it_ended_is_recognised_and_safe_to_print(said, fault, words):
    found = tcpdump.failure(said)
    assert found is not None and found.fault is fault and words in found.said
    assert "\x1b" not in found.said and found.hint


def test_a_tcpdump_that_may_not_give_up_root_is_helped_by_the_manifest():
    found = tcpdump.failure("tcpdump: Couldn't change to 'tcpdump' uid=102 gid=105: Operation not permitted\n")
    assert found is not None and "--with-setuid" in found.hint


def test_a_run_without_trouble_has_no_failure():
    assert tcpdump.failure(LISTENING + "5 packets captured\n") is None


def test_the_version_is_bare():
    assert tcpdump.version("tcpdump version 4.99.3") == "4.99.3"
