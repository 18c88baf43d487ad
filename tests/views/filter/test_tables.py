"""The tables a filter is asked of."""

from __future__ import annotations

from captools.model.packets import DNS
from captools.views.filter.tables import Tables
from tests.sample import analysis


def test_an_analysis_gives_all_four():
    found = analysis()
    tables = Tables.of(found)
    assert (tables.packets, tables.http, tables.tls, tables.dns) == (found.packets, found.http, found.tls, found.dns)


def test_a_table_without_rows_is_as_none(packets, tls):
    tables = Tables(packets=packets, tls=tls, dns=DNS.empty_table())
    assert tables.payloads("tls") is tls
    assert tables.payloads("dns") is None and tables.payloads("http") is None
