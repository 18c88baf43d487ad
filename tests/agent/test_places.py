"""Where spools lie: folders of our own only, and names that stay inside."""

from __future__ import annotations

import os

import pytest

from captools.agent import places
from captools.agent.places import Refused

HOME = f"captools-{os.geteuid()}"


@pytest.mark.parametrize("capture", ["", ".", "..", ".x", "a/b", "../x", "a b", "ä", "a\n", "x" * 81, None, 7, ["a"]])
def test_a_capture_id_is_never_more_than_a_name(capture):
    with pytest.raises(Refused, match="is no capture id"):
        places.check_id(capture)
    assert places.check_id("2026-11-21T10.00_x-1a2b3c") == "2026-11-21T10.00_x-1a2b3c"


def test_a_spool_is_made_private_found_again_and_taken_away(tmp_path):
    folder, path = places.create("one", str(tmp_path))
    os.close(folder)
    assert path == str(tmp_path / HOME / "one") and (tmp_path / HOME / "one").stat().st_mode & 0o777 == 0o700
    with pytest.raises(Refused, match="exists already") as refused:
        places.create("one", str(tmp_path))
    assert refused.value.code == "exists"
    found, again = places.find("one", str(tmp_path))
    os.close(found)
    assert again == path and ("one", str(tmp_path)) in places.known([str(tmp_path)])[0]
    (tmp_path / HOME / "one" / "file").write_text("x")
    places.take_away("one", str(tmp_path))
    assert not (tmp_path / HOME).exists()
    with pytest.raises(Refused) as refused:
        places.find("one", str(tmp_path))
    assert refused.value.code == "unknown"


def test_a_folder_that_others_may_enter_is_refused(tmp_path):
    (tmp_path / HOME).mkdir(mode=0o755)
    with pytest.raises(Refused, match="others may enter it"):
        places.create("one", str(tmp_path))
    assert places.known([str(tmp_path)])[1] != []


def test_a_link_in_the_place_of_our_folder_is_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (tmp_path / HOME).symlink_to(elsewhere)
    with pytest.raises(Refused, match="no folder for the spool"):
        places.create("one", str(tmp_path))
    assert not list(elsewhere.iterdir())


def test_a_base_where_others_could_replace_our_folder_is_refused(tmp_path):
    base = tmp_path / "open"
    base.mkdir()
    base.chmod(0o777)
    with pytest.raises(Refused, match="others could replace"):
        places.create("one", str(base))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_folder_of_somebody_else_is_refused(tmp_path):
    (tmp_path / HOME).mkdir(mode=0o700)
    os.chown(tmp_path / HOME, 12345, 12345)
    with pytest.raises(Refused, match="belongs to somebody else"):
        places.create("one", str(tmp_path))


def test_what_is_asked_of_a_spool_is_checked():
    assert places.document({"bytes": 5, "full": "drop", "keep_s": None}) == {"bytes": 5, "full": "drop"}
    for wrong in ({"bytes": 0}, {"ring_bytes": "1G"}, {"keep_s": -1}, {"full": "maybe"}, {"bytes": True}):
        with pytest.raises(Refused) as refused:
            places.document(wrong)
        assert refused.value.code == "bad-command"


def test_a_relative_folder_is_refused():
    with pytest.raises(Refused, match="absolute"):
        places.create("one", "here")
