"""Text in, rows out, with addresses as people read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from captools.model.addresses import mac_text, to_text
from captools.model.packets import ADDRESS, MAC, PACKETS
from captools.wire.text.read import TextLog, read_text_log

Row = dict[str, Any]


def spoken(log: TextLog) -> list[Row]:
    """Return the rows of a log without their nulls."""
    rows = []
    for row in log.packets.to_pylist():
        for field in PACKETS:
            value = row[field.name]
            if value is not None and field.type in (ADDRESS, MAC):
                row[field.name] = to_text(value) if field.type == ADDRESS else mac_text(value)
        rows.append({name: value for name, value in row.items() if value is not None})
    return rows


@pytest.fixture
def rows_of() -> Callable[..., list[Row]]:
    """Rows of a text log captured at ``router/any``."""
    return lambda text: spoken(read_text_log(text, "log.txt", "router/any"))


@pytest.fixture
def row_of(rows_of: Callable[..., list[Row]]) -> Callable[..., Row]:
    """The only row of a text log; a line without a time gets one."""

    def read(text: str) -> Row:
        (row,) = rows_of(text if text[:1].isdigit() and text[2] == ":" else f"02:57:08.004967 {text}")
        return row

    return read
