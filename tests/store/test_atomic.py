"""Whole or not at all, and never in the place of a device."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from captools.model.errors import UsageError
from captools.store.atomic import replacing, write_text


def test_the_text_is_there_and_nothing_else(tmp_path):
    write_text(tmp_path / "report.md", "Grüße\n")
    assert (tmp_path / "report.md").read_bytes() == "Grüße\n".encode()
    assert os.listdir(tmp_path) == ["report.md"]


def test_the_file_follows_the_users_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "report.md", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "report.md").stat().st_mode) == 0o640


def test_when_writing_fails_the_old_file_stays_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "report.md"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as place:
        place.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["report.md"]


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "latest.md"
    link.symlink_to(tmp_path / "real" / "report.md")
    write_text(link, "x")
    assert link.is_symlink() and (tmp_path / "real" / "report.md").read_text() == "x"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_text()))
    reader.start()
    write_text(fifo, "through the pipe")
    reader.join(timeout=10)
    assert read == ["through the pipe"] and stat.S_ISFIFO(fifo.stat().st_mode)


@pytest.mark.parametrize("name", ["missing/report.md", "."])
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path, name):
    with pytest.raises(UsageError, match=r"cannot be written \(.+\); choose another place with -o") as caught:
        write_text(tmp_path / name, "x")
    assert str(tmp_path) in str(caught.value) and os.listdir(tmp_path) == []


def test_bytes_of_odd_file_names_come_out_escaped(tmp_path):
    write_text(tmp_path / "report.md", "name \udcff end")
    assert (tmp_path / "report.md").read_text() == "name \\udcff end"
