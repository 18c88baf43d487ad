"""The normalised schemas and the wide one speak of the same columns."""

from __future__ import annotations

from captools.model.narrow import LANES, MESSAGE_TABLES, NARROW, SIDE_TABLES
from captools.model.packets import PACKETS


def test_every_wide_column_comes_from_exactly_one_table():
    derived = {"source", "point", "frame", "dscp", "ecn", "dont_fragment"}  # of the name, the row, tos and present
    own = {"offset", "lane", "tos", "present", "interface", "row"}
    tables = [NARROW, LANES, *(SIDE_TABLES[name] for name in SIDE_TABLES if name not in MESSAGE_TABLES)]
    names = [name for schema in tables for name in schema.names if name not in own]
    assert sorted(names) == sorted(set(names))
    assert set(names) | derived == set(PACKETS.names) and not set(names) & derived


def test_a_column_has_one_type_everywhere():
    for schema in (NARROW, LANES, *SIDE_TABLES.values()):
        for field in schema:
            if field.name in PACKETS.names:
                assert field.type == PACKETS.field(field.name).type, field.name


def test_a_packet_costs_under_100_bytes():
    assert sum(field.type.bit_width // 8 for field in NARROW) <= 100
