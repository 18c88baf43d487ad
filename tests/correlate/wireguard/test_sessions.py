"""Sessions: whose index it is, what was lost, doubled or overtaken before a point, and how old it may get."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from captools.model.wireguard import Session
from captools.pipeline import open_session
from tests.correlate.sealed_talk import EAST, WEST, Frames, Talk, begin, data, respond, talk
from tests.correlate.wireguard.real import REAL, with_tshark


def only(found: Talk) -> Session:
    (one,) = found.pair().sessions
    return one


def both_ways(found: Talk) -> dict[int, Session]:
    return {one.receiver_index: one for one in found.pair().sessions}


def counters(*numbers: int, ttl: int = 64) -> Frames:
    return [data(step, counter, ttl=ttl) for step, counter in enumerate(numbers)]


def test_the_handshake_binds_the_two_directions():
    shakes = [
        begin(0, 0xA1),
        respond(1, 0xB2, 0xA1),
        data(2, 0, index=0xB2),
        data(3, 0, index=0xA1, src=WEST, dst=EAST),
    ]
    found = both_ways(talk(east__eth0=shakes))
    assert (found[0xB2].sender, found[0xB2].receiver, found[0xB2].sender_index) == ("east", "west", 0xA1)
    assert (found[0xA1].sender, found[0xA1].receiver, found[0xA1].sender_index) == ("west", "east", 0xB2)
    assert found[0xB2].established == "2023-11-14T22:13:20.001000000Z"


def test_without_its_handshake_a_direction_stands_alone():
    found = only(talk(east__eth0=counters(3, 4)))
    assert (found.sender, found.receiver, found.sender_index, found.established) == ("east", "west", None, "")
    assert (found.first_counter, found.last_counter, found.data, found.keepalives) == (3, 4, 2, 0)


def test_keepalives_are_counted_apart():
    found = only(talk(east__eth0=[data(0, 0), data(1, 1, 0)]))
    assert (found.data, found.keepalives) == (1, 1)


def test_missing_counters_are_losses_before_the_point():
    found = only(talk(east__eth0=counters(0, 1, 2, 3, 4), west__eth0=counters(0, 1, 4)))
    assert found.gaps == {"west/eth0": 2} and found.data == 5


def test_a_message_that_comes_again_is_a_duplicate_and_no_overtaken_one():
    found = only(talk(west__eth0=counters(0, 1, 2, 1)))
    assert (found.duplicates, found.reordered, found.gaps) == ({"west/eth0": 1}, {}, {})


def test_a_message_behind_a_later_one_was_overtaken():
    found = only(talk(west__eth0=counters(0, 2, 3, 1)))
    assert (found.duplicates, found.reordered, found.gaps) == ({}, {"west/eth0": 1}, {})


def test_a_router_that_sends_by_the_card_it_received_on_doubles_nothing():
    again = [*counters(0, 1, 2), *counters(0, 1, 2, ttl=63)]
    found = only(talk(router__eth1=again))
    assert (found.duplicates, found.reordered) == ({}, {})


@pytest.mark.parametrize(("seconds", "expired"), [(179, 0), (182, 1)])
def test_data_long_behind_the_handshake_is_expired(seconds, expired):
    shakes = [begin(0, 0xA1), respond(1, 0xB2, 0xA1), data(2, 0, index=0xB2), data(seconds * 1_000, 1, index=0xB2)]
    assert both_ways(talk(east__eth0=shakes))[0xB2].expired == expired


def test_a_rekeyed_session_is_young_again():
    first = [begin(0, 0xA1), respond(1, 0xB2, 0xA1), data(2, 0, index=0xB2)]
    second = [begin(121_000, 0xA3), respond(121_001, 0xB4, 0xA3), data(250_000, 0, index=0xB4)]
    found = both_ways(talk(east__eth0=[*first, *second]))
    assert {index: one.expired for index, one in found.items()} == {0xB2: 0, 0xB4: 0}


def tshark(path: Path) -> list[tuple[str, str, str, int, int]]:
    """Return (source, destination, receiver index, counter, bytes) of each data message by tshark."""
    fields = ("ip.src", "ip.dst", "wg.receiver", "wg.counter", "udp.length")
    asked = [word for field in fields for word in ("-e", field)]
    told = subprocess.run(
        ["tshark", "-r", str(path), "-Y", "wg.type == 4", "-T", "fields", *asked],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split("\t") for line in told.stdout.splitlines()]
    return [(src, dst, index, int(counter), int(length) - 8) for src, dst, index, counter, length in rows]


@with_tshark
def test_sessions_of_real_captures_are_those_that_tshark_lists(name):
    wanted: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for src, dst, index, counter, length in tshark(REAL / name):
        wanted.setdefault((src, dst, index), []).append((counter, length))
    found = {
        (one["sender"], one["receiver"], one["receiver_index"]): one
        for pair in open_session([REAL / name]).analysis.encryption.to_json()["pairs"]
        for one in pair["sessions"]
    }
    assert found.keys() == wanted.keys()
    for key, messages in wanted.items():
        numbers = {counter for counter, _ in messages}
        empty = {counter for counter, length in messages if length == 32}
        assert (found[key]["data"], found[key]["keepalives"]) == (len(numbers - empty), len(empty))
        assert (found[key]["first_counter"], found[key]["last_counter"]) == (str(min(numbers)), str(max(numbers)))
        assert sum(found[key]["gaps"].values()) == max(numbers) - min(numbers) + 1 - len(numbers)
