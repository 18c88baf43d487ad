"""Writing a session folder."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pytest

from captools.model.errors import UsageError
from captools.model.session import Manifest, manifest_from_json
from captools.store.writer import CaptureFile, SessionWriter, inventory_name, replace_file

MANIFEST = Manifest(id="s", captools="0", started="2026-01-01T00:00:00.000000000Z")


def test_a_file_is_private_hashed_and_never_overwrites(tmp_path):
    old = os.umask(0)
    try:
        with CaptureFile(tmp_path / "f") as file:
            file.write(b"abc")
            file.write(b"def")
    finally:
        os.umask(old)
    assert (tmp_path / "f").read_bytes() == b"abcdef" and (tmp_path / "f").stat().st_mode & 0o777 == 0o600
    assert file.sha256 == hashlib.sha256(b"abcdef").hexdigest() and file.bytes == 6
    with pytest.raises(FileExistsError):
        CaptureFile(tmp_path / "f")


def test_a_planted_link_is_not_followed(tmp_path):
    (tmp_path / "f").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        CaptureFile(tmp_path / "f")
    assert not (tmp_path / "elsewhere").exists()


def test_bytes_are_there_for_others_before_the_file_is_closed(tmp_path):
    file = CaptureFile(tmp_path / "f")
    file.write(b"kept")
    assert (tmp_path / "f").read_bytes() == b"kept"
    file.close()


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    mode = tmp_path.stat().st_mode
    with pytest.raises(UsageError, match="not empty"):
        SessionWriter.create(tmp_path)
    assert tmp_path.stat().st_mode == mode


def test_sessions_of_the_same_second_get_numbers(tmp_path):
    folders = [SessionWriter.create_under(tmp_path / "new", "20260101T000000Z").folder.name for _ in range(3)]
    assert folders == ["20260101T000000Z", "20260101T000000Z-2", "20260101T000000Z-3"]
    assert (tmp_path / "new" / folders[0]).stat().st_mode & 0o777 == 0o700


def test_a_place_that_cannot_be_made_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="cannot be made"):
        SessionWriter.create(tmp_path / "file" / "s")


def test_the_manifest_is_replaced_whole_and_reads_back(tmp_path):
    writer = SessionWriter.create(tmp_path / "s")
    writer.save(MANIFEST)
    before = os.open(tmp_path / "s/session.json", os.O_RDONLY)
    writer.save(Manifest(id="s", captools="0", started=MANIFEST.started, complete=True))
    # Whoever had the old one open still reads it whole: it was replaced, not rewritten.
    assert json.loads(os.read(before, 1 << 16))["complete"] is False
    os.close(before)
    document = json.loads((tmp_path / "s/session.json").read_text())
    assert manifest_from_json(document, "here").complete is True
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == ["session.json"]


def test_a_rest_of_a_crash_does_not_stop_the_next_manifest(tmp_path):
    writer = SessionWriter.create(tmp_path / "s")
    (tmp_path / "s/.session.json.new").write_text("{half")
    writer.save(MANIFEST)
    assert json.loads((tmp_path / "s/session.json").read_text())["id"] == "s"


def test_inventory_texts_keep_their_bytes_and_never_replace_one_another(tmp_path):
    writer = SessionWriter.create(tmp_path / "s")
    name = inventory_name("../w1\n", "ip-link.json")
    for text in ("[1]", b"\xff".decode("utf-8", "surrogateescape")):
        writer.write_inventory(name, text)
    found = sorted(path.name for path in (tmp_path / "s/inventory").iterdir())
    assert found == ["_w1__ip-link-2.json", "_w1__ip-link.json"]
    assert (tmp_path / "s/inventory" / found[0]).read_bytes() == b"\xff"


def test_discard_removes_what_the_writer_made_and_nothing_else(tmp_path):
    writer = SessionWriter.create(tmp_path / "s")
    writer.save(MANIFEST)
    writer.write_inventory("a.json", "[]")
    writer.discard()
    assert not (tmp_path / "s").exists()
    second = SessionWriter.create(tmp_path / "t")
    (tmp_path / "t/users.txt").write_text("x")
    second.discard()
    assert (tmp_path / "t/users.txt").exists()


@pytest.mark.lab
def test_on_a_full_disk_the_file_before_stays_and_nothing_beside_it(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small disk")
    script = (
        "import errno, os, sys; from pathlib import Path; from captools.store.writer import replace_file\n"
        "path = Path(sys.argv[1]) / 'session.json'; replace_file(path, b'before')\n"
        "try: replace_file(path, bytes(1 << 20))\n"
        "except OSError as error: assert error.errno == errno.ENOSPC; print(path.read_bytes(), os.listdir(sys.argv[1]))"
    )
    shell = 'mount -t tmpfs -o size=128k tmpfs "$1" && exec "$0" -c "$2" "$1"'
    argv = ["unshare", "--mount", "sh", "-c", shell, sys.executable, str(tmp_path), script]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "b'before' ['session.json']\n"


def test_a_file_is_replaced_whole_whatever_was_left_of_the_last_time(tmp_path):
    (tmp_path / ".f.new").write_text("half")
    replace_file(tmp_path / "f", b"one")
    replace_file(tmp_path / "f", b"two")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("f", b"two")]
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600
