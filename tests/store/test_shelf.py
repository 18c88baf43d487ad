"""A kept file comes back whole, or counts as not there."""

from __future__ import annotations

import pytest

from captools.store.shelf import FolderShelf


def test_what_was_kept_comes_back(tmp_path):
    FolderShelf(tmp_path).write("one", b"some bytes")
    assert FolderShelf(tmp_path).read("one") == b"some bytes"
    assert [one.name for one in tmp_path.iterdir()] == ["one"]


def test_what_is_kept_again_replaces_it(tmp_path):
    shelf = FolderShelf(tmp_path)
    for data in (b"some bytes", b"others"):
        shelf.write("one", data)
    assert shelf.read("one") == b"others"


def test_what_was_never_kept_is_not_there(tmp_path):
    assert FolderShelf(tmp_path).read("one") is None


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[:-1] + b"\0",
                                    lambda data: b"\0" + data[1:]])  # fmt: skip
def test_a_damaged_file_counts_as_not_there(tmp_path, damage):
    shelf = FolderShelf(tmp_path)
    shelf.write("one", b"some bytes")
    (tmp_path / "one").write_bytes(damage((tmp_path / "one").read_bytes()))
    assert shelf.read("one") is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    shelf = FolderShelf(tmp_path / "nowhere")
    shelf.write("one", b"some bytes")
    assert shelf.read("one") is None
