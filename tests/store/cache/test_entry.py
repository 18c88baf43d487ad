"""What an entry gives back is what the reference decoder says, wherever one begins to read."""

from __future__ import annotations

import pytest

from tests.wire.equality import assert_equal, plain

pytestmark = pytest.mark.slow


def test_the_whole_table_is_the_references(entry, naming, wanted):
    assert len(entry.meta.shards) > 1 and len(entry) == len(wanted)
    assert_equal(plain(entry.table(naming)), wanted)


@pytest.mark.parametrize("first", [0, 1, 65_535, 65_536, 74_000, 149_990, 150_000, 200_000])
def test_a_page_is_a_slice_of_it(entry, naming, wanted, first):
    page = plain(entry.table(naming, first, 300))
    assert_equal(page, wanted.slice(first, 300).combine_chunks())


def test_a_damaged_entry_says_so(entry, naming, tmp_path):
    import shutil

    from captools.store.cache.entry import Entry

    copy = tmp_path / "copy"
    shutil.copytree(entry.folder, copy)
    (copy / "0.packets.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises((ValueError, OSError)):
        Entry(copy).table(naming, 0, 10)
