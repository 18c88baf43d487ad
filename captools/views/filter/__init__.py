"""Wireshark display filters over the packet table, without Wireshark."""

from captools.views.filter.compile import Filter, compile_filter
from captools.views.filter.errors import FilterError
from captools.views.filter.fields import FIELDS, completions
from captools.views.filter.tables import Tables

__all__ = ["FIELDS", "Filter", "FilterError", "Tables", "compile_filter", "completions"]
