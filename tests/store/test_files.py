"""Reading files: packed or not, cut or not, and one sentence where nothing can be read."""

from __future__ import annotations

import gzip
import hashlib
import os
import random

import pyarrow as pa
import pytest

from captools.model.errors import MalformedCapture
from captools.store import files
from captools.store.files import read_file, sha256_of
from captools.store.unpack import GZIP, ZSTD

DATA = random.Random(1).randbytes(300_000)


def zstd(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd], ids=["plain", "gzip", "zstd"])
def test_a_file_gives_the_same_bytes_packed_or_not(tmp_path, pack):
    path = tmp_path / "whatever.name"
    path.write_bytes(pack(DATA))
    assert read_file(path) == (DATA, "")


def test_gzip_members_behind_each_other_are_one_file(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(DATA[:1000]) + gzip.compress(DATA[1000:]))
    assert read_file(path) == (DATA, "")


@pytest.mark.parametrize(("pack", "word"), [(gzip.compress, "gzip"), (zstd, "zstd")])
def test_a_cut_packed_file_keeps_what_came_before_the_cut_and_says_so(tmp_path, pack, word):
    path = tmp_path / "x"
    packed = pack(DATA)
    path.write_bytes(packed[: len(packed) * 3 // 4])
    data, damage = read_file(path)
    assert len(data) > 100_000 and data == DATA[: len(data)]
    assert damage.startswith(f"its {word} data end early") and f"{len(data):,} unpacked bytes" in damage


@pytest.mark.parametrize("head", [GZIP, ZSTD])
def test_a_file_that_only_begins_like_a_packed_one_is_refused(tmp_path, head):
    path = tmp_path / "x.pcap.gz"
    path.write_bytes(head + b"no such thing" * 10)
    with pytest.raises(MalformedCapture) as caught:
        read_file(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(MalformedCapture, match="no such file; check the name"):
        read_file(tmp_path / "gone.pcap")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(MalformedCapture, match="cannot be read"):
        read_file(tmp_path)


def test_a_small_file_cannot_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_IN_MEMORY", 1 << 20)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(4 << 20)))
    with pytest.raises(MalformedCapture, match="unpacks to more than"):
        read_file(path)


def test_the_digest_is_of_the_file_as_it_lies_there(tmp_path):
    path = tmp_path / "x.gz"
    packed = gzip.compress(DATA)
    path.write_bytes(packed)
    assert sha256_of(path) == hashlib.sha256(packed).hexdigest()


def test_a_file_of_another_user_is_one_sentence(tmp_path):
    path = tmp_path / "secret.pcap"
    path.write_bytes(DATA[:10])
    path.chmod(0)
    if os.access(path, os.R_OK):  # root reads everything; then the file is simply read
        assert read_file(path) == (DATA[:10], "")
    else:
        with pytest.raises(MalformedCapture, match="not readable by this user"):
            read_file(path)
