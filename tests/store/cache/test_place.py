"""Where entries lie: found, written whole or not at all, removed when nobody needs them."""

from __future__ import annotations

import os
import time

from captools.store.cache.meta import Meta
from captools.store.cache.place import META, begin, find, land, prune, roots


def write(folder, path="/some.pcap"):
    meta = Meta(path=path, packets=0, first_ns=None, last_ns=None, damage="", interfaces=(), shards=())
    (folder / META).write_text(meta.to_text(), "utf-8")


def test_a_sessions_entries_lie_in_it_and_others_in_the_users_cache(tmp_path):
    places = roots(tmp_path / "s", {"XDG_CACHE_HOME": "/c", "HOME": "/h"})
    assert [str(one) for one in places] == [str(tmp_path / "s/.cache"), "/c/captools/tables"]
    assert [str(one) for one in roots(None, {"HOME": "/h"})] == ["/h/.cache/captools/tables"]


def test_an_entry_is_there_only_when_it_is_whole(tmp_path):
    folder = begin([tmp_path])
    assert folder.stat().st_mode & 0o777 == 0o700
    assert find([tmp_path], "key") is None
    write(folder)
    assert land(folder, "key") == tmp_path / "key" == find([tmp_path], "key")
    assert not folder.exists()


def test_of_two_writers_the_first_one_wins_and_half_an_entry_loses(tmp_path):
    first, second = begin([tmp_path]), begin([tmp_path])
    write(first, "/first")
    write(second, "/second")
    land(first, "key")
    assert "/first" in (land(second, "key") / META).read_text() and not second.exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "0.packets.parquet").write_bytes(b"half")
    third = begin([tmp_path])
    write(third, "/third")
    assert "/third" in (land(third, "other") / META).read_text()


def test_a_place_that_cannot_be_written_is_passed_over(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    assert begin([blocked / "cache", tmp_path / "good"]).parent == tmp_path / "good"
    last = begin([blocked / "cache"])  # a temporary folder
    assert last.is_dir() and tmp_path not in last.parents


def test_earlier_states_of_the_file_go_and_so_does_what_nobody_uses(tmp_path):
    for key, path in (("old", "/a.pcap"), ("new", "/a.pcap"), ("other", "/b.pcap"), ("stale", "/c.pcap")):
        folder = begin([tmp_path])
        write(folder, path)
        land(folder, key)
    long_ago = time.time() - 31 * 86_400
    os.utime(tmp_path / "stale", (long_ago, long_ago))
    crashed, running = begin([tmp_path]), begin([tmp_path])
    os.utime(crashed, (time.time() - 90_000,) * 2)
    prune(tmp_path, "new", "/a.pcap")
    assert {one.name for one in tmp_path.iterdir()} == {"new", "other", running.name}


def test_a_link_is_not_an_entry(tmp_path):
    folder = begin([tmp_path / "elsewhere"])
    write(folder)
    (tmp_path / "key").symlink_to(folder)
    assert find([tmp_path], "key") is None
    prune(tmp_path, "none", "/some.pcap")
    assert (folder / META).is_file()
