"""captools diff."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from captools.cli.common import Asked, Shown, format_options, source_options
from captools.model.errors import UsageError

if TYPE_CHECKING:
    from captools.model.analysis import Analysis


@click.command("diff", epilog="Example: captools diff sessions/without-encryption sessions/with-encryption")
@source_options
@format_options
@click.option("--all", "everything", is_flag=True, help="Tell also what is the same in both.")
def command(
    asked: Asked,
    shown: Shown,
    everything: bool,
) -> None:
    """Hold session B against session A: findings, conversations and requests that are new, gone, slower or larger.

    Conversations are matched by the names of their ends and the service's port. A difference that the clocks' error or
    chance explains is called none.
    """
    from captools.views.diff.compare import compare
    from captools.views.diff.text import as_text

    if len(asked.sources) != 2:
        raise UsageError(
            f"two sessions are compared, {len(asked.sources)} given",
            hint="write captools diff A B; put several files of one session into a folder",
        )
    diff = compare(*(_one(asked, source) for source in asked.sources))
    document = diff.to_json()
    shown.emit(document, document["paths"]["both"], lambda: as_text(diff, everything=everything))


def _one(asked: Asked, source: str) -> Analysis:
    from dataclasses import replace

    return replace(asked, sources=(source,)).load()
