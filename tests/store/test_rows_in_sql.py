"""Small and large sources in one SQL table."""

from __future__ import annotations

import pytest

from captools.pipeline import open_session
from captools.store.rows_in_sql import packets
from captools.store.sql import View, query
from captures import case
from captures.generate import generate

FOLDER = case("s8-ingress-dedicated-snat").folder


def test_small_sources_are_one_table_in_memory():
    session = open_session([FOLDER])
    assert len(packets(session.opened)) == sum(source.packets for source in session.sources)


@pytest.mark.slow
def test_a_large_source_stays_on_disk_beside_a_small_one(tmp_path, own_cache):
    import tests.wire.equality  # noqa: F401 - the kernels are compiled in their usual folder

    path = tmp_path / "k8s-w1__eth1.pcap"
    path.write_bytes(b"".join(generate(packets=160_000, seed=1)))
    small = next(FOLDER.glob("*ctr*eth1.pcap*"))
    session = open_session([path, small])
    found = packets(session.opened)
    assert isinstance(found, View) and found.folders
    text = "select point, count(*) as n, max(frame) as last from packets group by point order by n desc"
    rows = query({"packets": lambda: found}, text).to_pylist()
    assert rows[0] == {"point": "k8s-w1/eth1", "n": 160_000, "last": 160_000}
    assert rows[1]["n"] == rows[1]["last"] == session.sources[1].packets
