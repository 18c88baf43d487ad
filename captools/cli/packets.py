"""captools packets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TextIO

import click

from captools.cli.common import Asked, Shown, format_options, source_options, write_parquet
from captools.model.errors import UsageError
from captools.store.atomic import replacing

if TYPE_CHECKING:
    import pyarrow as pa

    from captools.model.analysis import Analysis

SHOWN = ("point", "frame", "time", "src", "sport", "dst", "dport", "proto", "ttl", "tunnel", "vni", "outer_src",
         "outer_dst", "tcp_flags", "payload_len", "decode_stop")  # fmt: skip


@click.command(
    "packets",
    epilog="Example: captools packets eth1.pcap -Y 'vxlan && ip.addr == 172.20.0.0/16' -e frame.number -e ip.src",
)
@source_options
@format_options
@click.option("-c", "--count", type=click.IntRange(min=0), help="Print at most this many rows.")
@click.option("-Y", "--filter", "display_filter", metavar="FILTER", help="Only packets that pass (Wireshark's syntax).")
@click.option(
    "-e", "fields", multiple=True, metavar="FIELD", help="Print this field only (repeatable): ip.src, or src."
)
@click.option("--deep", is_flag=True, help="Let tshark itself apply -Y: every field it knows, but slower.")
def command(
    asked: Asked,
    shown: Shown,
    count: int | None,
    display_filter: str | None,
    fields: tuple[str, ...],
    deep: bool,
) -> None:
    """Print the packet table: one row per packet and point, the innermost headers in plain columns.

    With -e, a field that a packet holds several times (in the outer and the inner header) gives all its values,
    outermost first, with a comma between them (in JSON: a list).
    """
    from captools.views.frame import readable

    form, output = shown.form, shown.output
    judge = _judge(display_filter, fields, deep, asked.tunnel_port)
    analysis = asked.load()
    keep = judge(analysis)
    keep = keep if count is None else keep[:count]
    if fields:
        from captools.cli.rows import emit_rows
        from captools.views.filter.chosen import chosen

        table = chosen(analysis.packets, analysis.http, tuple(dict.fromkeys(fields)), keep)
        emit_rows(table, form, output, key="packets", value=_single)
        return
    packets = analysis.packets if len(keep) == len(analysis.packets) else _rows(analysis.packets, keep)
    if form == "parquet":
        write_parquet(readable(packets), output)
    elif output:
        with replacing(output) as place, place.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            _write(packets, form, stream)
    else:
        _write(packets, form, sys.stdout)


def _rows(packets: pa.Table, keep: Sequence[int]) -> pa.Table:
    import pyarrow as pa

    return packets.take(pa.array(keep, pa.int64()))


def _single(value: object) -> object:
    """Return a value for JSON: a list of one is that one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _judge(
    text: str | None, fields: tuple[str, ...], deep: bool, ports: tuple[int, ...]
) -> Callable[[Analysis], Sequence[int]]:
    """Understand -Y and -e before anything is read; return what gives the numbers of the rows that pass."""
    from captools.views.filter import compile_filter
    from captools.views.filter.chosen import field_called

    for name in fields:
        field_called(name)
    if text is None:
        if deep:
            raise UsageError("--deep is about -Y, which was not given", hint="add -Y FILTER")
        return lambda analysis: range(len(analysis.packets))
    if not deep:
        judged = compile_filter(text)
        return lambda analysis: judged.mask(analysis.packets, analysis.http).to_numpy(False).nonzero()[0].tolist()
    from captools.deep.display_filter import check_filter

    check_filter(text)
    return lambda analysis: _by_tshark(analysis, text, ports)


def _by_tshark(analysis: Analysis, text: str, ports: tuple[int, ...]) -> Sequence[int]:
    """Return the rows whose frames tshark lets pass, file by file."""
    import numpy as np

    from captools.deep.display_filter import frames_by_tshark

    frames = analysis.packets["frame"].to_numpy()
    names = analysis.packets["source"].cast("string").to_numpy()
    passed = np.zeros(len(frames), np.bool_)
    for source in analysis.sources:
        if source.packets:
            found = frames_by_tshark(source.path, text, vxlan_ports=(*analysis.tunnel_ports, *ports))
            passed |= (names == source.name) & np.isin(frames, found)
    rows: Sequence[int] = np.flatnonzero(passed).tolist()
    return rows


def _write(packets: pa.Table, form: str, stream: TextIO) -> None:
    from captools.views.frame import spoken, to_pandas
    from captools.views.text import json_text, safe, table

    if form == "json":
        stream.write(json_text({"schema": 1, "packets": list(spoken(packets))}) + "\n")
    elif form == "ndjson":
        stream.writelines(json_text(row) + "\n" for row in spoken(packets))
    elif form == "csv":
        frame = to_pandas(packets)
        for name in ("source", "point"):  # the only words in it that a file name brings in
            frame[name] = frame[name].astype(object).map(safe)
        frame.to_csv(stream, index=False)
    else:
        frame = to_pandas(packets)
        columns = [frame[name].astype(object).where(frame[name].notna(), None) for name in SHOWN]
        stream.write(table(SHOWN, list(zip(*columns, strict=True))) + "\n")
