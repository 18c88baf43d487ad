"""WireGuard's values: what JSON readers get where JavaScript's numbers would lose bits."""

from __future__ import annotations

from captools.model.wireguard import Session, index_text


def test_indices_read_as_in_wireshark():
    assert (index_text(0xAE66888), index_text(0), index_text(None)) == ("0x0ae66888", "0x00000000", None)


def test_counters_are_text_because_they_have_64_bits():
    one = Session(
        sender="a", receiver="b", receiver_index=7, sender_index=None, established="", first="", last="", data=1, keepalives=0,
        first_counter=2**63 + 1, last_counter=2**63 + 1,
    ).to_json()  # fmt: skip
    assert (one["first_counter"], one["receiver_index"], one["sender_index"]) == (
        "9223372036854775809",
        "0x00000007",
        None,
    )
