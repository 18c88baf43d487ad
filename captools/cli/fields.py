"""``captools packets --fields``: which fields -Y and -e know, and what they mean."""

from __future__ import annotations

import click


def print_fields(ctx: click.Context, option: click.Parameter, beginning: str | None) -> None:
    """Print the fields whose names begin like ``beginning`` and end the command; no capture is read."""
    if beginning is None or ctx.resilient_parsing:
        return
    from captools.model.errors import UsageError
    from captools.views.filter.errors import ASK_TSHARK
    from captools.views.filter.fields import FIELDS, OURS
    from captools.views.filter.operands import unknown
    from captools.views.text import safe, table

    found = [field for name, field in sorted(FIELDS.items()) if name.removeprefix(OURS).startswith(beginning)]
    found = found or [field for name, field in sorted(FIELDS.items()) if name.startswith(beginning)]
    if not found:
        _, hint = unknown(beginning)
        raise UsageError(f"no field begins with {safe(beginning)}", hint=hint or ASK_TSHARK)
    rows = [(field.name.removeprefix(OURS), field.kind.value, field.description) for field in found]
    click.echo(table(("field", "holds", "means"), rows))
    ctx.exit()
