"""Times and sizes as people type them. Pure."""

from __future__ import annotations

import re

from captools.model.errors import UsageError

_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_BYTES = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
MAX_SECONDS = 366 * 24 * 3600
MAX_BYTES = 1 << 40


def seconds(text: str) -> float:
    """Return ``30s``, ``5m``, ``1h``, ``500ms`` or plain seconds as seconds; UsageError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|)", text.strip(), re.IGNORECASE)
    value = float(found[1]) * _SECONDS[found[2].lower()] if found else 0.0
    if not 0 < value <= MAX_SECONDS:
        raise UsageError(f"{text!r} is not a length of time", hint="write 30s, 5m or 1h")
    return value


def byte_count(text: str) -> int:
    """Return ``256MiB``, ``64M``, ``1GiB`` or plain bytes as bytes; UsageError for anything else.

    ``M``, ``MB`` and ``MiB`` all mean 1,048,576 bytes: rings are counted in powers of two.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?", text.strip(), re.IGNORECASE)
    value = int(float(found[1]) * _BYTES[found[2].lower()]) if found else 0
    if not 0 < value <= MAX_BYTES:
        raise UsageError(f"{text!r} is not a size", hint="write 256MiB or 1GiB")
    return value


def shown_bytes(count: int) -> str:
    """Return bytes as people write them: ``512 MiB``, ``1.5 GiB``."""
    value, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{value:.1f}".removesuffix(".0") + f" {unit}"


def shown_seconds(value: float) -> str:
    """Return a length of time as ``seconds`` takes it: ``10m``, ``90s``, ``1.5h``."""
    for unit, length in (("h", 3600), ("m", 60)):
        if value >= length and value % (length / 2) == 0:
            return f"{value / length:g}{unit}"
    return f"{value:g}s"
