"""ngrep's command line and words (the words are those of 1.47.1 on Debian 12)."""

from __future__ import annotations

import pytest

from captools.collect.tools import Fault, Wish, ngrep
from captools.model.session import ToolCounts


def test_pattern_and_filter_are_always_both_given_after_the_options():
    assert ngrep.argv(Wish(interface="lxc1", match="-x.*", filter="tcp"))[-3:] == ["--", "-x.*", "tcp"]
    assert ngrep.argv(Wish(interface="lxc1"))[-3:] == ["--", "", "ip or ip6"]
    argv = ngrep.argv(Wish(interface="lxc1", snaplen=200))
    assert argv[argv.index("-O") + 1] == "{pcap}" and argv[argv.index("-s") + 1] == "200"
    assert argv[argv.index("-W") + 1] == "byline" and "-q" in argv and "-t" in argv


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("nope: No such device exists (No such device exists): No such device\n", Fault.NO_DEVICE),
        ("lo: You don't have permission to perform this capture on that device (socket: …)\n", Fault.PERMISSION),
        ("attempt to drop privileges failed: Operation not permitted\n", Fault.PERMISSION),
        ("regex compile failed: missing terminating ] for character class (offset: 1)\n", Fault.EXPRESSION),
        ("pcap: can't parse filter expression: syntax error\n", Fault.EXPRESSION),
        ("something else\n", Fault.OTHER),
    ],
)
def test_why_it_ended_is_recognised(said, fault):
    found = ngrep.failure(said)
    assert found is not None and found.fault is fault and found.said == said.strip()


def test_it_tells_no_counts_and_its_version_is_bare():
    assert ngrep.counts("exit\n5 received, 2 matched\n") == ToolCounts()
    assert ngrep.failure("") is None
    assert ngrep.version("ngrep: V1.47.1-git, libpcap version 1.10.3 (with TPACKET_V3)") == "1.47.1-git"
