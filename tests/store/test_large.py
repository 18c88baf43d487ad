"""A large capture: read once, found again, and made anew when its file or its tables change."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from captools.model.errors import MalformedCapture
from captools.store.capture import Reading
from captures.generate import generate
from tests.wire.equality import assert_equal, naming_of, plain, reference

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data() -> bytes:
    return b"".join(generate(packets=3_000, seed=4))


@pytest.fixture
def path(tmp_path, data, own_cache) -> Path:
    path = tmp_path / "a.pcap"
    path.write_bytes(data)
    return path


def opened(path: Path, session: Path | None = None, ports: tuple[int, ...] = (8472, 4789)):
    from captools.store.large import LargeCapture

    seen: list[int] = []
    capture = LargeCapture(path, session, Reading(ports, tick=lambda of, count, size: seen.append(count)))
    return capture, sum(seen)


def test_the_second_time_nothing_is_read(path, data):
    first, read = opened(path)
    assert read == len(data) - 24
    again, read = opened(path)
    assert read == 0 and again.entry.folder == first.entry.folder
    assert_equal(plain(again.table(naming_of(1))), reference(data))


def test_a_sessions_entry_lies_in_its_folder(path, tmp_path):
    capture, _ = opened(path, tmp_path)
    assert capture.entry.folder.parent == tmp_path / ".cache"
    assert not (tmp_path / "xdg/captools/tables").exists()


def test_a_file_that_changed_is_read_anew_and_its_old_entry_goes(path, data):
    first, _ = opened(path)
    path.write_bytes(data[:-20])
    second, read = opened(path)
    assert read and len(second) == len(first) - 1 and not first.entry.folder.exists()


def test_other_tunnel_ports_are_another_entry(path):
    first, _ = opened(path)
    second, read = opened(path, ports=(8472,))
    assert read and second.entry.folder != first.entry.folder


@pytest.mark.parametrize("damage", ["meta.json", "0.packets.parquet"])
def test_a_damaged_entry_is_made_anew(path, data, damage):
    first, _ = opened(path)
    (first.entry.folder / damage).write_bytes(b"{}")
    again, read = opened(path)
    assert read == len(data) - 24
    assert_equal(plain(again.table(naming_of(1))), reference(data))


def test_an_entry_that_turns_out_damaged_while_it_is_read_is_made_anew(path, data):
    capture, _ = opened(path)
    file = capture.entry.folder / "0.packets.parquet"
    whole = bytearray(file.read_bytes())
    whole[4 : len(whole) // 2] = bytes(len(whole) // 2 - 4)  # the footer is as it was
    file.write_bytes(whole)
    assert_equal(plain(capture.table(naming_of(1))), reference(data))


def test_the_hash_is_the_files_and_is_kept(path, data):
    capture, _ = opened(path)
    assert capture.sha256 == sha256(data).hexdigest()
    assert (capture.entry.folder / "sha256").read_text() == capture.sha256 == opened(path)[0].sha256


def test_the_tables_are_for_their_owner_only(path):
    capture, _ = opened(path)
    assert capture.entry.folder.stat().st_mode & 0o077 == 0


def test_no_room_is_one_sentence(path, monkeypatch):
    from captools.store.cache import ingest

    def full(*_words: object, **_more: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(ingest, "ingest", full)
    with pytest.raises(
        MalformedCapture, match="its decoded tables cannot be written .No space left on device.; they need"
    ):
        opened(path)
