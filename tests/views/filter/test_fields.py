"""The fields: each has a column to be read from, a name that tshark knows, and words for completion."""

from __future__ import annotations

import pytest

from captools.model.packets import DNS, HTTP, PACKETS, TLS
from captools.views.filter.derived import DERIVED
from captools.views.filter.fields import FIELDS, completions
from captools.views.filter.kinds import Kind
from captools.views.filter.layers import PRESENT
from captools.views.filter.payload_values import DERIVED as OF_PAYLOADS
from captools.views.filter.registry import Slot

SCHEMAS = {"http": HTTP, "tls": TLS, "dns": DNS}


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_read_from_columns_that_exist(name):
    field = FIELDS[name]
    for slot, columns in field.places.items():
        assert (field.protocol, slot) in PRESENT
        for column in columns:
            assert column in DERIVED if column.startswith("+") else column in PACKETS.names
    if field.column:
        assert field.column in OF_PAYLOADS or field.column in SCHEMAS[field.table].names
    assert field.sparse != bool(field.places or (field.kind is Kind.LAYER and (name, Slot.INNER) in PRESENT))
    assert not field.sparse or field.table in SCHEMAS
    assert field.description and field.name == name


def test_every_column_of_the_packet_table_has_a_name_of_ours():
    assert {f"captools.{name}" for name in PACKETS.names} <= set(FIELDS)


def test_completion_offers_what_begins_like_the_last_word_in_order():
    assert [one.name for one in completions("tcp.flags.s")] == ["tcp.flags.syn"]
    assert [one.name for one in completions("arp and !(ip.s")] == ["ip.src"]
    assert [one.name for one in completions("vxlan.")] == ["vxlan.flags", "vxlan.gbp", "vxlan.vni"]
    assert len(completions("tcp ")) == len(FIELDS) == len(completions(""))
    assert completions("nothing.like.it") == []
