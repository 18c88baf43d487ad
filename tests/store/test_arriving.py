"""A file whose bytes arrive in segments."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from captools.store.arriving import ArrivingFile, Unkept

PIECES = st.lists(st.tuples(st.sampled_from(["write", "mark", "rewind", "cut"]), st.binary(max_size=40)), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=PIECES)
def test_hashes_and_length_are_those_of_the_file_after_any_steps(tmp_path, steps):
    path = tmp_path / "f"
    path.unlink(missing_ok=True)
    file, model, mark = ArrivingFile(path), b"", 0
    for step, data in steps:
        if step == "write":
            file.write(data)
            model += data
        elif step == "mark":
            file.mark()
            mark = len(model)
        else:
            length = mark if step == "rewind" else max(mark, len(model) - len(data))
            file.rewind(None if step == "rewind" else length)
            model = model[:length]
    assert path.read_bytes() == model and (file.bytes, file.marked) == (len(model), mark)
    assert file.sha256 == hashlib.sha256(model).hexdigest()
    assert file.since_mark == hashlib.sha256(model[mark:]).hexdigest()
    assert file.digest(1, len(model)) == hashlib.sha256(model[1:]).hexdigest()
    file.sync()
    file.close()


def test_a_file_taken_up_counts_what_was_read_of_it_and_loses_the_rest(tmp_path):
    (tmp_path / "f").write_bytes(b"0123456789")
    file = ArrivingFile.again(tmp_path / "f")
    assert file.bytes == 0 and b"".join(file.read_on(6)) == b"012345"
    file.mark()
    file.rewind()
    file.write(b"abc")
    file.close()
    assert (tmp_path / "f").read_bytes() == b"012345abc"
    assert file.sha256 == hashlib.sha256(b"012345abc").hexdigest()


def test_a_file_shorter_than_it_should_be_gives_what_it_has(tmp_path):
    (tmp_path / "f").write_bytes(b"012")
    file = ArrivingFile.again(tmp_path / "f")
    assert b"".join(file.read_on(10)) == b"012" and file.bytes == 3
    file.close()


def test_a_planted_link_is_not_taken_up(tmp_path):
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "f").symlink_to(tmp_path / "real")
    with pytest.raises(OSError):
        ArrivingFile.again(tmp_path / "f")


def test_bytes_that_only_pass_by_are_counted_and_hashed():
    passing = Unkept()
    passing.write(b"abc")
    assert passing.bytes == 3 and passing.since_mark == hashlib.sha256(b"abc").hexdigest()
    passing.mark()
    passing.write(b"d")
    assert (passing.marked, passing.since_mark) == (3, hashlib.sha256(b"d").hexdigest())
    passing.rewind()
    assert passing.digest(0, 4) == "" and passing.marked == 4
