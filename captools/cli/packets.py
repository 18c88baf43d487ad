"""captools packets."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

import click

from captools.cli.common import format_options, load, source_options
from captools.model.errors import UsageError

SHOWN = ("point", "frame", "time", "src", "sport", "dst", "dport", "proto", "ttl", "tunnel", "vni", "outer_src",
         "outer_dst", "tcp_flags", "payload_len", "decode_stop")  # fmt: skip


@click.command("packets", epilog="Example: captools packets eth1.pcap --format parquet -o eth1.parquet")
@source_options
@format_options
@click.option("-c", "--count", type=int, help="Print at most this many rows.")
def command(
    sources: tuple[str, ...],
    inventory: tuple[str, ...],
    expect_encryption: bool,
    tunnel_port: tuple[int, ...],
    form: str,
    as_json: bool,
    output: str | None,
    count: int | None,
) -> None:
    """Print the packet table: one row per packet and point, the innermost headers in plain columns."""
    from captools.views.frame import readable, to_pandas
    from captools.views.text import table

    packets = load(sources, inventory, expect_encryption, tunnel_port).packets
    packets = packets if count is None else packets.slice(0, count)
    form = "json" if as_json else form
    if form == "parquet":
        import pyarrow.parquet as pq

        if not output:
            raise UsageError("parquet needs a file", hint="add -o FILE.parquet")
        pq.write_table(readable(packets), output, compression="zstd")
        return
    with _opened(output) as stream:
        if form == "csv":
            to_pandas(packets).to_csv(stream, index=False)
        elif form == "json":
            stream.write(json.dumps({"schema": 1, "packets": readable(packets).to_pylist()}) + "\n")
        elif form == "ndjson":
            stream.writelines(json.dumps(row) + "\n" for row in readable(packets).to_pylist())
        else:
            frame = to_pandas(packets)
            columns = [frame[name].astype(object).where(frame[name].notna(), None) for name in SHOWN]
            stream.write(table(SHOWN, list(zip(*columns, strict=True))) + "\n")


def _opened(output: str | None) -> AbstractContextManager[TextIO]:
    return open(output, "w", encoding="utf-8", newline="") if output else nullcontext(sys.stdout)
