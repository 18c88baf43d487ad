"""Wireshark display filters over the packet table, without Wireshark.

The parts load when they are asked for: a page of packets without a filter needs no grammar.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from captools.views.filter.compile import Filter, compile_filter
    from captools.views.filter.errors import FilterError
    from captools.views.filter.fields import FIELDS, completions
    from captools.views.filter.tables import Tables

__all__ = ["FIELDS", "Filter", "FilterError", "Tables", "compile_filter", "completions"]
_HOMES = {"FIELDS": "fields", "Filter": "compile", "FilterError": "errors", "Tables": "tables",
          "compile_filter": "compile", "completions": "fields"}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
