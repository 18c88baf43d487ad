"""captools packets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from captools.cli.common import Asked, Shown, format_options, source_options
from captools.cli.fields import print_fields
from captools.cli.keys import key_options
from captools.model.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from captools.cli.follow import Wanted
    from captools.cli.pages import Judge, Page
    from captools.deep.keys import Keys

SHOWN = ("point", "frame", "time", "src", "sport", "dst", "dport", "proto", "ttl", "tunnel", "vni", "outer_src",
         "outer_dst", "tcp_flags", "payload_len", "decode_stop")  # fmt: skip


@click.command(
    "packets",
    epilog="Example: captools packets eth1.pcap -Y 'vxlan && ip.addr == 172.20.0.0/16' -e frame.number -e ip.src",
)
@source_options
@format_options
@click.option("-c", "--count", type=click.IntRange(min=0), help="Print the first rows only, this many.")
@click.option(
    "-Y",
    "--filter",
    "display_filter",
    metavar="FILTER",
    help="Only packets that pass a display filter, as in Wireshark: tcp.port == 80 && !vxlan.",
)
@click.option(
    "-e",
    "fields",
    multiple=True,
    metavar="FIELD",
    help="Print this field instead of the usual columns; repeat it for more. Wireshark's name (ip.src) or ours (src).",
)
@click.option(
    "--fields",
    "listed",
    metavar="BEGINNING",
    is_eager=True,
    expose_value=False,
    callback=print_fields,
    help='List the fields for -Y and -e that begin so, and stop ("" for all): --fields tcp.',
)
@click.option("--follow", is_flag=True, help="Print rows as a file or session grows, or from a pipe, until Ctrl-C.")
@click.option("--deep", is_flag=True, help="Let tshark apply -Y: it knows every field of Wireshark, and is slower.")
@key_options
def command(
    asked: Asked,
    shown: Shown,
    count: int | None,
    display_filter: str | None,
    fields: tuple[str, ...],
    follow: bool,
    deep: bool,
    keys: Keys,
) -> None:
    """Print packets: one row for each packet at each observation point.

    A packet in a tunnel is shown by what it carries (src, dst, ports: the innermost headers); outer_src, outer_dst and
    vni tell of the tunnel. The table shows the most useful columns, the other formats have all of them.

    With -e, a field that a packet holds several times (in the outer and the inner header) gives all its values,
    outermost first, with a comma between them (in JSON: a list).

    With --follow, SOURCE is one capture file that is still being written, or - for a pipe (tcpdump -U -w - | captools
    packets - --follow), or a session that is still being captured: then the packets of all its points come as one list.
    """
    names = tuple(dict.fromkeys(fields))
    if keys and not deep:
        raise UsageError("key files are for tshark, which was not asked", hint="add --deep and -Y FILTER")
    if follow:
        _follow(asked, shown, count, display_filter, names, deep)
        return
    from captools.cli.pages import pages
    from captools.cli.rows import emit_rows

    judge = _judge(display_filter, deep, keys)
    print_, asked_tables = _printer(names)

    found: Iterator[Page] = pages(asked.open(), judge, asked_tables, count)
    tables = (print_(page) for page in found)
    if names:
        emit_rows(tables, shown.form, shown.output, key="packets", value=_single)
    else:
        emit_rows(tables, shown.form, shown.output, key="packets", shown=SHOWN)


def _follow(
    asked: Asked, shown: Shown, count: int | None, display_filter: str | None, names: tuple[str, ...], deep: bool
) -> None:
    from captools.cli.follow import check, follow

    check(shown, deep=deep)
    follow(asked, shown, wanted_rows(fields=names, display_filter=display_filter, count=count))


def wanted_rows(*, fields: tuple[str, ...] = (), display_filter: str | None = None, count: int | None = None) -> Wanted:
    """Return which rows of a growing capture are printed, and how; UsageError for a wrong field."""
    from captools.cli.follow import Wanted

    page, tables = _printer(fields)
    columns, value = ((), _single) if fields else (SHOWN, _as_it_is)
    return Wanted(count=count, display_filter=display_filter, page=page, tables=tables, columns=columns, value=value)


def _printer(names: tuple[str, ...]) -> tuple[Callable[[Page], pa.Table], frozenset[str]]:
    """Return what makes a page's rows readable, and which tables of payloads it needs; UsageError for a wrong -e."""
    if names:
        from captools.views.filter.chosen import chosen, tables_of

        return lambda page: chosen(page.tables, names, page.keep), tables_of(names)

    from captools.views.frame import packets_table

    def whole(page: Page) -> pa.Table:
        packets = page.tables.packets
        return packets_table(packets if len(page.keep) == len(packets) else packets.take(page.keep))

    return whole, frozenset()


def _single(value: object) -> object:
    """Return a value for JSON: a list of one is that one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _as_it_is(value: object) -> object:
    return value


def _judge(text: str | None, deep: bool, keys: Keys) -> Judge:
    """Understand -Y before anything is read; return what chooses the rows that pass."""
    from captools.cli.pages import ByFilter, ByTshark, Everything

    if text is None:
        if deep:
            raise UsageError("--deep is about -Y, which was not given", hint="add -Y FILTER")
        return Everything()
    if not deep:
        from captools.views.filter import compile_filter

        return ByFilter(compile_filter(text))
    from captools.deep.display_filter import check_filter

    check_filter(text)
    return ByTshark(text, keys)
