"""Handshakes: answers name the initiation, attempts are told apart, round trips are of one clock."""

from __future__ import annotations

import subprocess

import pytest

from captools.model.wireguard import Handshake
from captools.pipeline import open_session
from captures.build import wireguard_handshake
from tests.correlate.sealed_talk import EAST, WEST, Talk, begin, carried, data, datagram, ping, respond, talk
from tests.correlate.wireguard.real import REAL, with_tshark

LATER = carried(ping(1, src=EAST, dst=WEST), 60_000)  # the capture goes on for longer than anybody waits


def shakes(found: Talk) -> list[Handshake]:
    return [one for pair in found.encryption().pairs for one in pair.handshakes]


def kinds(found: Talk) -> list[tuple[str, int, str]]:
    return [(one.kind, one.attempt, one.result) for one in shakes(found)]


def test_an_answer_belongs_to_the_initiation_whose_index_it_names():
    first, second = shakes(talk(east__eth0=[begin(0, 1), begin(1, 2), respond(5, 9, 2), respond(8, 8, 1)]))
    assert [(one.sender_index, one.receiver_index, one.rtt_ns) for one in (first, second)] == [
        (1, 8, 8_000_000),
        (2, 9, 4_000_000),
    ]
    assert (first.initiator, first.responder, first.point) == ("east", "west", "east/eth0")


def test_the_round_trip_is_that_at_the_initiators_card():
    at_east = [begin(0, 1), respond(10, 9, 1)]
    at_west = [begin(4, 1), respond(5, 9, 1)]
    (found,) = shakes(talk(west__eth0=at_west, east__eth0=at_east))
    assert (found.rtt_ns, found.point) == (10_000_000, "east/eth0")


def test_where_the_initiator_was_not_captured_the_longest_round_trip_is_told_with_its_point():
    (found,) = shakes(talk(router__eth1=[begin(1, 1), respond(8, 9, 1)], west__eth0=[begin(4, 1), respond(5, 9, 1)]))
    assert (found.rtt_ns, found.point) == (7_000_000, "router/eth1")


def test_no_round_trip_is_made_of_two_points():
    (found,) = shakes(talk(east__eth0=[begin(0, 1)], west__eth0=[respond(5, 9, 1)]))
    assert (found.result, found.rtt_ns) == ("answered", None) and "other points" in found.detail


@pytest.mark.parametrize(("after_ms", "kind"), [(5_000, "retry"), (5_333, "retry"), (7_000, "first")])
def test_an_initiation_about_five_seconds_behind_an_unanswered_one_is_its_retry(after_ms, kind):
    assert kinds(talk(east__eth0=[begin(0, 1), begin(after_ms, 2)]))[1] == (
        kind,
        2 if kind == "retry" else 1,
        "unanswered",
    )


def test_retries_are_counted_and_an_answered_one_ends_them():
    found = talk(east__eth0=[begin(0, 1), begin(5_100, 2), begin(10_200, 3), respond(10_201, 9, 3), begin(15_000, 4)])
    assert kinds(found)[:3] == [("first", 1, "unanswered"), ("retry", 2, "unanswered"), ("retry", 3, "answered")]
    assert kinds(found)[3][:2] == ("first", 1)


def test_initiations_of_the_other_side_are_no_retries():
    assert [one[0] for one in kinds(talk(east__eth0=[begin(0, 1), begin(5_000, 2, src=WEST, dst=EAST)]))] == [
        "first"
    ] * 2


@pytest.mark.parametrize(("last_data_ms", "kind"), [(119_000, "rekey"), (1_000, "first")])
def test_a_handshake_of_a_session_in_use_is_a_rekey(last_data_ms, kind):
    frames = [begin(0, 1), respond(1, 9, 1), data(2, 0, index=9), data(last_data_ms, 1, index=9)]
    assert kinds(talk(east__eth0=[*frames, begin(200_000, 2), respond(200_001, 8, 2)]))[1][0] == kind


def test_a_cookie_is_an_answer_of_its_own_kind():
    cookie = datagram(1, wireguard_handshake(kind=3, first=1), WEST, EAST)
    (found,) = shakes(talk(east__eth0=[begin(0, 1), cookie]))
    assert found.result == "unanswered" and "cookie" in found.detail


def test_an_initiation_at_the_very_end_is_not_blamed():
    assert "capture ends" in shakes(talk(east__eth0=[begin(0, 1)]))[0].detail
    assert shakes(talk(east__eth0=[begin(0, 1), LATER]))[0].detail == ""


@with_tshark
def test_handshakes_of_real_captures_are_paired_as_tshark_pairs_them(name):
    fields = (
        "wg.type",
        "wg.sender",
        "wg.receiver",
        "ip.src",
        "ip.dst",
        "wg.response_to",
        "frame.time_epoch",
        "frame.number",
    )
    asked = [word for field in fields for word in ("-e", field)]
    told = subprocess.run(
        ["tshark", "-r", str(REAL / name), "-Y", "wg.type in {1, 2}", "-T", "fields", *asked],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = [dict(zip(fields, line.split("\t"), strict=True)) for line in told.stdout.splitlines()]
    answers = {line["wg.response_to"]: line for line in lines if line["wg.type"] == "2"}
    wanted = []
    for line in (line for line in lines if line["wg.type"] == "1"):
        answer = answers.get(line["frame.number"])
        trip = None
        if answer:
            begun, ended = (one["frame.time_epoch"].replace(".", "") for one in (line, answer))
            trip = int(ended) - int(begun)
        wanted.append((line["wg.sender"], answer and answer["wg.sender"], line["ip.src"], line["ip.dst"], trip))
    found = [
        (one["sender_index"], one["receiver_index"], one["initiator"], one["responder"], one["rtt_ns"])
        for pair in open_session([REAL / name]).analysis.encryption.to_json()["pairs"]
        for one in pair["handshakes"]
    ]
    assert found == wanted
