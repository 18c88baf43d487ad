"""Reading session.json: there, not there, or damaged."""

from __future__ import annotations

import pytest

from captools.model.errors import MalformedCapture
from captools.store.session import read_manifest
from captures import cases
from tests.small_session import ROUTER, W1, write_session


def test_a_session_tells_its_points_and_what_the_tools_said(tmp_path):
    manifest = read_manifest(write_session(tmp_path))
    assert manifest is not None and manifest.complete
    assert [one.file for one in manifest.points] == [W1, ROUTER]
    assert (manifest.points[0].counts.received, manifest.points[0].counts.dropped) == (4, 1)
    assert manifest.nodes[2].error == "no answer"


def test_a_folder_without_one_has_none(tmp_path):
    assert read_manifest(tmp_path) is None


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "cannot be read"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a captools session manifest"),
        (b'{"schema": 1, "id": 5}', "damaged session manifest: id is 5"),
    ],
    ids=["empty", "cut", "not-text", "deep", "list", "wrong-value"],
)
def test_a_damaged_one_is_one_sentence_that_names_it(tmp_path, content, found):
    (tmp_path / "session.json").write_bytes(content)
    with pytest.raises(MalformedCapture) as caught:
        read_manifest(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/session.json: ") and found in str(caught.value)


def test_a_folder_in_its_place_is_one_sentence(tmp_path):
    (tmp_path / "session.json").mkdir()
    with pytest.raises(MalformedCapture, match="cannot be read"):
        read_manifest(tmp_path)


def test_every_reference_case_has_a_readable_manifest():
    for one in cases():
        manifest = read_manifest(one.folder)
        assert manifest is not None and manifest.complete and manifest.points
