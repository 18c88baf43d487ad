"""The way in: the text of a log, its packet table and HTTP heads out."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from captools.model.session import ToolCounts
from captools.wire.text.ngrep import read_ngrep
from captools.wire.text.recognise import LogKind, recognise
from captools.wire.text.table import http_table, packet_table
from captools.wire.text.tcpdump import read_tcpdump

_READERS = {LogKind.TCPDUMP: read_tcpdump, LogKind.NGREP: read_ngrep}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLog:
    """A text log as tables (schemas PACKETS and HTTP), one row per packet in the order of the log.

    ``kind`` is the tool (empty where the text is no log), ``lines`` the line on which each packet begins, ``match``
    ngrep's payload filter. ``dated``: the times say which day it was.
    """

    packets: pa.Table
    http: pa.Table
    counts: ToolCounts
    kind: str
    warnings: tuple[str, ...]
    linktype: int | None
    lines: tuple[int, ...] = ()
    match: str = ""
    dated: bool = False


def read_text_log(text: str, source: str, point: str) -> TextLog:
    """Read the text of tcpdump or ngrep. ``frame`` is the 1-based number of a packet in the log; nothing raises.

    Lines of ``tcpdump -i any`` have a point of their own: the node of ``point`` and the interface they name.
    """
    kind = recognise(text)
    if kind is None:
        return TextLog(packets=packet_table([], source), http=http_table([], [], source), counts=ToolCounts(), kind="",
                       warnings=("it is neither tcpdump's nor ngrep's text",), linktype=None)  # fmt: skip
    found = _READERS[kind](text, point)
    return TextLog(
        packets=packet_table(found.rows, source),
        http=http_table(found.heads, found.rows, source),
        counts=found.counts,
        kind=kind.value,
        warnings=tuple(found.warnings),
        linktype=found.linktype,
        lines=tuple(found.lines),
        match=found.match,
        dated=found.dated,
    )
