"""Columns worked out from others."""

from __future__ import annotations

import pytest

from captools.views.filter.derived import DERIVED
from captools.views.filter.rows import Rows
from captools.views.filter.tables import Tables


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("+relative", [at * 100_000_000 for at in range(9)] + [0]),
        ("+delta", [0] + [100_000_000] * 8 + [0]),
        ("+eth_type", [0x800, 0x800, 0x806, 0x800, 0x800, 0x8100, 0x800, 0x800, 0x800, 0x800]),
        ("+outer_eth_type", [None, 0x800] + [None] * 8),
        ("+outer_proto", [None, 17] + [None] * 8),
        ("+outer_version", [None, 4] + [None] * 8),
        ("+quoted_version", [None] * 3 + [4] + [None] * 6),
        ("+udp_length", [None, None, None, None, None, 8, 56, None, None, None]),
        ("+pkttype", [None] * 9 + [4]),
        ("+node", ["k8s-w1"] * 9 + ["router"]),
        ("+identity", [None, 45966] + [None] * 8),
        ("+sack", [None] * 10),
        ("+vxlan_gbp", [None, 0] + [None] * 8),
        ("+nd_solicited", [None] * 10),
        ("+nd_advertised", [None] * 10),
    ],
)
def test_each_is_what_the_frames_say(rows: Rows, name: str, values: list[object]) -> None:
    found = DERIVED[name](rows).to_pylist()
    asked = [at for at, value in enumerate(values) if value is not None]
    assert len(found) == 10 and [found[at] for at in asked] == [values[at] for at in asked]
    if name != "+udp_length":  # of other protocols it is the business of the field's own layer
        assert [at for at, value in enumerate(found) if value is not None] == asked


def test_sack_edges_are_text() -> None:
    import pyarrow as pa

    from captools.model.packets import PACKETS

    table = pa.Table.from_pylist([{"sack": [1, 9]}, {"sack": None}], schema=PACKETS)
    assert DERIVED["+sack"](Rows(Tables(packets=table))).to_pylist() == ["1 9", None]
