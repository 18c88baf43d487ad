"""What would work on a node and what to fix there."""

from __future__ import annotations

from dataclasses import replace

from captools.collect.facts import Interface, NodeFacts
from captools.collect.readiness import interfaces_of, may_capture, readiness, versions
from captools.collect.survey import Surveyed
from captools.collect.targets import Target
from captools.model.errors import CaptureFailed
from captools.model.points import Role
from captools.model.session import ClockReading

SECOND = 1_000_000_000
GOOD = Surveyed(
    target=Target(name="w1"),
    facts=NodeFacts(
        tools={"tcpdump": "tcpdump version 4.99.3", "ngrep": "ngrep: V1.47.1-git, libpcap version 1.10.3"},
        libpcap="1.10.3",
        interfaces=(
            Interface(name="eth0", link_type="ether", kind="veth"),
            Interface(name="eth1", link_type="ether", kind="veth", up=False),
            Interface(name="cilium_vxlan", link_type="ether", kind="vxlan"),
            Interface(name="lxcaa", link_type="ether", kind="veth"),
            Interface(name="lo", link_type="loopback"),
        ),
    ),
    python="3.11.2",
    clock=ClockReading(before_ns=SECOND, node_ns=SECOND + 3_000_000, after_ns=SECOND + 2_000_000),
    spool_free=4 << 30,
)


def told(**changes):
    facts = {key: changes.pop(key) for key in list(changes) if key in NodeFacts.__slots__}
    return readiness(replace(GOOD, facts=replace(GOOD.facts, **facts), **changes))


def test_a_good_node_is_ready_and_its_clock_is_known_within_half_the_way():
    judged = told()
    assert (judged.state, judged.fixes) == ("ready", ())
    assert (judged.offset_ns, judged.offset_error_ns) == (2_000_000, 1_000_000)
    assert versions(GOOD) == {"tcpdump": "4.99.3", "ngrep": "1.47.1-git"}
    by_role = interfaces_of(GOOD)
    assert (by_role[Role.NIC], by_role[Role.TUNNEL], by_role[Role.PODS]) == (["eth0"], ["cilium_vxlan"], ["lxcaa"])


def test_each_thing_that_stops_a_capture_says_how_to_mend_it():
    for change, words in (
        ({"tools": {}}, "no tcpdump and no ngrep there: install one"),
        ({"interfaces": ()}, "install iproute2"),
        ({"capabilities": 0, "sudo_said": "a password is required"}, "(sudo: a password is required): log in as root"),
    ):
        judged = told(**change)
        assert judged.state == "no" and words in judged.fixes[0]


def test_an_error_is_the_whole_story():
    judged = readiness(Surveyed(target=Target(name="w1"), error=CaptureFailed("w1: refused", hint="is sshd up?")))
    assert (judged.state, judged.fixes) == ("no", ("w1: refused; is sshd up?",))


def test_what_a_capture_has_to_do_without_leaves_it_limited():
    for change, words in (
        ({"python": ""}, "a cut link loses data; install python3"),
        ({"libpcap": "1.9.1"}, "libpcap 1.9.1 there"),
        ({"spool_free": 100 << 20}, "100 MiB of spool there"),
        ({"euid": 1000, "sudo_said": "not found"}, "not root, and sudo did not help: not found"),
    ):
        judged = told(**change)
        assert judged.state == "limited" and words in judged.fixes[0]


def test_a_capability_counts_more_than_the_user_id():
    raw = 1 << 13  # CAP_NET_RAW, linux/capability.h
    assert may_capture(replace(GOOD, facts=replace(GOOD.facts, euid=1000), capabilities=raw)) is True
    assert may_capture(replace(GOOD, capabilities=0)) is False and may_capture(GOOD) is True


def test_a_wrong_clock_and_resting_captures_are_told_and_stop_nothing():
    off = replace(GOOD, clock=ClockReading(before_ns=0, node_ns=5 * SECOND, after_ns=2_000_000))
    judged = readiness(replace(off, captures=({"keeper": "alive", "stopped_ns": 0}, {"keeper": "dead"})))
    assert judged.state == "ready" and "its clock is +5.0 s off" in judged.fixes[0]
    assert judged.fixes[1] == "2 captures rest there, 1 running: captools sessions --node w1"
