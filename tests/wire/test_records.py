"""The index of a capture file."""

from __future__ import annotations

from captools.wire.records import Interface, empty


def test_an_empty_index_keeps_what_is_known_of_the_file():
    one = empty((Interface(linktype=1, snaplen=96, name="eth1"),), "cut after its header")
    assert len(one) == 0 and one.offset.dtype.kind == "i"
    assert (one.interfaces[0].name, one.damage) == ("eth1", "cut after its header")
