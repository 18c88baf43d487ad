"""What is written of an entry comes back; anything else is refused."""

from __future__ import annotations

import pytest

from captools.store.cache.meta import Meta, Shard, meta_from_text
from captools.wire.records import Interface

META = Meta(
    path="/a.pcap", packets=3, first_ns=1, last_ns=(1 << 63) - 1, damage="cut",
    interfaces=(Interface(linktype=1, snaplen=9, name="lxc\x1b1", dropped=4),),
    shards=(Shard(rows=3, lanes=2, sides={"arp": 1}),),
)  # fmt: skip


def test_it_comes_back():
    assert meta_from_text(META.to_text()) == META


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"path": 1}', META.to_text().replace('"rows"', '"row"')])
def test_anything_else_is_refused(text):
    with pytest.raises((ValueError, TypeError, KeyError)):
        meta_from_text(text)
