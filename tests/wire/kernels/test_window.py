"""The buffer of what is not decoded yet."""

from __future__ import annotations

from captools.wire.kernels.window import PAD, Window


def put(window: Window, data: bytes) -> None:
    while data:
        space = window.space()
        piece, data = data[: len(space)], data[len(space) :]
        space[: len(piece)] = piece
        window.add(len(piece))


def test_what_is_left_moves_to_the_front_and_the_file_offset_with_it():
    window = Window(100, 8, b"head")
    put(window, b"0123456789")
    window.drop(6)
    assert (window.data[: window.have].tobytes(), window.before) == (b"23456789", 106)


def test_it_grows_with_the_largest_record_and_keeps_room_behind_the_data():
    window = Window(0, 1)
    put(window, bytes(range(256)) * 40)
    assert window.data[: window.have].tobytes() == bytes(range(256)) * 40
    assert window.have + PAD <= len(window.data) < 40_000


def test_behind_the_end_bytes_are_let_go():
    window = Window(0, 64)
    put(window, b"abc")
    window.ended = True
    for _ in range(100):
        put(window, b"x" * 100)
    assert (window.have, len(window.data)) == (3, 64 + PAD)
