"""captools paths."""

from __future__ import annotations

import click

from captools.cli.common import Asked, Shown, format_options, source_options


@click.command("paths", epilog="Example: captools paths k8s-w1/eth1=w1.pcap router/any=router.pcap")
@source_options
@format_options
@click.option("--brief", is_flag=True, help="One line for each flow, without its hops.")
def command(
    asked: Asked,
    shown: Shown,
    brief: bool,
) -> None:
    """Follow every flow over the observation points: what changed at each hop, how long it took, how it ended."""
    from captools.views import documents, tables
    from captools.views.text import safe, table

    analysis = asked.load()

    def text() -> str:
        if not analysis.paths:
            return "No TCP, UDP, SCTP or ICMP echo conversation in these captures; `captools info` shows what is there."
        if brief:
            return table(tables.FLOWS, tables.flows(analysis))
        return "\n\n".join(
            "\n".join(safe(line) for line in tables.ladder(analysis, path)) for path in tables.worst_first(analysis)
        )

    document = documents.paths(analysis)
    shown.emit(document, document["paths"], text)
