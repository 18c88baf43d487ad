"""What SQL sees of an entry is what the packet table says."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_sql_and_the_packet_table_say_the_same_of_every_packet(entry, naming):
    from captools.store.cache.relation import relation
    from captools.store.sql import query
    from captools.views.frame import packets_table
    from tests.wire.equality import plain

    found = query({"packets": lambda: relation(entry, naming, "part0")}, "select * from packets order by frame")
    wanted = plain(packets_table(entry.table(naming)))
    assert found.column_names == wanted.column_names
    for name in wanted.column_names:
        assert found[name].to_pylist() == wanted[name].to_pylist(), name


def test_a_query_reaches_no_file_but_the_entrys(entry, naming, tmp_path):
    from captools.model.errors import UsageError
    from captools.store.cache.relation import relation
    from captools.store.sql import query

    secret = tmp_path / "secret.csv"
    secret.write_text("word\nhush\n", "utf-8")
    with pytest.raises(UsageError, match="file system operations are disabled"):
        query({"packets": lambda: relation(entry, naming, "p")}, f"select * from packets, read_csv('{secret}')")
