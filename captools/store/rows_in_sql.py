"""The packet table of all sources for SQL: in memory where all are small, else over the cache's files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from captools.store.cache.relation import relation
from captools.store.large import LargeCapture
from captools.store.load import Opened
from captools.store.sql import View
from captools.views.frame import packets_table


def packets(opened: Opened) -> pa.Table | View:
    """Return the packet table of ``opened`` as SQL sees it."""
    if not any(isinstance(one.rows, LargeCapture) for one in opened.loaded):
        return packets_table(opened.packets())
    selects: list[str] = []
    folders: list[Path] = []
    beside: dict[str, pa.Table] = {}
    for number, one in enumerate(opened.loaded):
        if not len(one.rows):
            continue
        if isinstance(one.rows, LargeCapture):
            view = relation(one.rows.entry, one.naming, f"part{number}")
            selects.append(view.select)
            folders += view.folders
            beside |= view.beside
        else:
            name = f"part{number}"
            beside[name] = packets_table(one.rows.table(one.naming))
            selects.append(f"SELECT * FROM {name}")
    return View(" UNION ALL BY NAME ".join(f"({select})" for select in selects), tuple(folders), beside)
