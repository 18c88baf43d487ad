"""What lies on a node, and what is old enough to go."""

from __future__ import annotations

import json
import os
import time

from captools.agent import listing, places


def leave(base, capture, stopped_ns):
    """Leave what a dead keeper leaves."""
    folder, path = places.create(capture, str(base))
    os.close(folder)
    state = {"points": [], "stopped_ns": stopped_ns, "linger_s": 3600.0}
    with open(os.path.join(path, "state.json"), "w") as file:
        json.dump({"state": state, "words": {"of": capture}, "segments": []}, file)


def test_what_dead_keepers_left_is_listed_and_removed_when_it_is_older_than_its_linger(tmp_path):
    leave(tmp_path, "old", time.time_ns() - 3700 * 10**9)
    leave(tmp_path, "new", time.time_ns() - 3500 * 10**9)
    found = listing.captures([str(tmp_path)])
    here = {one["capture"]: one for one in found["captures"] if one["dir"].startswith(str(tmp_path))}
    assert set(here) == {"new"} and here["new"]["words"] == {"of": "new"} and here["new"]["keeper"] == "dead"
    assert "old" in found["removed"] and not list(tmp_path.glob("captools-*/old"))


def test_a_folder_that_is_not_safe_is_said_and_not_read(tmp_path):
    (tmp_path / f"captools-{os.geteuid()}").mkdir(mode=0o755)
    assert str(tmp_path) in " ".join(listing.captures([str(tmp_path)])["refused"])
