"""Bytes on their way to one thread."""

from __future__ import annotations

import threading

from captools.collect.live.queued import Queued


def test_each_points_bytes_come_out_whole_and_in_order():
    queued = Queued()
    for key, data in ((1, b"a"), (0, b"x"), (1, b"b")):
        queued.put(key, data)
    assert queued.take(0) == {1: b"ab", 0: b"x"} and queued.take(0) == {}


def test_whoever_puts_too_much_waits_until_it_is_taken():
    queued, done = Queued(most_bytes=4), threading.Event()

    def put() -> None:
        for number in range(100):
            queued.put(0, b"%03d," % number)
        queued.end()
        done.set()

    threading.Thread(target=put, daemon=True).start()
    assert not done.wait(0.05)
    taken = b""
    while not queued.ended:
        piece = queued.take(1.0).get(0, b"")
        assert len(piece) <= 4
        taken += piece
    assert taken == b"".join(b"%03d," % number for number in range(100))


def test_once_refused_nobody_waits_and_nothing_is_kept():
    queued, done = Queued(most_bytes=1), threading.Event()
    queued.put(0, b"full")
    threading.Thread(target=lambda: (queued.put(0, b"waits"), done.set()), daemon=True).start()
    assert not done.wait(0.05)
    queued.refuse()
    assert done.wait(5) and queued.ended and queued.take(0) == {}
    queued.put(0, b"x" * 9)
    assert queued.take(0) == {}


def test_who_cannot_wait_for_ever_is_told_that_there_was_no_room():
    queued = Queued(most_bytes=1)
    assert queued.put(0, b"full", 0.01) and not queued.put(0, b"more", 0.01)
    assert queued.take(0) == {0: b"full"} and queued.put(0, b"more", 0.01)


def test_after_the_end_what_lies_there_still_comes():
    queued = Queued()
    queued.put(3, b"last")
    queued.end()
    assert not queued.ended
    assert queued.take(0) == {3: b"last"} and queued.ended
