"""A key changes with the file and with how it is read, and with nothing else."""

from __future__ import annotations

import os

from captools.store.cache.key import decoder, key_of


def test_a_changed_file_has_another_key(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(bytes(3_000_000))
    os.utime(path, ns=(1, 1))
    first = key_of(path, (8472,))
    assert first == key_of(path, (8472,)) and len(first) == 32
    with path.open("r+b") as file:
        file.seek(2_999_999)
        file.write(b"x")
    assert key_of(path, (8472,)) != first  # same size; the time of change tells


def test_a_copy_is_another_file_and_ports_count_in_any_order(tmp_path):
    path, copy = tmp_path / "a", tmp_path / "b"
    for one in (path, copy):
        one.write_bytes(b"short")
    assert key_of(path, (1,)) != key_of(copy, (1,))
    assert key_of(path, (1, 2)) == key_of(path, (2, 1)) != key_of(path, (1,))


def test_sampled_bytes_tell_what_times_do_not(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(bytes(1 << 20))
    real = os.fstat(os.open(path, os.O_RDONLY))
    monkeypatch.setattr(os, "fstat", lambda descriptor: real)  # a file system without useful times
    before = key_of(path, ())
    with path.open("r+b") as file:
        file.seek((1 << 20) // 2)
        file.write(b"changed")
    assert key_of(path, ()) != before


def test_the_decoder_has_a_name():
    assert len(decoder()) == 64
