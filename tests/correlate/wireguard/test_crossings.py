"""Crossings: the same datagram at two cards, exactly; what was lost between them, and how long the others took."""

from __future__ import annotations

import pytest

from captools.model.wireguard import Crossing
from captures.build import wireguard_data
from tests.correlate.material import LEAK, S13, material
from tests.correlate.sealed_talk import EAST, WEST, Frames, Talk, carried, data, datagram, ping, talk

EARLY, LATE = (carried(ping(9, src=EAST, dst=WEST), ms) for ms in (-3_000, 9_000))


def only(found: Talk, clocks: tuple[int, int] | None = (0, 1_000)) -> Crossing:
    (one,) = [one for pair in found.encryption(clocks=clocks).pairs for one in pair.crossings]
    return one


def sent(*counters: int, after: float = 0.0, ttl: int = 64) -> Frames:
    return [data(counter * 10 + after, counter, ttl=ttl) for counter in counters]


def test_datagrams_are_matched_by_index_and_counter_whatever_their_order():
    found = only(talk(east__eth0=sent(0, 1, 2), west__eth0=[*sent(1, after=2), *sent(0, after=15), *sent(2, after=3)]))
    assert (found.matched, found.missing, found.unsent) == (3, 0, 0)
    assert (found.delay_min_ns, found.delay_median_ns, found.delay_max_ns) == (2_000_000, 3_000_000, 15_000_000)
    assert (found.sender, found.receiver, found.sender_points, found.receiver_points) == (
        "east", "west", ("east/eth0",), ("west/eth0",),
    )  # fmt: skip


def test_the_same_counter_of_another_session_is_another_datagram():
    other = [data(5, 0, index=8)]
    assert only(talk(east__eth0=sent(0), west__eth0=[*other, *sent(0, after=1)])).delay_median_ns == 1_000_000


def test_delays_take_the_clocks_into_account_and_tell_their_error():
    found = only(talk(east__eth0=sent(0), west__eth0=sent(0, after=7)), clocks=(5_000_000, 250))
    assert (found.delay_median_ns, found.delay_error_ns) == (2_000_000, 250)


def test_clocks_that_cannot_be_compared_give_no_delay_but_losses_all_the_same():
    found = only(talk(east__eth0=sent(0, 1, 2), west__eth0=sent(0, 2)), clocks=None)
    assert (found.delay_median_ns, found.delay_error_ns, found.matched, found.missing) == (None, None, 2, 1)


def test_what_never_came_is_missing_and_was_seen_last_where_its_ttl_was_lowest():
    found = only(
        talk(
            east__eth0=sent(0, 1, 2, 3),
            router__eth1=[*sent(0, 1, 3, after=0.1), *sent(0, 1, 3, after=0.2, ttl=63)],
            west__eth0=sent(0, 3, after=0.3, ttl=63),
        )
    )
    assert (found.matched, found.missing, found.last_seen) == (2, 2, {"east/eth0": 1, "router/eth1": 1})


def test_what_the_senders_capture_lacks_is_told_apart_from_losses():
    found = only(talk(east__eth0=sent(0, 2), west__eth0=sent(0, 1, 2, after=1)))
    assert (found.matched, found.missing, found.unsent) == (2, 0, 1)


@pytest.mark.parametrize(("listening", "missing"), [([EARLY, LATE], 2), ([], 0)])
def test_the_last_ones_are_missing_only_if_the_receiver_was_still_listening(listening, missing):
    found = only(talk(east__eth0=sent(0, 1, 2), west__eth0=[*sent(0, after=1), *listening]))
    assert (found.matched, found.missing, found.unjudged) == (1, missing, 2 - missing)


def test_messages_of_one_frame_are_matched_one_by_one():
    frame = datagram(0, b"".join(wireguard_data(receiver=7, counter=step, sealed=112) for step in range(3)))
    found = only(talk(east__eth0=[frame], west__eth0=sent(0, 2)))
    assert (found.matched, found.missing) == (2, 1)


def test_one_card_alone_makes_no_crossing():
    assert not [one for pair in talk(east__eth0=sent(0, 1)).encryption().pairs for one in pair.crossings]


@pytest.mark.parametrize("name", [S13, LEAK])
def test_the_lab_loses_nothing_between_cards_and_its_delays_are_within_their_bounds(name):
    pairs = material(name).analysed().encryption.pairs
    found = [one for pair in pairs for one in pair.crossings]
    assert sum(one.matched for one in found) == sum(pair.wireguard_packets for pair in pairs)
    for one in found:
        assert (one.missing, one.unsent) == (0, 0)
        # The nodes of the lab share one clock, and veth pairs and a bridge take microseconds.
        assert -one.delay_error_ns <= one.delay_min_ns <= one.delay_max_ns < 1_000_000
