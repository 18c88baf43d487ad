"""captools encryption."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from captools.cli.common import Asked, Shown, fail_on, format_options, source_options
from captools.cli.keys import wireguard_keys as wireguard_keys_option

if TYPE_CHECKING:
    from captools.deep.keys import Keys
    from captools.deep.unsealed import Unsealed
    from captools.model.analysis import Analysis

_DATA = 4  # WireGuard's type of message that carries packets


@click.command("encryption", epilog="Example: captools encryption captures/sessions/20261120T101500Z --fail-on leaking")
@source_options
@format_options
@click.option(
    "--fail-on", "fail", type=click.Choice(["leaking", "unknown"]), help="Exit with 1 on that verdict or worse."
)
@wireguard_keys_option
@click.pass_context
def command(
    ctx: click.Context,
    asked: Asked,
    shown: Shown,
    fail: str | None,
    wireguard_keys: str,
) -> None:
    """Tell what WireGuard carried between nodes, what crossed in the clear, and what could not be seen.

    With --wireguard-keys also what tshark finds inside: the proof of what sizes and times suggest.
    """
    from captools.deep.keys import Keys
    from captools.views import documents
    from captools.views.encryption import as_text, unsealed_text

    keys = Keys(wireguard=wireguard_keys)
    keys.check()
    analysis = asked.load()
    document = documents.encryption(analysis)
    opened = _unsealed(analysis, keys) if keys else []
    if keys:
        document["unsealed"] = [one.to_json() for one in opened]
    shown.emit(document, document["pairs"], lambda: "\n".join([as_text(analysis), *unsealed_text(document)]))
    bad = {"leaking": ("leaking",), "unknown": ("leaking", "unknown", "not-encrypted")}.get(fail or "", ())
    fail_on(ctx, analysis.encryption.verdict.value in bad)


def _unsealed(analysis: Analysis, keys: Keys) -> list[Unsealed]:
    """Open the WireGuard data of every capture file that holds some."""
    import pyarrow.compute as pc

    from captools.deep.unsealed import unsealed

    packets = analysis.packets
    holding = set(packets.filter(pc.fill_null(pc.equal(packets["wg_type"], _DATA), False))["source"].to_pylist())
    paths = [one.path for one in analysis.sources if one.name in holding and not one.text]
    return [unsealed(path, keys, vxlan_ports=analysis.tunnel_ports) for path in paths]
